/** The same three spans for every backend and exporter: a request, a call that failed below it, and a link. */
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { createTracing, type ExporterOption } from '@triscope/tracing'

export interface SentTrace {
  readonly traceId: string
  readonly service: string
  /** Whether everything was accepted. */
  readonly flushed: boolean
}

/** Makes the spans, sends them through `exporter`, and ends the tracing. */
export async function sendSpans(service: string, exporter: ExporterOption): Promise<SentTrace> {
  const tracing = createTracing({
    resource: { attributes: { 'service.name': service, region: 'north' } },
    exporter,
  })
  const { tracer } = tracing
  const root = tracer.startSpan('GET /users/:id', {
    kind: SpanKind.SERVER,
    attributes: { 'http.route': '/users/:id', cached: false, retries: 3, ratio: 0.5, tags: ['a', 'b'] },
  })
  const below = trace.setSpan(context.active(), root)
  const call = tracer.startSpan('SELECT', { kind: SpanKind.CLIENT }, below)
  call.addEvent('retried', { attempt: 2 })
  call.setStatus({ code: SpanStatusCode.ERROR, message: 'no such table' })
  call.end()
  tracer
    .startSpan('enqueue', { kind: SpanKind.PRODUCER, links: [{ context: call.spanContext() }] }, below)
    .end()
  root.end()
  const flushed = await tracing.shutdown()
  return { traceId: root.spanContext().traceId, service, flushed }
}
