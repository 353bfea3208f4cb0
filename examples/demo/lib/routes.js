// @ts-check
/**
 * Rate, errors and quantiles by route, from two scrapes of `/metrics` as a Prometheus server would compute them.
 * Invariant: only what the exposition says goes in; the demo never counts its own requests here.
 */
import { addUp, quantile } from './quantile.js'

/**
 * @typedef {import('./open-metrics.js').Sample} Sample
 * @typedef {object} RouteRow
 * @property {string} service
 * @property {string} route method and template, `GET /orders/:id`
 * @property {number} count
 * @property {number} perSecond
 * @property {number} errorRatio 0 to 1
 * @property {number} p50Ms
 * @property {number} p99Ms
 */

/** Every request of a service, by route. */
const DURATION = 'http_server_request_duration_seconds'

/**
 * One row for each route that was asked for between the scrapes, busiest first.
 * @param {string} service
 * @param {readonly Sample[]} before
 * @param {readonly Sample[]} after
 * @param {number} seconds in which these requests came
 * @returns {RouteRow[]}
 */
export function routeRows(service, before, after, seconds) {
  const earlier = new Map(before.map((sample) => [identity(sample), sample.value]))
  /** @type {Map<string, { count: number, errors: number, buckets: { upperBound: number, count: number }[] }>} */
  const routes = new Map()
  for (const sample of after) {
    if (!sample.name.startsWith(`${DURATION}_`)) continue
    const increase = sample.value - (earlier.get(identity(sample)) ?? 0)
    const { http_request_method: method, http_route: route, error_type: errorType, le } = sample.labels
    const key = `${method} ${route}`
    const row = routes.get(key) ?? { count: 0, errors: 0, buckets: [] }
    routes.set(key, row)
    if (sample.name === `${DURATION}_count`) {
      row.count += increase
      // Set on what failed on the server's side, and left empty by what a client got wrong (404).
      if ((errorType ?? '') !== '') row.errors += increase
    } else if (sample.name === `${DURATION}_bucket`) {
      row.buckets.push({ upperBound: boundOf(le), count: increase })
    }
  }
  return [...routes]
    .filter(([, { count }]) => count > 0)
    .sort(([, a], [, b]) => b.count - a.count)
    .map(([route, { count, errors, buckets }]) => {
      const all = addUp(buckets)
      return {
        service,
        route,
        count,
        perSecond: count / seconds,
        errorRatio: errors / count,
        p50Ms: quantile(0.5, all) * 1_000,
        p99Ms: quantile(0.99, all) * 1_000,
      }
    })
}

/** All requests a service has counted since it started. @param {readonly Sample[]} samples */
export function requestsCounted(samples) {
  return samples
    .filter(({ name }) => name === `${DURATION}_count`)
    .reduce((total, { value }) => total + value, 0)
}

/** @param {string | undefined} le */
function boundOf(le) {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
}

/** @param {Sample} sample */
function identity({ name, labels }) {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([name, pairs])
}
