import { describe, expect, it } from 'vitest'
import { findEvidence } from './evidence.js'
import { parseLogLine } from './log-line.js'
import { parseOpenMetrics } from './open-metrics.js'
import { createPaint, ServiceColours } from './paint.js'
import { FAILING_TRACE } from './received-span.fixture.js'
import {
  booksReport,
  noticesReport,
  ownMetricsReport,
  requestReport,
  routesReport,
  verdict,
} from './report.js'

const TRACE = 'a'.repeat(32)
const paint = createPaint(false)
const canvas = { width: 98, paint, colours: new ServiceColours(paint) }
const services = ['gateway', 'orders']

/** @param {string} service @param {Record<string, unknown>} fields */
function log(service, fields) {
  const line = parseLogLine(service, JSON.stringify({ level: 40, time: 0, trace_id: TRACE, ...fields }))
  if (line === undefined) throw new Error('not parsed')
  return line
}

const bucket = `http_server_request_duration_seconds_bucket{http_route="/orders/:id",error_type="502",le="1"} 2 # {trace_id="${TRACE}"} 0.1`
const metrics = new Map([
  ['gateway', parseOpenMetrics(`${bucket}\n# EOF\n`)],
  ['orders', parseOpenMetrics('shop_orders_total{a="b c"} 7 # {trace_id="x"} 1\nshop_live 2\nup 1\n# EOF\n')],
])
const logs = [
  log('gateway', { msg: 'no order to show', method: 'GET', status: 502, duration_ms: 3 }),
  log('orders', { msg: 'no tax rate' }),
]
const evidence = findEvidence({ services, spans: FAILING_TRACE, metrics, logs })
const world = { services, spansAt: undefined, urlOf: () => 'http://127.0.0.1:3000' }

describe('the request that failed', () => {
  it('is shown with its spans, its lines and its exemplar, all within 100 columns', () => {
    const lines = requestReport(evidence, world, canvas)
    const text = lines.join('\n')
    expect(text).toContain('└ GET → 127.0.0.1:3001')
    expect(text).toContain(`trace ${TRACE}`)
    expect(text).toContain('gateway  warn   no order to show')
    expect(text).toContain('orders   warn   no tax rate')
    expect(text).toContain('from http://127.0.0.1:3000/metrics')
    expect(text).toContain(`# {trace_id="${TRACE}"} 0.1`)
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(98)
  })

  it('says where its spans are when they went elsewhere', () => {
    const elsewhere = findEvidence({ services, spans: undefined, metrics, logs })
    const text = requestReport(elsewhere, { ...world, spansAt: 'http://jaeger:4318' }, canvas).join('\n')
    expect(text).toContain(`trace ${TRACE}`)
    expect(text).toContain('Its spans went to http://jaeger:4318: look for this trace there.')
    expect(text).not.toContain('OTLP bytes')
    expect(text).toContain('no order to show')
  })
})

it('names what is missing, each on a line of its own', () => {
  const nothing = findEvidence({ services, spans: FAILING_TRACE, metrics: new Map(), logs: [] })
  expect(verdict(nothing, canvas)).toEqual([
    '',
    '✗ missing an exemplar: no bucket on /metrics names the trace',
    '✗ missing log lines in both services: gateway and orders wrote none with the trace id',
  ])
  expect(verdict(evidence, canvas)[1]).toBe(
    '✓ one trace id on 5 spans of two services, 2 log lines of both, an exemplar',
  )
})

it('shows routes and own counters as tables', () => {
  const row = {
    service: 'gateway',
    route: 'GET /a',
    count: 30,
    perSecond: 6,
    errorRatio: 0.1,
    p50Ms: 4.2,
    p99Ms: 250,
  }
  expect(routesReport([row], canvas).slice(3)).toEqual([
    'service  route   requests   rate  errors     p50     p99',
    'gateway  GET /a        30  6.0/s  10.0 %  4.2 ms  250 ms',
  ])
  expect(ownMetricsReport(metrics, 'shop_', canvas).slice(3)).toEqual([
    'service  series                      value',
    'orders   shop_orders_total{a="b c"}      7',
    'orders   shop_live                       2',
  ])
})

it('says whether the books balance', () => {
  const book = { service: 'gateway', observations: 3, serverSpans: 3, accessLines: 3 }
  expect(booksReport([book], canvas).at(-1)).toBe('nothing was lost')
  expect(booksReport([{ ...book, accessLines: 2 }], canvas).at(-1)).toBe('they should be equal')
  const elsewhere = booksReport([{ ...book, serverSpans: undefined }], canvas)
  expect(elsewhere.join('\n')).toContain('elsewhere')
  expect(elsewhere.at(-1)).toBe('metrics and lines agree')
})

it('repeats what Triscope says of itself, broken at spaces, and nothing where it says nothing', () => {
  expect(noticesReport(logs, canvas)).toEqual([])
  const msg = `traces: ${'http://127.0.0.1:9 cannot be reached; '.repeat(5)}`
  const lines = noticesReport([log('orders', { code: 'TRI_WARN_EXPORT', msg })], canvas).slice(3)
  expect(lines.length).toBeGreaterThan(1)
  expect(lines[0]).toMatch(/^orders {2}traces: http/)
  expect(lines[1]).toMatch(/^ {8}\S/)
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(98)
})
