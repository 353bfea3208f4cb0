import { describe, expect, it } from 'vitest'
import { findEvidence } from './evidence.js'
import { parseLogLine } from './log-line.js'
import { parseOpenMetrics } from './open-metrics.js'
import { FAILING_TRACE, receivedSpan } from './received-span.fixture.js'

const TRACE = 'a'.repeat(32)
const services = ['gateway', 'orders']

/** @param {string} traceId @param {string} [name] */
function scrape(traceId, name = 'http_server_request_duration_seconds_bucket') {
  return parseOpenMetrics(`${name}{error_type="500",le="1"} 1 # {trace_id="${traceId}"} 0.5\n# EOF\n`)
}

/** @param {string} service @param {string} traceId @param {number} time @param {Record<string, unknown>} [fields] */
function log(service, traceId, time, fields) {
  const line = parseLogLine(service, JSON.stringify({ level: 50, time, trace_id: traceId, ...fields }))
  if (line === undefined) throw new Error('not parsed')
  return line
}

const complete = {
  services,
  spans: FAILING_TRACE,
  metrics: new Map([
    ['gateway', scrape(TRACE)],
    ['orders', scrape(TRACE)],
  ]),
  logs: [log('gateway', TRACE, 2), log('orders', TRACE, 1), log('orders', 'b'.repeat(32), 0)],
}

describe('findEvidence', () => {
  it('finds nothing missing where one failing trace is told by all three signals', () => {
    const evidence = findEvidence(complete)
    expect(evidence.missing).toEqual([])
    expect(evidence.traceId).toBe(TRACE)
    expect(evidence.spans).toHaveLength(5)
    expect(evidence.exemplar?.service).toBe('gateway')
    expect(evidence.logs.map(({ service }) => service)).toEqual(['orders', 'gateway'])
  })

  it('misses a failing trace where none failed', () => {
    const spans = FAILING_TRACE.map((span) => ({ ...span, failed: false }))
    expect(findEvidence({ ...complete, spans }).missing).toEqual([
      'a failing trace: none of 1 traces has failed',
    ])
    expect(findEvidence({ ...complete, spans: [] }).missing).toEqual([
      'a failing trace: none of 0 traces has failed',
    ])
  })

  it('misses the second service', () => {
    const spans = FAILING_TRACE.map((span) => ({ ...span, service: 'gateway' }))
    expect(findEvidence({ ...complete, spans }).missing).toEqual([
      'spans of two services: there are some of gateway',
    ])
  })

  it('misses the third span', () => {
    const spans = FAILING_TRACE.slice(2, 4)
    expect(findEvidence({ ...complete, spans }).missing).toEqual(['at least 3 spans: there are 2'])
  })

  it('misses an exemplar of this trace, not of another, and not of another metric', () => {
    const why = ['an exemplar: no bucket on /metrics names the trace']
    const other = new Map([['gateway', scrape('b'.repeat(32))]])
    expect(findEvidence({ ...complete, metrics: other }).missing).toEqual(why)
    const client = new Map([['gateway', scrape(TRACE, 'http_client_request_duration_seconds_bucket')]])
    expect(findEvidence({ ...complete, metrics: client }).missing).toEqual(why)
  })

  it('misses log lines of one service, or of both', () => {
    expect(findEvidence({ ...complete, logs: [log('gateway', TRACE, 1)] }).missing).toEqual([
      'log lines in both services: orders wrote none with the trace id',
    ])
    expect(findEvidence({ ...complete, logs: [] }).missing).toEqual([
      'log lines in both services: gateway and orders wrote none with the trace id',
    ])
  })

  it('chooses the failing trace that shows most', () => {
    const lone = receivedSpan({ spanId: 'z', traceId: 'c'.repeat(32), failed: true })
    expect(findEvidence({ ...complete, spans: [lone, ...FAILING_TRACE] }).traceId).toBe(TRACE)
  })

  it('prefers the trace of which the caller has the exemplar, and of equals the later one', () => {
    const other = 'd'.repeat(32)
    const spans = [...FAILING_TRACE, ...FAILING_TRACE.map((span) => ({ ...span, traceId: other }))]
    const logs = services.flatMap((service) => [log(service, TRACE, 1), log(service, other, 1)])
    const metrics = (/** @type {string} */ gateway, /** @type {string} */ orders) =>
      new Map([
        ['gateway', scrape(gateway)],
        ['orders', scrape(orders)],
      ])
    expect(findEvidence({ services, spans, logs, metrics: metrics(TRACE, other) }).traceId).toBe(TRACE)
    expect(findEvidence({ services, spans, logs, metrics: metrics(other, TRACE) }).traceId).toBe(other)
    expect(findEvidence({ services, spans, logs, metrics: new Map() }).traceId).toBe(other)
  })

  it('asks nothing of the spans where they went elsewhere, and finds the trace by its access line', () => {
    const logs = [
      log('gateway', TRACE, 1, { method: 'GET', status: 502, duration_ms: 3 }),
      log('orders', TRACE, 2),
    ]
    const elsewhere = { ...complete, spans: undefined, logs }
    expect(findEvidence(elsewhere).traceId).toBe(TRACE)
    expect(findEvidence(elsewhere).missing).toEqual([])
    expect(findEvidence({ ...elsewhere, metrics: new Map() }).missing).toEqual([
      'an exemplar: no bucket on /metrics names the trace',
    ])
    expect(findEvidence({ ...elsewhere, logs: [] }).missing).toEqual(['a failing trace: no request failed'])
  })
})
