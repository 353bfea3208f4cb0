import {
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api'
import { JaegerPropagator } from '@opentelemetry/propagator-jaeger'
import { createDiagnostics } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { createTracing, type PropagatorName } from './index.ts'
import { resource } from './tracing.fixture.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const W3C = { traceparent: `00-${TRACE}-${SPAN}-03`, tracestate: 'a=1' }
const B3 = { b3: `${'b'.repeat(32)}-${SPAN}-1` }

const tracingWith = (propagators?: readonly (PropagatorName | TextMapPropagator)[]) =>
  createTracing({
    resource,
    diagnostics: createDiagnostics({ onMessage: () => {} }),
    ...(propagators === undefined ? {} : { propagators }),
  })
const seen = (propagators: (PropagatorName | TextMapPropagator)[], headers: Record<string, string>) =>
  trace.getSpanContext(tracingWith(propagators).extract(headers))?.traceId

describe('tracing.propagators', () => {
  it('is W3C trace context and baggage by default', () => {
    expect(tracingWith().propagator.fields()).toEqual(['traceparent', 'tracestate', 'baggage'])
  })

  it('writes every format that is named, once, in their order', () => {
    const { propagator } = tracingWith(['b3', 'tracecontext', 'b3', 'b3multi', 'jaeger', 'baggage'])
    const carrier: Record<string, string> = {}
    const context = propagation.setBaggage(
      trace.setSpanContext(ROOT_CONTEXT, { traceId: TRACE, spanId: SPAN, traceFlags: 3 }),
      propagation.createBaggage({ k: { value: 'v' } }),
    )
    const written: string[] = []
    propagator.inject(context, carrier, {
      set(to, name, value) {
        written.push(name)
        defaultTextMapSetter.set(to, name, value)
      },
    })
    expect(written).toEqual([
      'b3',
      'traceparent',
      'x-b3-traceid',
      'x-b3-spanid',
      'x-b3-sampled',
      'uber-trace-id',
      'uberctx-k',
      'baggage',
    ])
    expect(carrier).toMatchObject({
      b3: `${TRACE}-${SPAN}-1`,
      traceparent: W3C.traceparent,
      'uber-trace-id': `${TRACE}:${SPAN}:0:1`,
      baggage: 'k=v',
    })
  })

  it('takes what any format reads, and the last one where two do', () => {
    expect(seen(['tracecontext', 'b3'], W3C)).toBe(TRACE)
    expect(seen(['tracecontext', 'b3'], B3)).toBe('b'.repeat(32))
    expect(seen(['tracecontext', 'b3'], { ...W3C, ...B3 })).toBe('b'.repeat(32))
    expect(seen(['b3', 'tracecontext'], { ...W3C, ...B3 })).toBe(TRACE)
    expect(seen(['b3', 'tracecontext'], { ...B3, traceparent: 'bad' })).toBe('b'.repeat(32))
  })

  it('carries nothing for an empty list', () => {
    const tracing = tracingWith([])
    expect(tracing.extract(W3C)).toBe(ROOT_CONTEXT)
    const carrier = {}
    tracing.propagator.inject(
      trace.setSpanContext(ROOT_CONTEXT, { traceId: TRACE, spanId: SPAN, traceFlags: 1 }),
      carrier,
      defaultTextMapSetter,
    )
    expect(carrier).toEqual({})
  })

  it('takes propagators written for OpenTelemetry, and one that throws costs itself only', () => {
    expect(seen([new JaegerPropagator()], { 'uber-trace-id': `${TRACE}:${SPAN}:0:1` })).toBe(TRACE)
    const thrower: TextMapPropagator = {
      inject() {
        throw new Error('no')
      },
      extract() {
        throw new Error('no')
      },
      fields: () => ['x-own'],
    }
    expect(seen(['tracecontext', thrower], W3C)).toBe(TRACE)
    const { propagator } = tracingWith([thrower, 'tracecontext'])
    const carrier = {}
    propagator.inject(
      trace.setSpanContext(ROOT_CONTEXT, { traceId: TRACE, spanId: SPAN, traceFlags: 1 }),
      carrier,
      defaultTextMapSetter,
    )
    expect(Object.keys(carrier)).toEqual(['traceparent'])
    expect(propagator.fields()).toEqual(['x-own', 'traceparent', 'tracestate'])
  })

  it('refuses what is none, and names the choices', () => {
    expect(() => tracingWith(['b4' as never])).toThrow(
      'tracing.propagators[0]: expected one of tracecontext, baggage, b3, b3multi, jaeger, or a TextMapPropagator, got "b4"',
    )
    expect(() => tracingWith('b3' as never)).toThrow('tracing.propagators: expected a list of propagators')
    expect(() => tracingWith([{} as never])).toThrow('tracing.propagators[0]')
  })
})
