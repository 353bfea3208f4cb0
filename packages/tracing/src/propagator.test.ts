import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api'
import { createDiagnostics } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { isInternalHost } from './hosts.ts'
import { Propagator } from './propagator.ts'
import { resolvePropagators } from './propagators.ts'

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03'
const diagnostics = createDiagnostics({ onMessage: () => {} })
const propagator = new Propagator(resolvePropagators(undefined, diagnostics), isInternalHost)
const spanOf = (context: typeof ROOT_CONTEXT) => trace.getSpanContext(context)

describe('the default propagator', () => {
  it('takes the remote span and the baggage from node headers', () => {
    const context = propagator.extractHeaders({ traceparent: TRACEPARENT, tracestate: 'a=1', baggage: 'k=v' })
    expect(spanOf(context)).toMatchObject({
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '00f067aa0ba902b7',
      traceFlags: 3,
      isRemote: true,
    })
    expect(spanOf(context)?.traceState?.serialize()).toBe('a=1')
    expect(propagation.getBaggage(context)?.getEntry('k')?.value).toBe('v')
  })

  it('is the root context for headers that say nothing', () => {
    expect(propagator.extractHeaders({ host: 'a' })).toBe(ROOT_CONTEXT)
    expect(propagator.extractHeaders({ traceparent: 'bad', tracestate: 'a=1' })).toBe(ROOT_CONTEXT)
  })

  it('starts a new trace for two traceparent headers, as a list or joined', () => {
    expect(spanOf(propagator.extractHeaders({ traceparent: [TRACEPARENT, TRACEPARENT] }))).toBeUndefined()
    expect(
      spanOf(propagator.extractHeaders({ traceparent: `${TRACEPARENT}, ${TRACEPARENT}` })),
    ).toBeUndefined()
    expect(spanOf(propagator.extractHeaders({ traceparent: [TRACEPARENT] }))?.traceFlags).toBe(3)
  })

  it('keeps the traceparent when the tracestate is bad, and reads no tracestate without a traceparent', () => {
    const context = propagator.extractHeaders({ traceparent: TRACEPARENT, tracestate: 'a=' })
    expect(spanOf(context)?.spanId).toBe('00f067aa0ba902b7')
    expect(spanOf(context)?.traceState).toBeUndefined()
    expect(spanOf(propagator.extractHeaders({ tracestate: 'a=1', baggage: 'k=v' }))).toBeUndefined()
  })

  it('keeps the baggage when the traceparent is bad', () => {
    const context = propagator.extractHeaders({ traceparent: 'bad', baggage: 'k=v' })
    expect(propagation.getBaggage(context)?.getEntry('k')?.value).toBe('v')
  })

  it('throws for no kind of header value', () => {
    for (const value of [1, null, {}, [1], [[]], Symbol('x'), []]) {
      const headers = { traceparent: value, tracestate: value, baggage: value } as never
      expect(spanOf(propagator.extractHeaders(headers))).toBeUndefined()
    }
  })

  it('finds names in any case, and puts what it read where it writes', () => {
    const context = propagator.extract(
      ROOT_CONTEXT,
      { TraceParent: TRACEPARENT, TRACESTATE: 'a=1', Baggage: 'k=v;p' },
      defaultTextMapGetter,
    )
    const carrier = {}
    propagator.inject(context, carrier, defaultTextMapSetter)
    expect(carrier).toEqual({ traceparent: TRACEPARENT, tracestate: 'a=1', baggage: 'k=v;p' })
    expect(propagator.fields()).toEqual(['traceparent', 'tracestate', 'baggage'])
  })

  it('changes nothing when getter or setter throw', () => {
    const thrower = () => {
      throw new Error('no')
    }
    const context = propagator.extractHeaders({ traceparent: TRACEPARENT })
    expect(propagator.extract(context, {}, { get: thrower, keys: thrower })).toBe(context)
    propagator.inject(context, Object.freeze({}), defaultTextMapSetter)
    propagator.inject(context, {}, { set: thrower })
  })

  it('writes nothing for a span that is not valid', () => {
    const carrier = {}
    const context = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: 'nonsense\r\nx: y',
      spanId: '1',
      traceFlags: 1,
    })
    propagator.inject(context, carrier, defaultTextMapSetter)
    expect(carrier).toEqual({})
  })

  it('reads hostile headers in time linear in their length, in every format', () => {
    // Work is counted, not timed: each character is looked at a bounded number of times.
    for (const unit of [',', ';', '=', '-', ' ', '\t', '%', 'a=', 'a=b,', ' ,', '%2', ';;=']) {
      const small = counted(unit.repeat(2_000))
      const large = counted(unit.repeat(4_000))
      expect(large).toBeLessThanOrEqual(2 * small + 200)
    }
  })
})

const everyFormat = new Propagator(
  resolvePropagators(['tracecontext', 'baggage', 'b3', 'b3multi', 'jaeger'], diagnostics),
  isInternalHost,
)

/** How often the parsers look at characters of this text. */
function counted(text: string): number {
  let looks = 0
  const original = String.prototype.charCodeAt
  const originalIndexOf = String.prototype.indexOf
  String.prototype.charCodeAt = function (this: string, at: number) {
    looks++
    return original.call(this, at)
  }
  String.prototype.indexOf = function (this: string, what: string, from?: number) {
    const found = originalIndexOf.call(this, what, from)
    looks += (found < 0 ? this.length : found) - (from ?? 0)
    return found
  }
  try {
    propagator.extractHeaders({ traceparent: text, tracestate: text, baggage: text })
    propagator.extractHeaders({ traceparent: TRACEPARENT, tracestate: text, baggage: text })
    everyFormat.extractHeaders({
      traceparent: text,
      baggage: text,
      b3: text,
      'x-b3-traceid': text,
      'x-b3-spanid': text,
      'x-b3-sampled': text,
      'uber-trace-id': text,
      'uberctx-key': text,
    })
  } finally {
    String.prototype.charCodeAt = original
    String.prototype.indexOf = originalIndexOf
  }
  return looks
}
