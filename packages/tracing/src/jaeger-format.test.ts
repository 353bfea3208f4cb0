import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api'
import { JaegerPropagator } from '@opentelemetry/propagator-jaeger'
import { createDiagnostics } from '@triscope/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Propagator } from './propagator.ts'
import { resolvePropagators } from './propagators.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const diagnostics = createDiagnostics({ onMessage: () => {} })
const jaeger = new Propagator(resolvePropagators(['jaeger'], diagnostics), () => true)
const read = (headers: Record<string, string | string[]>) => jaeger.extractHeaders(headers)
const seen = (text: string) => trace.getSpanContext(read({ 'uber-trace-id': text }))
const sent = (context: ReturnType<typeof read>) => {
  const carrier: Record<string, string> = {}
  jaeger.inject(context, carrier, defaultTextMapSetter)
  return carrier
}
const dropped = () =>
  diagnostics.snapshot().find(({ name }) => name === 'triscope_baggage_members_dropped_total')?.value ?? 0

describe("Jaeger's headers", () => {
  it.each([
    ['as it is written', `${TRACE}:${SPAN}:0:1`, 1],
    ['with a parent', `${TRACE}:${SPAN}:53ce929d0e0e4736:1`, 1],
    ['with two digits of flags', `${TRACE}:${SPAN}:0:00`, 0],
    ['of debug, which is sampled', `${TRACE}:${SPAN}:0:2`, 1],
    ['percent-encoded', `${TRACE}%3A${SPAN}%3a0%3A1`, 1],
  ])('reads a trace %s', (_, text, traceFlags) => {
    expect(seen(text)).toMatchObject({ traceId: TRACE, spanId: SPAN, traceFlags, isRemote: true })
  })

  it('puts back the zeros that clients leave out', () => {
    expect(seen('77:f067aa0ba902b7:0:1')).toMatchObject({ traceId: '77'.padStart(32, '0'), spanId: SPAN })
  })

  it.each([
    ['an all-zero id', `0:${SPAN}:0:1`],
    ['three parts', `${TRACE}:${SPAN}:1`],
    ['five parts', `${TRACE}:${SPAN}:0:1:1`],
    ['flags that are none', `${TRACE}:${SPAN}:0:x`],
    ['no flags', `${TRACE}:${SPAN}:0:`],
    ['an id that is too long', `${TRACE}0:${SPAN}:0:1`],
    ['15 KB of colons', ':'.repeat(15_000)],
  ])('begins a new trace for %s', (_, text) => {
    expect(seen(text)).toBeUndefined()
  })

  it('carries the trace and each member of baggage on', () => {
    const headers = {
      'uber-trace-id': `${TRACE}:${SPAN}:0:1`,
      'uberctx-user': 'Am%C3%A9lie%2C1',
      'uberctx-a': '1',
    }
    const context = read(headers)
    expect(propagation.getBaggage(context)?.getEntry('user')?.value).toBe('Amélie,1')
    expect(sent(context)).toEqual(headers)
    expect(sent(read({ ...headers, 'uber-trace-id': `${TRACE}:${SPAN}:0:3` }))).toEqual({
      ...headers,
      'uber-trace-id': `${TRACE}:${SPAN}:0:3`,
    })
  })

  it('takes no more baggage than W3C allows, and counts the rest', () => {
    const many = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`uberctx-k${i}`, '1']))
    const before = dropped()
    expect(propagation.getBaggage(read(many))?.getAllEntries()).toHaveLength(64)
    expect(dropped() - before).toBe(6)
    expect(propagation.getBaggage(read({ 'uberctx-big': 'v'.repeat(9_000) }))).toBeUndefined()
    const hostile = propagation.getBaggage(read({ 'uberctx-__proto__': 'x' }))
    expect(hostile?.getAllEntries()).toEqual([['__proto__', { value: 'x' }]])
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
    const large = propagation.createBaggage({
      a: { value: 'v'.repeat(9_000) },
      b: { value: '1' },
      'c d': { value: '2' },
    })
    expect(sent(propagation.setBaggage(ROOT_CONTEXT, large))).toEqual({ 'uberctx-b': '1' })
  })

  it("is read by OpenTelemetry's propagator, and reads it", () => {
    const theirs = new JaegerPropagator()
    const baggage = propagation.createBaggage({ k: { value: 'ä b,c' } })
    for (const traceFlags of [0, 1]) {
      const spanContext = { traceId: TRACE, spanId: SPAN, traceFlags }
      const context = propagation.setBaggage(trace.setSpanContext(ROOT_CONTEXT, spanContext), baggage)
      const fromThem: Record<string, string> = {}
      theirs.inject(context, fromThem, defaultTextMapSetter)
      for (const [reader, headers] of [
        [jaeger, fromThem],
        [theirs, sent(context)],
      ] as const) {
        const found = reader.extract(ROOT_CONTEXT, headers, defaultTextMapGetter)
        expect(trace.getSpanContext(found)).toMatchObject(spanContext)
        expect(propagation.getBaggage(found)?.getEntry('k')?.value).toBe('ä b,c')
      }
    }
  })

  it('throws for no header at all', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'0af:%3A \u00e9'.split('')), maxLength: 80 })
    fc.assert(
      fc.property(noise, noise, (one, other) => {
        sent(read({ 'uber-trace-id': one, [`uberctx-${one}`]: other }))
      }),
      { numRuns: 200 },
    )
  })
})
