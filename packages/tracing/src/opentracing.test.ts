import { SpanStatusCode } from '@opentelemetry/api'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { TracerShim } from '@opentelemetry/shim-opentracing'
import { createDiagnostics } from '@triscope/core'
import { childOf, FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP, followsFrom, Tags } from 'opentracing'
import { describe, expect, it } from 'vitest'
import { createTracing, type PropagatorName } from './index.ts'
import { resource } from './tracing.fixture.ts'

/** An app that was written for OpenTracing: it sees the shim, and the shim sees our provider. */
function setUp(propagators?: readonly PropagatorName[]) {
  const memory = new InMemorySpanExporter()
  const tracing = createTracing({
    resource,
    diagnostics: createDiagnostics({ onMessage: () => {} }),
    processors: [new SimpleSpanProcessor(memory)],
    ...(propagators === undefined ? {} : { propagators }),
  })
  const tracer = new TracerShim(tracing.provider.getTracer('opentracing'), {
    textMapPropagator: tracing.propagator,
    httpHeadersPropagator: tracing.propagator,
  })
  const spans = () => memory.getFinishedSpans()
  return { tracer, spans }
}

describe('the OpenTracing shim over our provider', () => {
  it('carries names, tags, logs, times and the tree of spans over', () => {
    const { tracer, spans } = setUp()
    const root = tracer.startSpan('request', {
      startTime: 1_700_000_000_000,
      tags: { [Tags.SPAN_KIND]: Tags.SPAN_KIND_RPC_SERVER, plan: 'pro' },
    })
    const child = tracer.startSpan('load', { childOf: root, startTime: 1_700_000_000_100 })
    child.setTag('rows', 3).addTags({ cached: false })
    child.log({ event: 'retry', attempt: 2 }, 1_700_000_000_150)
    child.setTag(Tags.ERROR, true)
    child.finish(1_700_000_000_200)
    root.setOperationName('GET /cart')
    root.finish(1_700_000_000_300)

    const [load, request] = spans()
    expect(told(request)).toEqual({
      name: 'GET /cart',
      // The shim leaves the kind in a tag.
      attributes: { plan: 'pro', 'span.kind': 'server' },
      startTime: [1_700_000_000, 0],
      duration: [0, 300_000_000],
      status: { code: SpanStatusCode.UNSET },
      events: [],
      scope: 'opentracing',
    })
    expect(told(load)).toEqual({
      name: 'load',
      attributes: { rows: 3, cached: false },
      startTime: [1_700_000_000, 100_000_000],
      duration: [0, 100_000_000],
      status: { code: SpanStatusCode.ERROR },
      events: [['retry', { event: 'retry', attempt: 2 }, [1_700_000_000, 150_000_000]]],
      scope: 'opentracing',
    })
    expect(load?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId)
    expect(root.context().toTraceId()).toBe(load?.spanContext().traceId)
  })

  it('records an error that is logged as an exception', () => {
    const { tracer, spans } = setUp()
    const span = tracer.startSpan('fails')
    span.log({ event: 'error', 'error.kind': 'RangeError', message: 'too far', 'error.object': 'left out' })
    span.log({ event: 'error', 'error.kind': 'RangeError', message: 'too far' })
    span.finish()
    const [text, fields] = spans()[0]?.events ?? []
    expect(text).toMatchObject({ name: 'exception', attributes: { 'exception.message': 'left out' } })
    expect(fields).toMatchObject({
      name: 'exception',
      attributes: { 'exception.type': 'RangeError', 'exception.message': 'too far' },
    })
  })

  it.each([FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP])('takes a trace and its baggage through %s', (format) => {
    const { tracer, spans } = setUp()
    const client = tracer.startSpan('call')
    client.setBaggageItem('tenant', 'a b')
    const headers: Record<string, string> = {}
    tracer.inject(client, format, headers)
    expect(headers['traceparent']).toContain(client.context().toTraceId())
    expect(headers['baggage']).toBe('tenant=a%20b')
    const context = tracer.extract(format, headers)
    const server = tracer.startSpan('serve', context === null ? {} : { childOf: context })
    expect(server.getBaggageItem('tenant')).toBe('a b')
    server.finish()
    client.finish()
    expect(spans()[0]?.parentSpanContext).toMatchObject({
      spanId: spans()[1]?.spanContext().spanId,
      isRemote: true,
    })
  })

  it("speaks the headers of Jaeger's clients, for a fleet that moves one service at a time", () => {
    const { tracer } = setUp(['jaeger', 'tracecontext', 'baggage'])
    const span = tracer.startSpan('call')
    const headers: Record<string, string> = {}
    tracer.inject(span, FORMAT_HTTP_HEADERS, headers)
    expect(headers['uber-trace-id']).toBe(`${span.context().toTraceId()}:${span.context().toSpanId()}:0:1`)
    const old = tracer.extract(FORMAT_HTTP_HEADERS, { 'uber-trace-id': '77:88:0:1' })
    expect(old?.toTraceId()).toBe('77'.padStart(32, '0'))
  })

  it('makes links of references', () => {
    const { tracer, spans } = setUp()
    const first = tracer.startSpan('first')
    const parent = tracer.startSpan('parent')
    tracer.startSpan('second', { references: [childOf(parent), followsFrom(first)] }).finish()
    const ids = [parent, first].map((span) => span.context().toSpanId())
    expect(spans()[0]?.links.map(({ context }) => context.spanId)).toEqual(ids)
  })
})

/** As plain values, which a comparison that fails can show. */
function told(span: ReadableSpan | undefined): unknown {
  if (span === undefined) return undefined
  const { name, attributes, startTime, duration, status, events, instrumentationScope } = span
  return {
    name,
    attributes,
    startTime,
    duration,
    status,
    events: events.map((event) => [event.name, event.attributes, event.time]),
    scope: instrumentationScope.name,
  }
}
