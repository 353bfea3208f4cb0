import { defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3'
import { createDiagnostics } from '@triscope/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTracing } from './index.ts'
import { Propagator } from './propagator.ts'
import { type PropagatorName, resolvePropagators } from './propagators.ts'
import { resource } from './tracing.fixture.ts'

const TRACE = '80f198ee56343ba864fe8b2a57d3eff7'
const SPAN = 'e457b5a2e4d86bd1'
const diagnostics = createDiagnostics({ onMessage: () => {} })
const make = (...names: PropagatorName[]) =>
  new Propagator(resolvePropagators(names, diagnostics), () => true)
const b3 = make('b3')
const multi = make('b3multi')
const seen = (headers: Record<string, string>) => trace.getSpanContext(b3.extractHeaders(headers))
const sent = (propagator: Propagator, headers: Record<string, string>) => {
  const carrier: Record<string, string> = {}
  propagator.inject(b3.extractHeaders(headers), carrier, defaultTextMapSetter)
  return carrier
}

describe('B3', () => {
  it.each([
    ['sampled', `${TRACE}-${SPAN}-1`, 1],
    ['not sampled', `${TRACE}-${SPAN}-0`, 0],
    ['debug, which is sampled', `${TRACE}-${SPAN}-d`, 1],
    ['a parent, which is passed over', `${TRACE}-${SPAN}-1-05e3ac9a4f6e3b90`, 1],
    ['no decision', `${TRACE}-${SPAN}`, 0],
  ])('reads one header with %s', (_, text, traceFlags) => {
    expect(seen({ b3: text })).toMatchObject({ traceId: TRACE, spanId: SPAN, traceFlags, isRemote: true })
  })

  it('reads several headers, and the flag of debug above the decision', () => {
    const ids = { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN }
    expect(seen({ ...ids, 'x-b3-sampled': '1' })?.traceFlags).toBe(1)
    expect(seen({ ...ids, 'x-b3-sampled': 'true' })?.traceFlags).toBe(1)
    expect(seen({ ...ids, 'x-b3-sampled': '0' })?.traceFlags).toBe(0)
    expect(seen({ ...ids, 'x-b3-sampled': '0', 'x-b3-flags': '1' })?.traceFlags).toBe(1)
  })

  it('prefers the one header to the several, and takes these where the one is malformed', () => {
    const several = { 'x-b3-traceid': 'a'.repeat(32), 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' }
    expect(seen({ b3: `${TRACE}-${SPAN}-1`, ...several })?.traceId).toBe(TRACE)
    expect(seen({ b3: 'what', ...several })?.traceId).toBe('a'.repeat(32))
  })

  it('makes a trace id of 64 bits long by zeros in front', () => {
    expect(seen({ b3: `${SPAN}-${SPAN}-1` })?.traceId).toBe(`${'0'.repeat(16)}${SPAN}`)
  })

  it.each([
    ['a decision alone', '0'],
    ['an upper-case id', `${TRACE.toUpperCase()}-${SPAN}-1`],
    ['a short id', `${TRACE.slice(2)}-${SPAN}-1`],
    ['an all-zero id', `${'0'.repeat(32)}-${SPAN}-1`],
    ['an unknown decision', `${TRACE}-${SPAN}-2`],
    ['a parent that is none', `${TRACE}-${SPAN}-1-what`],
    ['a fifth part', `${TRACE}-${SPAN}-1-05e3ac9a4f6e3b90-1`],
    ['15 KB of dashes', '-'.repeat(15_000)],
  ])('begins a new trace for %s', (_, text) => {
    expect(seen({ b3: text })).toBeUndefined()
  })

  it('writes one header or several, and no header of the other form', () => {
    const headers = { b3: `${TRACE}-${SPAN}-1` }
    expect(sent(b3, headers)).toEqual(headers)
    expect(sent(multi, headers)).toEqual({
      'x-b3-traceid': TRACE,
      'x-b3-spanid': SPAN,
      'x-b3-sampled': '1',
    })
  })

  it('carries debug on as debug', () => {
    const headers = { b3: `${TRACE}-${SPAN}-d` }
    expect(sent(b3, headers)).toEqual(headers)
    expect(sent(multi, headers)).toEqual({ 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-flags': '1' })
  })

  it('leaves a decision that the caller deferred to the sampler', () => {
    const started = (sampler: number, text: string) =>
      createTracing({ resource, diagnostics, sampler, propagators: ['b3'] })
        .tracer.startSpan('s', {}, b3.extractHeaders({ b3: text }))
        .spanContext()
    expect(started(1, `${TRACE}-${SPAN}`)).toMatchObject({ traceId: TRACE, traceFlags: 1 })
    expect(started(0, `${TRACE}-${SPAN}`)).toMatchObject({ traceId: TRACE, traceFlags: 0 })
    expect(started(1, `${TRACE}-${SPAN}-0`).traceFlags).toBe(0)
    expect(started(0, `${TRACE}-${SPAN}-1`).traceFlags).toBe(1)
  })

  it("is read by OpenTelemetry's propagator, and reads it, in both forms", () => {
    for (const [ours, encoding] of [
      [b3, B3InjectEncoding.SINGLE_HEADER],
      [multi, B3InjectEncoding.MULTI_HEADER],
    ] as const) {
      const theirs = new B3Propagator({ injectEncoding: encoding })
      for (const traceFlags of [0, 1]) {
        const spanContext = { traceId: TRACE, spanId: SPAN, traceFlags }
        const context = trace.setSpanContext(ROOT_CONTEXT, spanContext)
        const fromUs = {}
        ours.inject(context, fromUs, defaultTextMapSetter)
        expect(
          trace.getSpanContext(theirs.extract(ROOT_CONTEXT, fromUs, defaultTextMapGetter)),
        ).toMatchObject(spanContext)
        const fromThem = {}
        theirs.inject(context, fromThem, defaultTextMapSetter)
        expect(
          trace.getSpanContext(ours.extract(ROOT_CONTEXT, fromThem, defaultTextMapGetter)),
        ).toMatchObject(spanContext)
      }
    }
  })

  it('throws for no header at all, and never yields an id that is not valid', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'0af-1d \u00e9'.split('')), maxLength: 80 })
    fc.assert(
      fc.property(noise, noise, (one, other) => {
        const found = seen({ b3: one, 'x-b3-traceid': other, 'x-b3-spanid': one })
        if (found !== undefined)
          expect(`${found.traceId}-${found.spanId}`).toMatch(/^[0-9a-f]{32}-[0-9a-f]{16}$/)
      }),
      { numRuns: 200 },
    )
  })
})
