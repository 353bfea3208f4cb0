/** What a span costs until its OTLP bytes exist, what one costs that is not sampled, and a child in async context. */
import { createRequire } from 'node:module'
import { installContext, registerApi } from '@triscope/core'
import { createTracing } from '@triscope/tracing'

const load = createRequire(import.meta.url)
const { NodeTracerProvider } = load('@opentelemetry/sdk-trace-node')
const { ParentBasedSampler, TraceIdRatioBasedSampler } = load('@opentelemetry/sdk-trace-base')
const { ProtobufTraceSerializer } = load('@opentelemetry/otlp-transformer')

/** Below the 16 384 spans that Triscope's queue holds; it is emptied after each turn. */
const MAX_SPANS = 8_000

/** Calls `use` with the questions, and returns what it returns. */
export function withQuestions({ collectorUrl }, use) {
  // One context manager for all: async context is not what is compared.
  registerApi({ context: installContext() })
  return use(questions(collectorUrl))
}

function questions(collectorUrl) {
  const resource = { attributes: { 'service.name': 'bench' } }
  const exporter = { url: `${collectorUrl}/v1/traces`, compression: 'none' }
  const tracing = createTracing({ resource, exporter })
  const unsampled = createTracing({ resource, exporter, sampler: 0 })
  const provider = new NodeTracerProvider({ spanProcessors: [new SerializingProcessor()] })
  const none = new NodeTracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0) }),
    spanProcessors: [new SerializingProcessor()],
  })
  const settle = () => tracing.flush()
  const otel = provider.getTracer('bench')
  const question = (label, target, triscope, peer) => ({
    label,
    target,
    ours: 'triscope',
    peers: ['otel'],
    contenders: {
      triscope: { label: 'Triscope', ...triscope },
      otel: { label: 'OpenTelemetry', ...peer },
    },
  })
  return {
    'span-bytes': question(
      'root span with 6 attributes, until its bytes exist',
      0.15,
      { run: rootSpans(tracing.tracer), max: MAX_SPANS, settle },
      { run: rootSpansToo(otel), max: MAX_SPANS },
    ),
    'span-unsampled': question(
      'unsampled root span',
      0.05,
      { run: bareSpans(unsampled.tracer) },
      { run: bareSpansToo(none.getTracer('bench')) },
    ),
    'span-child': question(
      'child span in async context, with its bytes',
      0.25,
      { run: childSpans(tracing.tracer), max: MAX_SPANS, settle },
      { run: childSpansToo(otel), max: MAX_SPANS },
    ),
  }
}

/** Serializes 512 spans at a time, as the batch processor's default is, and sends them nowhere. */
class SerializingProcessor {
  #spans = []

  onStart() {}

  onEnd(span) {
    if ((span.spanContext().traceFlags & 1) === 0) return
    this.#spans.push(span)
    if (this.#spans.length < 512) return
    ProtobufTraceSerializer.serializeRequest(this.#spans)
    this.#spans = []
  }

  forceFlush() {
    return Promise.resolve()
  }

  shutdown() {
    return Promise.resolve()
  }
}

// Each contender has a loop of its own; one loop for both would be compiled for neither.

function rootSpans(tracer) {
  return (n) => {
    for (let i = 0; i < n; i++) {
      const span = tracer.startSpan('GET /users/:id', { root: true, kind: 1, attributes: first(i) })
      span.setAttribute('http.route', '/users/:id')
      span.setAttribute('http.response.status_code', 200)
      span.setAttribute('client.address', '127.0.0.1')
      span.end()
    }
  }
}

function rootSpansToo(tracer) {
  return (n) => {
    for (let i = 0; i < n; i++) {
      const span = tracer.startSpan('GET /users/:id', { root: true, kind: 1, attributes: first(i) })
      span.setAttribute('http.route', '/users/:id')
      span.setAttribute('http.response.status_code', 200)
      span.setAttribute('client.address', '127.0.0.1')
      span.end()
    }
  }
}

const paths = ['/users/1', '/users/22', '/users/333', '/users/4444']

function first(i) {
  return { 'http.request.method': 'GET', 'url.path': paths[i & 3], 'url.scheme': 'http' }
}

function bareSpans(tracer) {
  return (n) => {
    for (let i = 0; i < n; i++) tracer.startSpan('GET', { root: true, kind: 1 }).end()
  }
}

function bareSpansToo(tracer) {
  return (n) => {
    for (let i = 0; i < n; i++) tracer.startSpan('GET', { root: true, kind: 1 }).end()
  }
}

function childSpans(tracer) {
  return (n) =>
    tracer.startActiveSpan('parent', (parent) => {
      for (let i = 0; i < n; i++) tracer.startActiveSpan('child', (span) => span.end())
      parent.end()
    })
}

function childSpansToo(tracer) {
  return (n) =>
    tracer.startActiveSpan('parent', (parent) => {
      for (let i = 0; i < n; i++) tracer.startActiveSpan('child', (span) => span.end())
      parent.end()
    })
}
