import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { createDiagnostics } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { createTracing, type TracingOptions } from './index.ts'
import { resource } from './tracing.fixture.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const headers = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'a=1', baggage: 'k=v' }

function requested(options: Partial<TracingOptions>, given = headers) {
  const exporter = new InMemorySpanExporter()
  const tracing = createTracing({
    resource,
    diagnostics: createDiagnostics({ onMessage: () => {} }),
    processors: [new SimpleSpanProcessor(exporter)],
    ...options,
  })
  const context = tracing.extract(given)
  const server = tracing.tracer.startSpan('server', {}, context)
  const child = tracing.tracer.startSpan('child', {}, trace.setSpan(context, server))
  child.end()
  server.end()
  return { context, spans: exporter.getFinishedSpans(), server: server.spanContext() }
}

describe('inbound', () => {
  it('continues the trace of whoever calls, by default', () => {
    const { server, context } = requested({})
    expect(server).toMatchObject({ traceId: TRACE, traceFlags: 1 })
    expect(propagation.getBaggage(context)?.getEntry('k')?.value).toBe('v')
  })

  it('begins a new random trace with one link to the caller, and keeps the baggage: link', () => {
    const { server, spans, context } = requested({ inbound: 'link' })
    expect(server.traceId).not.toBe(TRACE)
    expect(server.traceFlags).toBe(3)
    expect(server.traceState).toBeUndefined()
    const [child, root] = spans
    expect(root?.parentSpanContext).toBeUndefined()
    expect(root?.links).toHaveLength(1)
    expect(root?.links[0]?.context).toMatchObject({ traceId: TRACE, spanId: SPAN, isRemote: true })
    expect(root?.links[0]?.context.traceState?.serialize()).toBe('a=1')
    expect(child?.links).toEqual([])
    expect(propagation.getBaggage(context)?.getEntry('k')?.value).toBe('v')
  })

  it('begins a new trace and takes nothing: ignore', () => {
    const { server, spans, context } = requested({ inbound: 'ignore' })
    expect(server.traceId).not.toBe(TRACE)
    expect(server.traceFlags).toBe(3)
    expect(spans[1]?.links).toEqual([])
    expect(propagation.getBaggage(context)).toBeUndefined()
  })

  it.each(['link', 'ignore'] as const)('lets no caller decide what is sampled: %s', (inbound) => {
    expect(requested({ inbound, sampler: 0 }).server.traceFlags).toBe(2)
    expect(
      requested({ inbound }, { ...headers, traceparent: `00-${TRACE}-${SPAN}-00` }).server.traceFlags,
    ).toBe(3)
  })

  it('links nobody where nobody called', () => {
    const { spans } = requested({ inbound: 'link' }, {} as typeof headers)
    expect(spans[1]?.links).toEqual([])
  })

  it('leaves what the app extracts itself as it is', () => {
    const tracing = createTracing({ resource, inbound: 'ignore' })
    const getter = { get: (c: typeof headers, key: string) => c[key as 'baggage'], keys: Object.keys }
    const context = tracing.propagator.extract(ROOT_CONTEXT, headers, getter)
    expect(trace.getSpanContext(context)?.traceId).toBe(TRACE)
  })

  it('refuses another word', () => {
    expect(() => createTracing({ resource, inbound: 'no' as never })).toThrow(
      'tracing.inbound: expected "trust", "link" or "ignore", got "no"',
    )
  })
})
