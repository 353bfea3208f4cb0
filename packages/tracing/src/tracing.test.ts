import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { describe, expect, it } from 'vitest'
import { createTracing } from './index.ts'

const resource = { attributes: { 'service.name': 'orders' } }

describe('createTracing', () => {
  it('hands a right ReadableSpan to processors of sdk-trace-base', () => {
    const memory = new InMemorySpanExporter()
    const tracing = createTracing({ resource, processors: [new SimpleSpanProcessor(memory)] })
    const parent = tracing.extract({ traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' })
    const span = tracing.tracer.startSpan(
      'GET /users/:id',
      { kind: SpanKind.SERVER, attributes: { a: 1 } },
      parent,
    )
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'no' }).end()
    const [read] = memory.getFinishedSpans()
    expect(read?.name).toBe('GET /users/:id')
    expect(read?.spanContext().traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736')
    expect(read?.parentSpanContext?.spanId).toBe('00f067aa0ba902b7')
    expect(read?.attributes).toEqual({ a: 1 })
    expect(read?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no' })
    expect(read?.ended).toBe(true)
  })
})
