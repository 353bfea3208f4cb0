import {
  type Attributes,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  type ReadableSpan,
  SamplingDecision,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { createDiagnostics, createRedaction } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { createTracing, type TracingOptions } from './index.ts'
import { ManualClock, resource } from './tracing.fixture.ts'

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

function setUp(options: Partial<TracingOptions> = {}) {
  const clock = new ManualClock()
  const diagnostics = createDiagnostics({ clock, onMessage: () => {} })
  const memory = new InMemorySpanExporter()
  const tracing = createTracing({
    resource,
    clock,
    diagnostics,
    processors: [new SimpleSpanProcessor(memory)],
    ...options,
  })
  const count = (name: string, label?: string) =>
    diagnostics
      .snapshot()
      .filter(
        (point) =>
          point.name === name && (label === undefined || Object.values(point.labels).includes(label)),
      )
      .reduce((sum, point) => sum + point.value, 0)
  const read = (span: Span): ReadableSpan => span as unknown as ReadableSpan
  const start = (options?: SpanOptions, name = 'work') =>
    tracing.tracer.startSpan(name, options, ROOT_CONTEXT)
  return { clock, memory, tracing, count, read, start }
}

const throwing = (): never => {
  throw new Error('from the app')
}
/** Values that bite whoever reads them. */
const hostile: unknown[] = [
  new Proxy({}, { get: throwing, ownKeys: throwing, getPrototypeOf: throwing, has: throwing }),
  Object.defineProperty({}, 'x', { get: throwing, enumerable: true }),
  { toString: throwing, toJSON: throwing },
  Object.create(null),
  Symbol('s'),
  10n,
  () => {},
  [1, 'mixed'],
  [{}],
  new Proxy([1], { get: throwing }),
  new Date(Number.NaN),
  { getTime: throwing },
  '\ud800',
  Number.NaN,
  null,
  undefined,
]

describe('a span', () => {
  it('is what sdk-trace-base calls readable, field by field', () => {
    const { clock, tracing, read } = setUp()
    const tracer = tracing.provider.getTracer('lib', '1.2.3', { schemaUrl: 'https://schema' })
    const remote = tracing.extract({ traceparent: TRACEPARENT, tracestate: 'a=1' })
    const span = tracer.startSpan('a', { kind: SpanKind.PRODUCER, attributes: { n: 1 } }, remote)
    const linked = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }
    span
      .updateName('b')
      .setAttribute('list', ['x', null, 'y'])
      .addLink({ context: linked, attributes: { l: true } })
    clock.advance(1_500.25)
    span.addEvent('happened', { e: 1.5 })
    clock.advance(0.5)
    span.end()
    const ended = read(span)
    expect(ended.name).toBe('b')
    expect(ended.kind).toBe(SpanKind.PRODUCER)
    expect(ended.spanContext()).toMatchObject({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', traceFlags: 1 })
    expect(ended.spanContext().traceState?.serialize()).toBe('a=1')
    expect(ended.spanContext()).toBe(ended.spanContext())
    expect(ended.parentSpanContext).toMatchObject({ spanId: '00f067aa0ba902b7', isRemote: true })
    expect(ended.startTime).toEqual([1_700_000_000, 0])
    expect(ended.endTime).toEqual([1_700_000_001, 500_750_000])
    expect(ended.duration).toEqual([1, 500_750_000])
    expect(ended.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(ended.attributes).toEqual({ n: 1, list: ['x', null, 'y'] })
    expect(ended.links).toEqual([{ context: linked, attributes: { l: true }, droppedAttributesCount: 0 }])
    expect(ended.events).toEqual([
      {
        name: 'happened',
        attributes: { e: 1.5 },
        time: [1_700_000_001, 500_250_000],
        droppedAttributesCount: 0,
      },
    ])
    expect(ended.instrumentationScope).toEqual({ name: 'lib', version: '1.2.3', schemaUrl: 'https://schema' })
    expect(ended.ended).toBe(true)
    expect([ended.droppedAttributesCount, ended.droppedEventsCount, ended.droppedLinksCount]).toEqual([
      0, 0, 0,
    ])
  })

  it('carries a resource that merges with those of @opentelemetry/resources, both ways', () => {
    const { start, read } = setUp()
    const ours = read(start()).resource
    const theirs = resourceFromAttributes({ 'service.name': 'other', extra: 1 })
    expect(ours.merge(theirs).attributes).toEqual({ 'service.name': 'other', extra: 1 })
    expect(theirs.merge(ours).attributes).toEqual({ 'service.name': 'orders', extra: 1 })
    expect(ours.merge(null).attributes).toEqual({ 'service.name': 'orders' })
    expect(ours.asyncAttributesPending).toBe(false)
  })

  it('names its local parent, which it does not hold', () => {
    const { tracing, start, read } = setUp()
    const parent = start()
    const child = tracing.tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent))
    expect(read(child).parentSpanContext).toEqual(parent.spanContext())
    expect(child.spanContext().traceId).toBe(parent.spanContext().traceId)
    expect(read(parent).parentSpanContext).toBeUndefined()
    const root = tracing.tracer.startSpan('root', { root: true }, trace.setSpan(ROOT_CONTEXT, parent))
    expect(root.spanContext().traceId).not.toBe(parent.spanContext().traceId)
  })

  it('starts now below a parent that has ended and was let go', () => {
    const { tracing, clock } = setUp({ processors: [] })
    const parent = tracing.tracer.startSpan('parent', {}, ROOT_CONTEXT)
    parent.end()
    clock.advance(5_000)
    const child = tracing.tracer.startSpan(
      'child',
      {},
      trace.setSpan(ROOT_CONTEXT, parent),
    ) as unknown as ReadableSpan
    expect(child.startTime).toEqual([1_700_000_005, 0])
    expect(child.parentSpanContext).toEqual(parent.spanContext())
  })

  it('keeps nothing but its ids when it has ended and nobody reads it', () => {
    const { tracing, read } = setUp({ processors: [] })
    const span = tracing.tracer.startSpan('big', { attributes: { a: 'x'.repeat(1_000) } }, ROOT_CONTEXT)
    const ids = span.spanContext()
    span.end()
    expect([read(span).attributes, read(span).name, span.spanContext()]).toEqual([{}, '', ids])
  })

  it('takes the parent of another SDK, and starts a new trace for one that is not valid', () => {
    const { tracing } = setUp()
    const below = (traceId: string) =>
      tracing.tracer
        .startSpan(
          'x',
          {},
          trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: '00f067aa0ba902b7', traceFlags: 1 }),
        )
        .spanContext().traceId
    expect(below('4bf92f3577b34da6a3ce929d0e0e4736')).toBe('4bf92f3577b34da6a3ce929d0e0e4736')
    expect(below('0'.repeat(32))).toMatch(/^(?!0{32})[0-9a-f]{32}$/)
    expect(below('nonsense')).toMatch(/^[0-9a-f]{32}$/)
  })

  it('says of a new trace that its id is random, and keeps what the caller said of its own (Level 2)', () => {
    const { tracing, start } = setUp()
    expect(start().spanContext().traceFlags).toBe(3)
    const flags = (flag: string) =>
      tracing.tracer
        .startSpan('x', {}, tracing.extract({ traceparent: TRACEPARENT.slice(0, -2) + flag }))
        .spanContext().traceFlags
    expect(['00', '01', '02', '03'].map(flags)).toEqual([0, 1, 2, 3])
    const off = setUp({ sampler: 0 })
    expect(off.start().spanContext().traceFlags).toBe(2)
  })

  it('lets the last value of a key win, whatever the number of keys', () => {
    const { start, read } = setUp()
    const span = start()
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 100; i++) span.setAttribute(`k${i}`, `${round}.${i}`)
    }
    const { attributes } = read(span)
    expect(Object.keys(attributes)).toHaveLength(100)
    for (let i = 0; i < 100; i++) expect(attributes[`k${i}`]).toBe(`1.${i}`)
  })

  it('drops and counts what is beyond the limits', () => {
    const { start, read } = setUp({ limits: { attributes: 2, attributeLength: 3, events: 2, links: 1 } })
    const span = start({ attributes: { a: 'long', b: ['long', 'x'], c: 1 } })
    span.setAttribute('d', 1).setAttribute('a', 'other')
    for (const name of ['e1', 'e2', 'e3']) span.addEvent(name, { p: 1, q: 2, r: 3 })
    for (const spanId of ['00f067aa0ba902b7', 'b7ad6b7169203331']) {
      span.addLink({ context: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId, traceFlags: 0 } })
    }
    const got = read(span)
    expect(got.attributes).toEqual({ a: 'oth', b: ['lon', 'x'] })
    expect(got.droppedAttributesCount).toBe(2)
    expect(got.events.map(({ name, droppedAttributesCount }) => [name, droppedAttributesCount])).toEqual([
      ['e2', 1],
      ['e3', 1],
    ])
    expect(got.droppedEventsCount).toBe(1)
    expect(got.links.map(({ context }) => context.spanId)).toEqual(['b7ad6b7169203331'])
    expect(got.droppedLinksCount).toBe(1)
  })

  it('keeps nothing where a limit is 0, and never cuts a character in two', () => {
    const { start, read } = setUp({ limits: { attributes: 0, events: 0, links: 0 } })
    const span = start({ attributes: { a: 1 } }).addEvent('e')
    span.addLink({
      context: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 0 },
    })
    const got = read(span)
    expect([got.attributes, got.events, got.links]).toEqual([{}, [], []])
    expect([got.droppedAttributesCount, got.droppedEventsCount, got.droppedLinksCount]).toEqual([1, 1, 1])
    const short = setUp({ limits: { attributeLength: 2 } })
    expect(short.read(short.start({ attributes: { a: 'x😀' } })).attributes).toEqual({ a: 'x' })
  })

  it('cuts texts and lists that would hold the process up, and counts the lists', () => {
    const { start, read, count } = setUp()
    const text = 'x'.repeat(100_000)
    const long = new Array<number>(3e7)
    const span = start().setAttributes({ text, long, texts: new Array<string>(500).fill(text), few: [1, 2] })
    const { attributes } = read(span)
    expect(attributes['text']).toHaveLength(65_536)
    expect(attributes['long']).toHaveLength(1_000)
    expect(attributes['texts']).toHaveLength(16)
    expect(attributes['few']).toEqual([1, 2])
    expect(count('triscope_telemetry_dropped_total', 'VALUE_INVALID')).toBe(2)
    const wide = setUp({ limits: { attributeLength: Number.POSITIVE_INFINITY, arrayLength: 3 } })
    const { attributes: kept } = wide.read(wide.start({ attributes: { text, list: [1, 2, 3, 4] } }))
    expect([kept['text'], kept['list']]).toEqual([text, [1, 2, 3]])
  })

  it('leaves out values that are no attribute values, and counts them', () => {
    const { start, read, count } = setUp()
    const span = start()
    const bad = [{}, 10n, Symbol('s'), () => {}, [1, 'mixed'], [{}], [[1]]] as unknown[]
    for (const value of bad) span.setAttribute('bad', value as never)
    span
      .setAttribute('', 'no name')
      .setAttribute('nothing', undefined as never)
      .setAttribute('null', null as never)
    expect(read(span).attributes).toEqual({})
    expect(count('triscope_telemetry_dropped_total', 'VALUE_INVALID')).toBe(bad.length + 1)
  })

  it('copies arrays, so that the app may go on with its own', () => {
    const { start, read } = setUp()
    const list = ['a']
    const span = start({ attributes: { list } })
    list.push('b')
    expect(read(span).attributes).toEqual({ list: ['a'] })
  })

  it('keeps keys that live on every object', () => {
    const { start, read } = setUp()
    const attributes = JSON.parse('{"__proto__":"p","constructor":"c","toString":"t"}') as Attributes
    const got = read(start({ attributes })).attributes
    expect(Object.keys(got)).toEqual(['__proto__', 'constructor', 'toString'])
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['p']).toBeUndefined()
  })

  it('follows the rules of status: unset changes nothing, ok is final, only error has a message', () => {
    const { start, read } = setUp()
    const span = start()
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'a' })
    span.setStatus({ code: SpanStatusCode.UNSET })
    expect(read(span).status).toEqual({ code: SpanStatusCode.ERROR, message: 'a' })
    span.setStatus({ code: SpanStatusCode.ERROR })
    expect(read(span).status).toEqual({ code: SpanStatusCode.ERROR })
    span.setStatus({ code: SpanStatusCode.OK, message: 'ignored' })
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'too late' })
    expect(read(span).status).toEqual({ code: SpanStatusCode.OK })
    expect(read(start().setStatus({ code: 7 as never })).status).toEqual({ code: SpanStatusCode.UNSET })
  })

  it('records what was thrown, whatever that was', () => {
    const { start, read } = setUp()
    class PaymentError extends Error {}
    const span = start()
    span.recordException(new PaymentError('declined'), [1_700_000_001, 5])
    span.recordException('text')
    span.recordException(new Proxy({}, { get: throwing }) as never)
    span.recordException(undefined as never)
    const [first, second, ...rest] = read(span).events
    expect(first?.name).toBe('exception')
    expect(first?.time).toEqual([1_700_000_001, 5])
    expect(first?.attributes).toMatchObject({
      'exception.type': 'PaymentError',
      'exception.message': 'declined',
    })
    expect(first?.attributes?.['exception.stacktrace']).toContain('span.test')
    expect(second?.attributes).toEqual({ 'exception.type': 'string', 'exception.message': 'text' })
    expect(rest).toEqual([])
    expect(read(span).status.code).toBe(SpanStatusCode.UNSET)
  })

  it('ignores and counts every call after its end', () => {
    const { start, read, memory, count } = setUp()
    const span = start({ attributes: { a: 1 } }, 'first')
    span.end()
    const before = JSON.stringify(read(span).attributes)
    span.setAttribute('b', 2).setAttributes({ c: 3 }).addEvent('e').updateName('second')
    span.setStatus({ code: SpanStatusCode.ERROR }).end()
    span.recordException(new Error('late'))
    expect(span.isRecording()).toBe(false)
    expect(JSON.stringify(read(span).attributes)).toBe(before)
    expect([read(span).name, read(span).events, read(span).status.code]).toEqual(['first', [], 0])
    expect(memory.getFinishedSpans()).toHaveLength(1)
    expect(count('triscope_span_calls_after_end_total')).toBe(7)
  })

  it('takes every kind of time that the API knows', () => {
    const { start, read, clock } = setUp()
    expect(read(start({ startTime: 1_600_000_000_123.5 })).startTime).toEqual([1_600_000_000, 123_500_000])
    expect(read(start({ startTime: [5, 6] })).startTime).toEqual([5, 6])
    expect(read(start({ startTime: new Date(1_600_000_000_001) })).startTime).toEqual([
      1_600_000_000, 1_000_000,
    ])
    // A reading of the monotonic clock, 10 s ago.
    expect(read(start({ startTime: clock.monotonic - 10_000 })).startTime).toEqual([1_699_999_990, 0])
    expect(read(start({ startTime: Number.NaN })).startTime).toEqual([1_700_000_000, 0])
    const span = start()
    span.end(1_700_000_002_000)
    expect(read(span).duration).toEqual([2, 0])
  })

  it('is never shorter than nothing, though the clock be set back (fault 20 of the reliability list)', () => {
    const { start, read, clock, tracing } = setUp()
    const span = start()
    clock.wall -= 3_600_000
    clock.monotonic += 250
    const child = tracing.tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, span))
    child.end()
    span.end()
    expect(read(span).duration).toEqual([0, 250_000_000])
    expect(read(child).startTime).toEqual([1_700_000_000, 250_000_000])
    const given = start()
    given.end(1_000)
    expect(read(given).duration).toEqual([0, 0])
  })

  it('throws for nothing the app can pass', () => {
    const { tracing } = setUp({ exporter: [] })
    for (const value of hostile as never[]) {
      const spans = [
        tracing.tracer.startSpan(value, value),
        tracing.tracer.startSpan('x', {
          attributes: value,
          links: value,
          startTime: value,
          kind: value,
          root: value,
        }),
        tracing.tracer.startSpan('x', { attributes: { a: value }, links: [value] }),
      ]
      for (const span of spans) {
        span
          .setAttribute(value, value)
          .setAttribute('k', value)
          .setAttributes(value)
          .setAttributes({ k: value })
        span.addEvent(value, value, value).addEvent('e', { k: value }).addLink(value).addLinks(value)
        span.addLink({ context: value }).setStatus(value).updateName(value)
        span.recordException(value, value)
        span.end(value)
      }
      tracing.provider.getTracer(value, value, value).startSpan('y').end()
    }
  })
})

