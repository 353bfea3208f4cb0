/**
 * The rows of the HTTP bench: what runs in the server, and what it must be seen to produce for each request.
 * `parts` is read by the servers; `at` is the share of requests that are sampled.
 */

/** A row without `series`, `lines` or `spans` is not to produce any; one with `only` is measured with that framework. */
export const rows = [
  { id: 'bare', label: 'bare', parts: {} },
  {
    id: 'shaped',
    label: 'bare, with its fields set in time',
    parts: { shaped: true },
    only: 'express',
  },
  {
    id: 'triscope',
    label: 'Triscope, all on, 100 %',
    parts: { triscope: {}, at: 1 },
    series: true,
    lines: true,
    spans: true,
  },
  {
    id: 'triscope-10',
    label: 'Triscope, all on, 10 %',
    parts: { triscope: {}, at: 0.1 },
    series: true,
    lines: true,
    spans: true,
  },
  {
    id: 'triscope-0',
    label: 'Triscope, all on, 0 %',
    parts: { triscope: {}, at: 0 },
    series: true,
    lines: true,
  },
  {
    id: 'triscope-metrics',
    label: 'Triscope, metrics alone',
    parts: { triscope: { tracing: false, logging: false } },
    series: true,
  },
  {
    id: 'triscope-tracing',
    label: 'Triscope, tracing alone',
    parts: { triscope: { metrics: false, logging: false }, at: 1 },
    spans: true,
  },
  {
    id: 'triscope-logging',
    label: 'Triscope, logging alone',
    parts: { triscope: { metrics: false, tracing: false } },
    lines: true,
  },
  {
    id: 'usual',
    label: 'usual assembly',
    parts: { metrics: true, log: true, otel: 'full', logIds: true },
    series: true,
    lines: true,
    spans: true,
  },
  {
    id: 'lean',
    label: 'usual assembly, leanest',
    parts: { metrics: true, log: true, otel: 'http', logIds: true },
    series: true,
    lines: true,
    spans: true,
  },
  { id: 'metrics', label: 'its metrics alone', parts: { metrics: true }, series: true },
  { id: 'log', label: 'its log alone', parts: { log: true }, lines: true },
  { id: 'otel', label: 'OpenTelemetry alone', parts: { otel: 'full' }, spans: true },
  { id: 'dd', label: 'dd-trace alone', parts: { dd: true }, spans: true },
]

/** The rows of one framework: all, or those that are named, and bare. */
export function rowsOf(framework, names) {
  return rows.filter(
    ({ id, only = framework }) =>
      only === framework && (id === 'bare' || names === undefined || names.includes(id)),
  )
}

/** The two handlers, by the path that is asked for. */
export const handlers = {
  answer: { path: '/hello/bench', prefix: '/hello', label: 'a handler that only answers' },
  fetch: { path: '/work/7', prefix: '/work', label: 'a handler that logs a line and calls `fetch`' },
}

/** What the rows of the usual assembly are made of, for the page. */
export const assembly = {
  fastify: {
    metrics: 'fastify-metrics 13 on prom-client 15',
    log: "Fastify's own logger (pino 10, synchronous, to standard output)",
    otel: 'instrumentation-http, @fastify/otel and instrumentation-undici, always on, BatchSpanProcessor, OTLP http/protobuf',
  },
  express: {
    metrics: 'express-prom-bundle 8 with `includePath`, on prom-client 15',
    log: 'pino-http 11 (pino 10, synchronous, to standard output)',
    otel: 'instrumentation-http, -express and -undici, always on, BatchSpanProcessor, OTLP http/protobuf',
  },
}
