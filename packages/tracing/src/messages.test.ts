import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { activeContext, activeSpanContext, createDiagnostics, installContext, untraced } from '@triscope/core'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { activeSpan, continueTrace, createTracing, inject, setCurrentTracing, span } from './index.ts'
import { resource } from './tracing.fixture.ts'

const withdrawn: (() => void)[] = []
afterEach(() => {
  for (const withdraw of withdrawn.splice(0)) withdraw()
})

function start() {
  const tracing = createTracing({ resource, diagnostics: createDiagnostics({ onMessage: () => {} }) })
  withdrawn.push(setCurrentTracing(tracing))
  return tracing
}

const idsOf = () => ({ ...activeSpanContext() })
const traceparentOf = (carrier: unknown) =>
  continueTrace(carrier as object, () => activeSpanContext()?.spanId)

describe('inject and continueTrace', () => {
  it('carry the trace and its baggage through a message', () => {
    start()
    const baggage = propagation.createBaggage({ tenant: { value: 'a' } })
    const outside = propagation.setBaggage(ROOT_CONTEXT, baggage)
    const [sent, headers] = installContext().run(outside, () =>
      span('send', () => [idsOf(), inject({})] as const),
    )
    expect(Object.keys(headers)).toEqual(['traceparent', 'baggage'])
    continueTrace(headers, () => {
      expect(activeSpanContext()).toMatchObject({ ...sent, isRemote: true })
      expect(baggageHere()).toBe('a')
      span('work', (work) => expect(work.spanContext().traceId).toBe(sent.traceId))
    })
  })

  it.each([
    ['a plain object', () => ({})],
    ['a Map', () => new Map()],
    ['Headers', () => new Headers()],
    ['a list of pairs', () => [['content-type', 'text/plain']]],
    ['a list of objects', () => [{ 'content-type': 'text/plain' }]],
  ])('write into %s what is read from it', (_, empty) => {
    start()
    const carrier = empty() as object
    const spanId = span('send', (sending) => {
      expect(inject(carrier)).toBe(carrier)
      return sending.spanContext().spanId
    })
    expect(traceparentOf(carrier)).toBe(spanId)
    // Sent again from another span, it names that one, and once.
    const second = span('send again', (sending) => {
      inject(carrier)
      return sending.spanContext().spanId
    })
    expect(traceparentOf(carrier)).toBe(second)
  })

  it.each([
    ['a plain object', { traceparent: 'old', tracestate: 'a=1', other: 'x' }],
    [
      'a Map',
      new Map([
        ['tracestate', 'a=1'],
        ['other', 'x'],
      ]),
    ],
    ['Headers', new Headers({ tracestate: 'a=1', other: 'x' })],
    [
      'a list of pairs',
      [
        ['tracestate', 'a=1'],
        ['other', 'x'],
      ],
    ],
    ['a list of objects', [{ tracestate: 'a=1' }, { other: 'x' }]],
  ])('take the state of another trace out of %s that is sent on', (_, carrier) => {
    const tracing = start()
    const spanId = span('send', (sending) => {
      inject(carrier)
      return sending.spanContext().spanId
    })
    expect(traceparentOf(carrier)).toBe(spanId)
    continueTrace(carrier, () => expect(activeSpanContext()?.traceState).toBeUndefined())
    expect(
      JSON.stringify(carrier instanceof Map || carrier instanceof Headers ? [...carrier] : carrier),
    ).toContain('"x"')
    const below = tracing.extract({
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      tracestate: 'c=2',
    })
    installContext().run(below, () => span('send', () => inject(carrier)))
    continueTrace(carrier, () => expect(activeSpanContext()?.traceState?.serialize()).toBe('c=2'))
  })

  it('read names in any case, bytes as text, and lists of one', () => {
    start()
    const spanId = '00f067aa0ba902b7'
    const text = `00-4bf92f3577b34da6a3ce929d0e0e4736-${spanId}-01`
    for (const carrier of [
      { TraceParent: text },
      { traceparent: Buffer.from(text) },
      { traceparent: [Buffer.from(text)] },
      new Map([['Traceparent', new Uint8Array(Buffer.from(text))]]),
      [['TRACEPARENT', text]],
      [{ traceparent: Buffer.from(text) }],
    ]) {
      expect(traceparentOf(carrier)).toBe(spanId)
    }
    expect(
      traceparentOf([
        ['traceparent', text],
        ['traceparent', text],
      ]),
    ).toBeUndefined()
  })

  it('begin a new trace where the message names none, whatever is active outside', () => {
    start()
    span('poll', (poll) => {
      for (const carrier of [{}, null, undefined, { traceparent: 'what' }, [], new Map()]) {
        continueTrace(carrier, () => {
          expect(activeSpan()).toBeUndefined()
          span('work', (work) => expect(work.spanContext().traceId).not.toBe(poll.spanContext().traceId))
        })
      }
    })
  })

  it('give back what fn returns, and throw what it throws', async () => {
    start()
    const error = new Error('no')
    expect(continueTrace({}, () => 7)).toBe(7)
    await expect(continueTrace({}, () => Promise.reject(error))).rejects.toBe(error)
    expect(() =>
      continueTrace({}, () => {
        throw error
      }),
    ).toThrow(error)
  })

  it('do nothing but call fn where no tracing is in force', () => {
    const carrier = inject({})
    expect(carrier).toEqual({})
    expect(continueTrace({ traceparent: 'x' }, () => 'done')).toBe('done')
  })

  it('leave our own traffic alone', () => {
    start()
    expect(span('export', () => untraced(() => inject({})))).toEqual({})
  })

  it('throw for no carrier, whatever it is', () => {
    start()
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('no')
        },
        ownKeys() {
          throw new Error('no')
        },
      },
    )
    const odd = [
      hostile,
      Object.freeze({}),
      Object.freeze([]),
      1,
      'text',
      Symbol('x'),
      () => {},
      null,
      [null, 1, [hostile]],
    ]
    for (const carrier of odd) {
      span('s', () => inject(carrier as object))
      expect(continueTrace(carrier as object, () => 1)).toBe(1)
    }
    fc.assert(
      fc.property(fc.anything(), (carrier) => {
        span('s', () => inject(carrier as object))
        expect(continueTrace(carrier as object, () => 1)).toBe(1)
      }),
      { numRuns: 200 },
    )
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it('read at most 200 names', () => {
    start()
    let asked = 0
    const keys = () => Array.from({ length: 100_000 }, (_, i) => `k${i}`)
    const carrier = { get: () => void asked++, set: () => {}, keys }
    expect(traceparentOf(carrier)).toBeUndefined()
    expect(asked).toBeLessThan(50)
    expect(trace.getSpan(activeContext())).toBeUndefined()
  })
})

const baggageHere = () => propagation.getBaggage(activeContext())?.getEntry('tenant')?.value