describe('sampling', () => {
  it('keeps the caller decision whatever the ratio', () => {
    for (const sampler of [0, 1]) {
      const { tracing } = setUp({ sampler })
      const sampled = (flag: string) =>
        tracing.tracer
          .startSpan('x', {}, tracing.extract({ traceparent: TRACEPARENT.slice(0, -2) + flag }))
          .isRecording()
      expect([sampled('00'), sampled('01')]).toEqual([false, true])
    }
  })

  it('keeps about the ratio of new traces, and the whole of each', () => {
    const { tracing, start, count } = setUp({ sampler: 0.25, processors: [] })
    let kept = 0
    for (let i = 0; i < 4_000; i++) {
      const root = start()
      const child = tracing.tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, root))
      expect(child.isRecording()).toBe(root.isRecording())
      expect(child.spanContext().traceId).toBe(root.spanContext().traceId)
      expect(child.spanContext().spanId).not.toBe(root.spanContext().spanId)
      if (root.isRecording()) kept++
    }
    // Eight standard deviations.
    expect(Math.abs(kept - 1_000)).toBeLessThan(220)
    expect(count('otel_sdk_span_started_total', 'RECORD_AND_SAMPLE')).toBe(2 * kept)
    expect(count('otel_sdk_span_started_total', 'DROP')).toBe(2 * (4_000 - kept))
    expect(count('otel_sdk_span_live')).toBe(2 * kept)
  })

  it('shows a span that is recorded and not sampled to processors, and exports it to nobody', async () => {
    let decision = 1
    const { tracing, memory, count, start } = setUp({
      sampler: { shouldSample: () => ({ decision }), toString: () => 'fixed' },
      exporter: { url: 'http://127.0.0.1:9/v1/traces' },
    })
    start().end()
    expect(count('otel_sdk_processor_span_queue_size')).toBe(0)
    decision = 2
    start().end()
    expect(count('otel_sdk_processor_span_queue_size')).toBe(1)
    expect(memory.getFinishedSpans()).toHaveLength(1)
    void tracing.shutdown(0)
  })

  it('tells how many recording spans have ended', () => {
    const { tracing, start } = setUp()
    start().end()
    start()
    tracing.tracer.startSpan('x', {}, tracing.extract({ traceparent: `${TRACEPARENT.slice(0, -2)}00` })).end()
    expect(tracing.endedSpans).toBe(1)
  })

  it('obeys samplers of sdk-trace-base', () => {
    expect(setUp({ sampler: new AlwaysOnSampler() }).start().isRecording()).toBe(true)
    expect(setUp({ sampler: new AlwaysOffSampler() }).start().isRecording()).toBe(false)
  })

  it('gives a foreign sampler all it asks for, and takes all it answers', () => {
    const seen: unknown[] = []
    const sampler = {
      shouldSample: (...args: unknown[]) => {
        seen.push(args.slice(1))
        return { decision: SamplingDecision.RECORD, attributes: { why: 'rule' } }
      },
    }
    const { start, read, memory } = setUp({ sampler })
    const span = start({ kind: SpanKind.CLIENT, attributes: { a: 1 } }, 'asked')
    span.end()
    expect(seen).toEqual([[span.spanContext().traceId, 'asked', SpanKind.CLIENT, { a: 1 }, []]])
    expect(read(span).attributes).toEqual({ a: 1, why: 'rule' })
    expect(span.spanContext().traceFlags & 1).toBe(0)
    expect(memory.getFinishedSpans()).toEqual([])
  })

  it('survives a sampler that throws: the span is not recorded, and that is counted', () => {
    const { start, count } = setUp({ sampler: { shouldSample: throwing } })
    expect(start().isRecording()).toBe(false)
    expect(count('triscope_telemetry_dropped_total')).toBe(1)
  })
})

