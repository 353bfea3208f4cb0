// @ts-check
/** Spans for the tests of what is drawn from them. */

/**
 * @typedef {import('./otlp-spans.js').ReceivedSpan} ReceivedSpan
 * @param {Partial<ReceivedSpan> & { spanId: string }} span
 * @returns {ReceivedSpan}
 */
export function receivedSpan(span) {
  return {
    service: 'gateway',
    traceId: 'a'.repeat(32),
    parentSpanId: undefined,
    name: span.spanId,
    kind: 'internal',
    startMs: 0,
    durationMs: 1,
    failed: false,
    error: undefined,
    attributes: {},
    ...span,
  }
}

/** A request that fails in its second service: five spans, out of order, as they would arrive. */
export const FAILING_TRACE = [
  receivedSpan({
    service: 'orders',
    spanId: 'price',
    parentSpanId: 'orders',
    startMs: 1_030,
    durationMs: 60,
    failed: true,
    error: 'Error: no tax rate',
  }),
  receivedSpan({ service: 'orders', spanId: 'load', parentSpanId: 'orders', startMs: 1_010, durationMs: 20 }),
  receivedSpan({
    service: 'orders',
    spanId: 'orders',
    name: 'GET /orders/:id',
    parentSpanId: 'fetch',
    kind: 'server',
    startMs: 1_005,
    durationMs: 90,
    failed: true,
    attributes: { 'http.response.status_code': '500' },
  }),
  receivedSpan({
    spanId: 'fetch',
    name: 'GET',
    parentSpanId: 'root',
    kind: 'client',
    startMs: 1_002,
    durationMs: 96,
    failed: true,
    attributes: { 'http.response.status_code': '500', 'server.address': '127.0.0.1', 'server.port': '3001' },
  }),
  receivedSpan({
    spanId: 'root',
    name: 'GET /orders/:id',
    kind: 'server',
    startMs: 1_000,
    durationMs: 100,
    failed: true,
    attributes: { 'http.response.status_code': '502' },
  }),
]
