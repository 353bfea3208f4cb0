import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { installContext, registerApi, untraced } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import {
  createTracing,
  currentTracing,
  delegatingPropagator,
  delegatingProvider,
  setCurrentTracing,
} from './index.ts'
import { resource } from './tracing.fixture.ts'

// Taken at the top of a module, before any telemetry: what libraries do.
const early = trace.getTracer('library', '1.0.0')

const make = () => {
  const memory = new InMemorySpanExporter()
  return { memory, tracing: createTracing({ resource, processors: [new SimpleSpanProcessor(memory)] }) }
}

describe('the global OpenTelemetry API', () => {
  it('is ours once registered, also for tracers that were taken before', () => {
    const { memory, tracing } = make()
    const registered = registerApi({
      context: installContext(),
      trace: delegatingProvider(),
      propagation: delegatingPropagator(),
    })
    expect(registered).toEqual({ context: 'ours', trace: 'ours', propagation: 'ours' })
    early.startSpan('before').end()
    const restore = setCurrentTracing(tracing)
    early.startActiveSpan('outer', (outer) => {
      expect(trace.getActiveSpan()).toBe(outer)
      trace.getTracer('app').startSpan('inner').end()
      outer.end()
    })
    const [inner, outer] = memory.getFinishedSpans()
    expect([inner?.name, outer?.name]).toEqual(['inner', 'outer'])
    expect(outer?.instrumentationScope).toEqual({ name: 'library', version: '1.0.0' })
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId)
    restore()
    early.startSpan('after').end()
    expect(memory.getFinishedSpans()).toHaveLength(2)
  })

  it('follows the tracing in force, whatever the order in which they come and go', () => {
    const [first, second] = [make(), make()]
    const endFirst = setCurrentTracing(first.tracing)
    const endSecond = setCurrentTracing(second.tracing)
    early.startSpan('a').end()
    endFirst()
    early.startSpan('b').end()
    endFirst()
    expect(currentTracing()).toBe(second.tracing)
    endSecond()
    early.startSpan('c').end()
    expect(currentTracing()).toBeUndefined()
    expect(first.memory.getFinishedSpans()).toEqual([])
    expect(second.memory.getFinishedSpans().map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('propagates through the tracing in force, and leaves carriers alone without one', () => {
    const parent = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '00f067aa0ba902b7',
      traceFlags: 1,
    })
    const carrier: Record<string, string> = {}
    propagation.inject(parent, carrier)
    expect(carrier).toEqual({})
    expect(propagation.extract(ROOT_CONTEXT, { traceparent: 'x' })).toBe(ROOT_CONTEXT)
    const restore = setCurrentTracing(make().tracing)
    propagation.inject(parent, carrier)
    expect(carrier).toEqual({ traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' })
    const read = propagation.extract(ROOT_CONTEXT, carrier)
    expect(trace.getSpanContext(read)).toMatchObject({ spanId: '00f067aa0ba902b7', isRemote: true })
    restore()
  })

  it('carries the parent on where no tracing is in force', () => {
    const parent = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '00f067aa0ba902b7',
      traceFlags: 1,
    })
    expect(early.startSpan('x', {}, parent).spanContext().spanId).toBe('00f067aa0ba902b7')
    expect(context.with(parent, () => early.startSpan('x').isRecording())).toBe(false)
  })

  it('makes no span within untraced work', () => {
    const { memory, tracing } = make()
    const restore = setCurrentTracing(tracing)
    untraced(() => early.startSpan('export').end())
    expect(memory.getFinishedSpans()).toEqual([])
    restore()
  })
})
