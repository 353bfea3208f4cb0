import { type Attributes, type AttributeValue, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api'
import { createRedaction } from '@triscope/core'
import { ProtobufWriter } from '@triscope/delivery'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTracing } from './index.ts'
import { createFrame } from './otlp-frame.ts'
import { ScopeTable } from './scope.ts'
import { RecordingSpan } from './span.ts'
import { SpanEncoder, writeAttribute } from './span-encoder.ts'
import { type DecodedValue, decodeRequest, decodeSpan, ManualClock, resource } from './tracing.fixture.ts'

const hex = (digits: number) =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`)).filter((text) => !/^0+$/.test(text))
const scalar = [
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.boolean(),
]
const orNull = <T>(item: fc.Arbitrary<T>) => fc.array(fc.option(item))
const value = fc.oneof(
  ...scalar,
  orNull(fc.string()),
  orNull(fc.double()),
  orNull(fc.boolean()),
) as fc.Arbitrary<AttributeValue>
const attributes = fc.dictionary(fc.string({ minLength: 1 }), value, {
  maxKeys: 8,
}) as fc.Arbitrary<Attributes>
const time = fc.tuple(fc.integer({ min: 0, max: 4_000_000_000 }), fc.integer({ min: 0, max: 999_999_999 }))
const context = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  traceFlags: fc.constantFrom(0, 1, 2, 3),
  isRemote: fc.boolean(),
})
const span = fc.record({
  name: fc.string({ unit: 'binary' }),
  kind: fc.integer({ min: 0, max: 4 }),
  attributes,
  startTime: time,
  endTime: time,
  parent: fc.option(context, { nil: undefined }),
  links: fc.array(fc.record({ context, attributes }), { maxLength: 4 }),
  events: fc.array(fc.record({ name: fc.string(), attributes, time }), { maxLength: 4 }),
  status: fc.record({
    code: fc.integer({ min: 0, max: 2 }),
    message: fc.option(fc.string(), { nil: undefined }),
  }),
  state: fc.constantFrom(undefined, 'a=1,b=2'),
})

const nanos = ([seconds, rest]: readonly [number, number]) =>
  String(BigInt(seconds) * 1_000_000_000n + BigInt(rest))
const wellFormed = (text: string) => Buffer.from(text, 'utf8').toString('utf8')

/** What the schema makes of a value: the expectation is written from it, not from the encoder. */
function anyValue(of: AttributeValue | null | undefined): DecodedValue {
  if (of === null || of === undefined) return {}
  if (typeof of === 'string') return { stringValue: wellFormed(of) }
  if (typeof of === 'boolean') return { boolValue: of }
  if (typeof of === 'number') {
    return Number.isSafeInteger(of) && !Object.is(of, -0) ? { intValue: String(of) } : { doubleValue: of }
  }
  return { arrayValue: { values: of.map((item) => anyValue(item)) } }
}

const keyValues = (of: Attributes) =>
  Object.entries(of).map(([key, item]) => ({ key: wellFormed(key), value: anyValue(item) }))

const HAS_IS_REMOTE = 0x100
const IS_REMOTE = 0x200

describe('the OTLP bytes of a span', () => {
  it('say, to a decoder that is not ours, everything that the span was told', () => {
    const clock = new ManualClock()
    const tracing = createTracing({
      resource,
      clock,
      // Any whole number may be a payment card's.
      redaction: Object.assign(createRedaction(), { attribute: (_: string, value: unknown) => value }),
      sampler: { shouldSample: () => ({ decision: 2 }) },
      processors: [keep()],
    })
    fc.assert(
      fc.property(span, (told) => {
        const parentContext =
          told.parent === undefined
            ? ROOT_CONTEXT
            : trace.setSpanContext(ROOT_CONTEXT, {
                ...told.parent,
                ...(told.state === undefined ? {} : { traceState: { serialize: () => told.state } as never }),
              })
        const made = tracing.tracer.startSpan(
          told.name,
          { kind: told.kind, attributes: told.attributes, startTime: told.startTime, links: told.links },
          parentContext,
        )
        for (const event of told.events) made.addEvent(event.name, event.attributes, event.time)
        made.setStatus({
          code: told.status.code,
          ...(told.status.message === undefined ? {} : { message: told.status.message }),
        })
        made.end(told.endTime)
        const decoded = decodeSpan(lastRecord())
        const { traceId, spanId, traceFlags } = made.spanContext()
        const end =
          BigInt(nanos(told.endTime)) < BigInt(nanos(told.startTime)) ? told.startTime : told.endTime
        expect(decoded).toEqual({
          traceId,
          spanId,
          traceState: told.parent === undefined ? '' : (told.state ?? ''),
          parentSpanId: told.parent?.spanId ?? '',
          name: wellFormed(told.name),
          kind: told.kind + 1,
          startTimeUnixNano: nanos(told.startTime),
          endTimeUnixNano: nanos(end),
          attributes: keyValues(told.attributes),
          droppedAttributesCount: 0,
          events: told.events.map((event) => ({
            timeUnixNano: nanos(event.time),
            name: wellFormed(event.name),
            attributes: keyValues(event.attributes),
            droppedAttributesCount: 0,
          })),
          droppedEventsCount: 0,
          links: told.links.map((link) => ({
            traceId: link.context.traceId,
            spanId: link.context.spanId,
            traceState: '',
            attributes: keyValues(link.attributes),
            droppedAttributesCount: 0,
            flags: link.context.traceFlags | HAS_IS_REMOTE | (link.context.isRemote ? IS_REMOTE : 0),
          })),
          droppedLinksCount: 0,
          status:
            told.status.code === SpanStatusCode.UNSET
              ? null
              : {
                  code: told.status.code,
                  message:
                    told.status.code === SpanStatusCode.ERROR ? wellFormed(told.status.message ?? '') : '',
                },
          flags: traceFlags | HAS_IS_REMOTE | (told.parent?.isRemote === true ? IS_REMOTE : 0),
        })
      }),
      { numRuns: 200 },
    )
  })

  it('count what the limits dropped', () => {
    const tracing = createTracing({
      resource,
      limits: { attributes: 1, events: 1, links: 1 },
      processors: [keep()],
    })
    const linked = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 0 }
    const made = tracing.tracer.startSpan('x', { attributes: { a: 1, b: 2, c: 3 } })
    made.addEvent('e').addEvent('f', { a: 1, b: 2 })
    made
      .addLink({ context: linked })
      .addLink({ context: linked, attributes: { a: 1, b: 2 } })
      .end()
    const decoded = decodeSpan(lastRecord())
    expect([decoded.droppedAttributesCount, decoded.droppedEventsCount, decoded.droppedLinksCount]).toEqual([
      2, 1, 1,
    ])
    expect([decoded.events[0]?.droppedAttributesCount, decoded.links[0]?.droppedAttributesCount]).toEqual([
      1, 1,
    ])
  })

  it('say what an encoder that remembers nothing says, whatever the spans before said', () => {
    const { tracer } = createTracing({ resource, processors: [keep()] })
    const repeated = fc.constantFrom<AttributeValue>('a', 'b', 0, -0, 1, 1.5, true, ['a'], 'x'.repeat(300))
    const said = fc.array(fc.dictionary(fc.constantFrom('k', 'l', 'm'), repeated), { maxLength: 60 })
    fc.assert(
      fc.property(said, (spans) => {
        for (const given of spans) {
          tracer.startSpan('x', { attributes: given as Attributes }).end()
          const writer = new ProtobufWriter()
          for (const [key, value] of Object.entries(given)) writeAttribute(writer, 9, key, value)
          expect(decodeSpan(lastRecord()).attributes).toEqual(decodeSpan(writer.finish()).attributes)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('write numbers that are no integers of 64 bits as doubles', () => {
    const read = (number: number) => {
      const writer = new ProtobufWriter()
      writeAttribute(writer, 9, 'n', number)
      return decodeSpan(writer.finish()).attributes[0]?.value
    }
    expect(read(-1)).toEqual({ intValue: '-1' })
    expect(read(Number.MIN_SAFE_INTEGER)).toEqual({ intValue: String(Number.MIN_SAFE_INTEGER) })
    for (const number of [-0, 0.5, 2 ** 53, 1e300, Number.NaN, Number.NEGATIVE_INFINITY]) {
      expect(read(number)).toEqual({ doubleValue: number })
    }
  })
})

describe('a frame', () => {
  it('groups spans by scope under one resource', () => {
    const scopes = new ScopeTable(() => {})
    const http = scopes.add('http', '1.0', 'https://schema')
    const db = scopes.add('db', undefined, undefined)
    const record = (scope: typeof http, name: string) => {
      const writer = new ProtobufWriter()
      writer.raw(scope.header)
      writer.string(5, name)
      return writer.finish()
    }
    const frame = createFrame({ attributes: { 'service.name': 'orders', n: 1, ok: true } }, scopes)
    const records = [record(http, 'a'), record(db, 'b'), record(http, 'c')]
    const request = decodeRequest(frame(records))
    expect(request.resourceSpans).toHaveLength(1)
    const [only] = request.resourceSpans
    expect(only?.resource.attributes).toEqual(keyValues({ 'service.name': 'orders', n: 1, ok: true }))
    expect(
      only?.scopeSpans.map((group) => [
        group.scope.name,
        group.scope.version,
        group.schemaUrl,
        group.spans.map((one) => one.name),
      ]),
    ).toEqual([
      ['http', '1.0', 'https://schema', ['a', 'c']],
      ['db', '', '', ['b']],
    ])
    expect(frame(records)).toEqual(frame(records))
  })

  it('gives further scopes one place when there are too many, and says so', () => {
    let full = 0
    const scopes = new ScopeTable(() => full++)
    for (let i = 0; i < 1_000; i++) scopes.add(`s${i}`, undefined, undefined)
    expect(full).toBe(0)
    const other = scopes.add('one more', undefined, undefined)
    expect(scopes.add('and another', undefined, undefined)).toBe(other)
    expect(other.instrumentationScope.name).toBe('triscope.other-scopes')
    expect(full).toBe(2)
  })
})

let last: RecordingSpan | undefined

/** Keeps the span, whose bytes are then made by the encoder itself. */
function keep() {
  return {
    onStart: () => {},
    onEnd: (ended: unknown) => {
      last = ended instanceof RecordingSpan ? ended : undefined
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  }
}

function lastRecord(): Uint8Array {
  if (last === undefined) throw new Error('no span has ended')
  return new SpanEncoder().encode(last, last.record).subarray(4)
}
