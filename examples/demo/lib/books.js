// @ts-check
/**
 * Each request leaves one observation, one server span and one access line. Counting all three shows that none was lost
 * on the way out.
 */
import { isAccessLine } from './log-line.js'
import { requestsCounted } from './routes.js'

/**
 * @typedef {object} Book
 * @property {string} service
 * @property {number} observations on `/metrics`
 * @property {number | undefined} serverSpans received; `undefined` when they went to someone else's endpoint
 * @property {number} accessLines on stdout
 */

/**
 * One book for each service that was scraped.
 * @param {Pick<import('./evidence.js').Outputs, 'spans' | 'metrics' | 'logs'>} outputs
 * @returns {Book[]}
 */
export function booksOf({ spans, metrics, logs }) {
  return [...metrics].map(([service, samples]) => ({
    service,
    observations: requestsCounted(samples),
    serverSpans: spans?.filter((span) => span.service === service && span.kind === 'server').length,
    accessLines: logs.filter((line) => line.service === service && isAccessLine(line)).length,
  }))
}

/** Whether every request was seen three times. @param {readonly Book[]} books */
export function booksBalance(books) {
  return books.every(
    ({ observations, serverSpans, accessLines }) =>
      observations === accessLines && (serverSpans ?? observations) === observations,
  )
}