describe('redaction of a span', () => {
  it('reads a list of links to its limit and 10 000 more, whatever its length or end', () => {
    const { start, read } = setUp({ limits: { links: 2 } })
    const context = start().spanContext()
    let taken = 0
    function* endless(): Generator<Link> {
      for (; taken < 50_000; taken++) yield { context }
    }
    const got = read(start().addLinks(endless() as unknown as Link[]))
    expect(taken).toBe(10_002)
    expect(got.links).toHaveLength(2)
    expect(got.droppedLinksCount).toBe(10_000)
    const huge = read(start().addLinks(Object.assign([{ context }], { length: 100_000_000 })))
    expect(huge.links).toHaveLength(1)
  })

  it('hides secrets by name and by form, in attributes, events, links, exceptions, statuses and database text', () => {
    const { start, read } = setUp()
    const span = start({
      attributes: { 'http.request.header.authorization': ['S3CR3T'], list: ['a', 'token=S3CR3T'] },
      links: [{ context: start().spanContext(), attributes: { 'x-api-key': 'S3CR3T' } }],
    })
    span.setAttribute('url.full', 'https://u:S3CR3T@h/p?access_token=S3CR3T')
    span.setAttribute('url.query', 'access_token=S3CR3T&x=1')
    span.setAttributes({
      dbPassword: 'S3CR3T',
      note: 'Bearer S3CR3Ttoken',
      'db.query.text': "SELECT 'S3CR3T'",
    })
    span.addEvent('e', { cookie: 'S3CR3T' })
    span.recordException(new Error('connect db://u:S3CR3T@h'))
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'password=S3CR3T' })
    span.end()
    const { attributes, events, links, status } = read(span)
    const shown = JSON.stringify([attributes, events, links, status])
    expect(shown).not.toContain('S3CR3T')
    expect(shown.match(/REDACTED/g)?.length).toBeGreaterThanOrEqual(10)
  })

  it('lets what a strict policy throws through, and takes own attributes alone', () => {
    const { start, read } = setUp({ redaction: createRedaction({ strict: true }) })
    const span = start()
    expect(() => span.setAttributes({ a: 1, password: 'x' })).toThrow(
      expect.objectContaining({ code: 'TRI_ERR_SECRET' }),
    )
    span.setAttributes(Object.assign(Object.create({ inherited: 1 }) as Attributes, { own: 2 }))
    span.end()
    expect(read(span).attributes).toEqual({ a: 1, own: 2 })
  })

  it('searches each value for secrets, also of a key that has had harmless ones', () => {
    const { start, read } = setUp()
    const span = start()
    for (const note of ['fine', 'fine', 'Bearer S3CR3Ttoken', 'fine', 'Bearer S3CR3Ttoken']) {
      span.setAttribute('note', note)
      expect(JSON.stringify(read(span).attributes)).not.toContain('S3CR3T')
    }
  })
})
