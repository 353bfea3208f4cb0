// @ts-check
/**
 * The one question of the demo: is there a failing request that all three signals tell, over both services?
 * Invariant: every part of the answer comes from what left the services: OTLP bytes, `/metrics`, stdout.
 */
import { isAccessLine, timeOf } from './log-line.js'

/**
 * @typedef {import('./otlp-spans.js').ReceivedSpan} ReceivedSpan
 * @typedef {import('./open-metrics.js').Sample} Sample
 * @typedef {import('./log-line.js').LogLine} LogLine
 * @typedef {{ service: string, sample: Sample }} ExemplarOf
 * @typedef {object} Outputs
 * @property {readonly string[]} services whose lines are asked for
 * @property {readonly ReceivedSpan[] | undefined} spans `undefined` when they went to someone else's endpoint
 * @property {ReadonlyMap<string, readonly Sample[]>} metrics the last scrape, by service
 * @property {readonly LogLine[]} logs
 * @typedef {object} Evidence
 * @property {string | undefined} traceId of the failing request that shows most; `undefined` when none failed
 * @property {readonly ReceivedSpan[]} spans
 * @property {ExemplarOf | undefined} exemplar
 * @property {readonly LogLine[]} logs in the order they were written
 * @property {readonly string[]} missing what `--once` asks for and did not get, each as a sentence; empty when all is there
 */

const MIN_SPANS = 3
const SERVER_DURATION_BUCKET = 'http_server_request_duration_seconds_bucket'

/**
 * Chooses the failing trace that shows most, and says what even this one lacks.
 * @param {Outputs} outputs
 * @returns {Evidence}
 */
export function findEvidence(outputs) {
  const exemplars = exemplarsByTrace(outputs.metrics)
  const spansByTrace = groupBy(outputs.spans ?? [], ({ traceId }) => traceId)
  const logsByTrace = groupBy(outputs.logs, ({ traceId }) => traceId)
  /** @type {Evidence | undefined} */
  let best
  for (const traceId of failedTraces(outputs)) {
    const spans = spansByTrace.get(traceId) ?? []
    const exemplar = exemplars.get(traceId)
    const logs = (logsByTrace.get(traceId) ?? []).toSorted((a, b) => timeOf(a) - timeOf(b))
    const missing = missingOf({ spans, exemplar, logs }, outputs)
    const found = { traceId, spans, exemplar, logs, missing }
    if (best === undefined || compare(found, best, outputs.services) <= 0) best = found
  }
  if (best !== undefined) return best
  const seen =
    outputs.spans === undefined ? 'no request failed' : `none of ${spansByTrace.size} traces has failed`
  return {
    traceId: undefined,
    spans: [],
    exemplar: undefined,
    logs: [],
    missing: [`a failing trace: ${seen}`],
  }
}

/**
 * Below 0 where `a` shows more: nothing missing, then an exemplar of the caller, then more spans, then more lines. Of
 * equals the later one is taken, because the first requests of a process are slow.
 * @param {Evidence} a @param {Evidence} b @param {readonly string[]} services
 */
function compare(a, b, services) {
  const place = (/** @type {Evidence} */ { exemplar }) =>
    exemplar === undefined ? services.length : services.indexOf(exemplar.service)
  return (
    a.missing.length - b.missing.length ||
    place(a) - place(b) ||
    b.spans.length - a.spans.length ||
    b.logs.length - a.logs.length
  )
}

/**
 * @param {Pick<Evidence, 'spans' | 'exemplar' | 'logs'>} found
 * @param {Outputs} outputs
 */
function missingOf({ spans, exemplar, logs }, { spans: received, services }) {
  const missing = []
  if (received !== undefined) {
    const seen = [...new Set(spans.map(({ service }) => service))]
    if (seen.length < 2) missing.push(`spans of two services: there are some of ${seen.join(', ') || 'none'}`)
    if (spans.length < MIN_SPANS) missing.push(`at least ${MIN_SPANS} spans: there are ${spans.length}`)
  }
  if (exemplar === undefined) missing.push('an exemplar: no bucket on /metrics names the trace')
  const silent = services.filter((name) => !logs.some(({ service }) => service === name))
  if (silent.length > 0)
    missing.push(`log lines in both services: ${silent.join(' and ')} wrote none with the trace id`)
  return missing
}

/**
 * Traces with a failed span; where the spans went elsewhere, those whose access line says so.
 * @param {Outputs} outputs
 * @returns {ReadonlySet<string>}
 */
function failedTraces({ spans, logs }) {
  if (spans !== undefined) return new Set(spans.filter(({ failed }) => failed).map(({ traceId }) => traceId))
  const failed = logs.filter((line) => isAccessLine(line) && Number(line.fields['status']) >= 500)
  return new Set(failed.map(({ traceId }) => traceId).filter((traceId) => traceId !== undefined))
}

/**
 * One exemplar for each trace: that of the first service in the list, because the caller comes first.
 * @param {Outputs['metrics']} metrics
 */
function exemplarsByTrace(metrics) {
  /** @type {Map<string, ExemplarOf>} */
  const exemplars = new Map()
  for (const [service, samples] of metrics) {
    for (const sample of samples) {
      const traceId = sample.exemplar?.labels['trace_id']
      if (sample.name !== SERVER_DURATION_BUCKET || traceId === undefined || exemplars.has(traceId)) continue
      exemplars.set(traceId, { service, sample })
    }
  }
  return exemplars
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => string | undefined} keyOf items without a key are left out
 * @returns {Map<string, T[]>}
 */
function groupBy(items, keyOf) {
  /** @type {Map<string, T[]>} */
  const groups = new Map()
  for (const item of items) {
    const key = keyOf(item)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}
