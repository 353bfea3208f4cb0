import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base'
import * as sdk2 from '@opentelemetry/sdk-trace-base'
import { createDiagnostics } from '@triscope/core'
import * as sdk3 from 'sdk-trace-3'
import { describe, expect, it } from 'vitest'
import { createSpanMemory, createSpanProcessor, createTracing } from './index.ts'
import { type DecodedSpan, decodeRequest, resource } from './tracing.fixture.ts'

/** What both majors have, made in the way of each. */
interface Sdk {
  readonly provider: (config: sdk2.TracerConfig) => sdk2.BasicTracerProvider
  readonly memory: () => sdk2.InMemorySpanExporter
  readonly simple: (exporter: sdk2.SpanExporter) => SpanProcessor
  readonly batch: (exporter: sdk2.SpanExporter) => SpanProcessor
  readonly sampler: (ratio: number) => sdk2.Sampler
}

const sdks: readonly (readonly [name: string, sdk: Sdk])[] = [
  [
    'sdk-trace-base 2.x',
    {
      provider: (config) => new sdk2.BasicTracerProvider(config),
      memory: () => new sdk2.InMemorySpanExporter(),
      simple: (exporter) => new sdk2.SimpleSpanProcessor(exporter),
      batch: (exporter) => new sdk2.BatchSpanProcessor(exporter),
      sampler: (ratio) => new sdk2.ParentBasedSampler({ root: new sdk2.TraceIdRatioBasedSampler(ratio) }),
    },
  ],
  [
    'sdk-trace 3.x',
    {
      provider: (config) =>
        new sdk3.TracerProvider(config as sdk3.TracerProviderOptions) as unknown as sdk2.BasicTracerProvider,
      memory: () => new sdk3.InMemorySpanExporter() as unknown as sdk2.InMemorySpanExporter,
      simple: (exporter) => new sdk3.SimpleSpanProcessor({ exporter }),
      batch: (exporter) => new sdk3.BatchSpanProcessor({ exporter }),
      sampler: (ratio) => new sdk3.ParentBasedSampler({ root: new sdk3.TraceIdRatioBasedSampler(ratio) }),
    },
  ],
]

const REMOTE = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  traceFlags: 1,
  isRemote: true,
}

/** The same calls on any tracer: a root with everything, a child, and a child of a remote parent. */
function tell(tracer: Tracer): void {
  const root = tracer.startSpan(
    'first',
    {
      root: true,
      kind: SpanKind.PRODUCER,
      startTime: [1_700_000_000, 5],
      attributes: { a: 1, list: ['x', 'y'] },
      links: [{ context: REMOTE, attributes: { why: 'batch' } }],
    },
    ROOT_CONTEXT,
  )
  root.setAttributes({ b: true, a: 2 }).setAttribute('c', 1.5)
  root.addEvent('seen', { n: 1 }, [1_700_000_001, 0])
  root.recordException(new RangeError('too far', { cause: new Error('why') }), [1_700_000_001, 1])
  root.setStatus({ code: SpanStatusCode.ERROR, message: 'failed' })
  root.updateName('renamed')
  tracer
    .startSpan('child', { startTime: [1_700_000_001, 2] }, trace.setSpan(ROOT_CONTEXT, root))
    .end([1_700_000_001, 9])
  root.end([1_700_000_002, 7])
  tracer
    .startSpan('remote', { startTime: [1_700_000_003, 0] }, trace.setSpanContext(ROOT_CONTEXT, REMOTE))
    .end([1_700_000_003, 1])
}

/** What a reader sees, with ids by what they stand for. */
function seen(spans: readonly ReadableSpan[]): unknown {
  const ids = new Map(spans.map((span) => [span.spanContext().spanId, span.name]))
  return spans.map((span) => ({
    name: span.name,
    kind: span.kind,
    parent:
      span.parentSpanContext === undefined
        ? undefined
        : (ids.get(span.parentSpanContext.spanId) ?? span.parentSpanContext),
    start: span.startTime,
    end: span.endTime,
    duration: span.duration,
    ended: span.ended,
    status: span.status,
    attributes: span.attributes,
    links: span.links.map(({ context, attributes, droppedAttributesCount }) => ({
      context,
      attributes,
      dropped: droppedAttributesCount ?? 0,
    })),
    events: span.events.map(({ name, time, attributes }) => ({
      name,
      time,
      attributes: {
        ...attributes,
        'exception.stacktrace': attributes?.['exception.stacktrace'] === undefined ? undefined : 'a stack',
      },
    })),
    dropped: [span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount],
    scope: { ...span.instrumentationScope },
    service: span.resource.attributes['service.name'],
  }))
}

describe.each(sdks)('%s', (_name, sdk) => {
  it('reads our spans as its own', async () => {
    const [ours, theirs] = [sdk.memory(), sdk.memory()]
    const tracing = createTracing({ resource, processors: [sdk.simple(ours)] })
    const provider = sdk.provider({
      resource: resourceFromAttributes({ 'service.name': 'orders' }),
      spanProcessors: [sdk.simple(theirs)],
    })
    tell(tracing.provider.getTracer('library', '1.2.3', { schemaUrl: 'https://schema/1' }))
    tell(provider.getTracer('library', '1.2.3', { schemaUrl: 'https://schema/1' }))
    await Promise.all([tracing.flush(), provider.forceFlush()])
    expect(ours.getFinishedSpans()).toHaveLength(3)
    expect(seen(ours.getFinishedSpans())).toEqual(seen(theirs.getFinishedSpans()))
  })

  it('has its batch processor filled and flushed', async () => {
    const memory = sdk.memory()
    const tracing = createTracing({ resource, processors: [sdk.batch(memory)] })
    tell(tracing.tracer)
    expect(memory.getFinishedSpans()).toHaveLength(0)
    expect(await tracing.flush()).toBe(true)
    expect(memory.getFinishedSpans()).toHaveLength(3)
    await tracing.shutdown()
  })

  it('decides as a sampler for our spans, with the state it gives', () => {
    for (const ratio of [0, 1]) {
      const { tracer } = createTracing({
        resource,
        sampler: sdk.sampler(ratio),
      })
      expect(tracer.startSpan('s', { root: true }).isRecording()).toBe(ratio === 1)
      const below = trace.setSpanContext(ROOT_CONTEXT, REMOTE)
      expect(tracer.startSpan('s', {}, below).isRecording()).toBe(true)
    }
  })

  it('is exported by our processor, byte for byte what was told', async () => {
    const bodies: Buffer[] = []
    const server = createServer((req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('end', () => {
        const raw = Buffer.concat(chunks)
        bodies.push(req.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw)
        res.end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`
    const memory = sdk.memory()
    const otelResource = resourceFromAttributes({ 'service.name': 'orders' })
    const ours = createSpanProcessor({ resource: otelResource, exporter: { url } })
    const provider = sdk.provider({
      resource: otelResource,
      spanLimits: { attributeCountLimit: 3, eventCountLimit: 1 },
      spanProcessors: [ours, sdk.simple(memory)],
    })
    tell(provider.getTracer('library', '1.2.3', { schemaUrl: 'https://schema/1' }))
    await provider.forceFlush()
    await provider.shutdown()
    server.close()

    const [request] = bodies.map(decodeRequest)
    const [resourceSpans] = request?.resourceSpans ?? []
    expect(resourceSpans?.resource.attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'orders' } },
    ])
    const [scopeSpans] = resourceSpans?.scopeSpans ?? []
    expect(scopeSpans).toMatchObject({
      scope: { name: 'library', version: '1.2.3' },
      schemaUrl: 'https://schema/1',
    })
    const spans = scopeSpans?.spans ?? []
    expect(spans.map(({ name }) => name)).toEqual(['child', 'renamed', 'remote'])
    for (const [index, told] of memory.getFinishedSpans().entries()) {
      const sent = spans[index] as DecodedSpan
      expect(sent.traceId).toBe(told.spanContext().traceId)
      expect(sent.spanId).toBe(told.spanContext().spanId)
      expect(sent.parentSpanId).toBe(told.parentSpanContext?.spanId ?? '')
      expect(sent.flags).toBe(
        0x100 | told.spanContext().traceFlags | (told.parentSpanContext?.isRemote === true ? 0x200 : 0),
      )
      expect(sent.kind).toBe(told.kind + 1)
      expect(sent.startTimeUnixNano).toBe(`${told.startTime[0]}${String(told.startTime[1]).padStart(9, '0')}`)
      expect(sent.endTimeUnixNano).toBe(`${told.endTime[0]}${String(told.endTime[1]).padStart(9, '0')}`)
      expect(sent.attributes.map(({ key }) => key)).toEqual(Object.keys(told.attributes))
      expect(sent.events.map(({ name }) => name)).toEqual(told.events.map(({ name }) => name))
      expect(sent.droppedAttributesCount).toBe(told.droppedAttributesCount)
      expect(sent.droppedEventsCount).toBe(told.droppedEventsCount)
      expect(sent.links.map(({ traceId }) => traceId)).toEqual(
        told.links.map(({ context }) => context.traceId),
      )
    }
    expect(spans[1]).toMatchObject({
      droppedAttributesCount: 1,
      droppedEventsCount: 1,
      status: { code: 2, message: 'failed' },
    })
  })
})

describe('foreign processors', () => {
  it('are told in the order: start, ending, our encoding, end', () => {
    const memory = createSpanMemory()
    const order: string[] = []
    const writing = (name: string): SpanProcessor => ({
      onStart: (span: Span, parent: Context) => {
        order.push(`${name} start`)
        expect(parent).toBe(ROOT_CONTEXT)
        span.setAttribute(`${name}.start`, true)
      },
      onEnding: (span) => {
        order.push(`${name} ending`)
        expect([span.ended, span.isRecording(), memory.spans.length]).toEqual([false, true, 0])
        span.setAttribute(`${name}.ending`, true)
      },
      onEnd: (span) => {
        order.push(`${name} end`)
        expect([span.ended, memory.spans.length]).toEqual([true, 1])
        ;(span as unknown as Span).setAttribute(`${name}.end`, true)
      },
      forceFlush: async () => {},
      shutdown: async () => {},
    })
    const diagnostics = createDiagnostics({ onMessage: () => {} })
    const { tracer } = createTracing({
      resource,
      diagnostics,
      processors: [writing('a'), writing('b')],
      exporter: memory,
    })
    tracer.startSpan('work', {}, ROOT_CONTEXT).end()
    expect(order).toEqual(['a start', 'b start', 'a ending', 'b ending', 'a end', 'b end'])
    const [span] = memory.spans
    expect(Object.keys(span?.attributes ?? {})).toEqual(['a.start', 'b.start', 'a.ending', 'b.ending'])
    expect(diagnostics.snapshot().filter(({ name }) => name.includes('failures'))).toEqual([])
  })
})

describe('our processor on a stock provider', () => {
  const setUp = () => {
    const memory = createSpanMemory()
    const diagnostics = createDiagnostics({ onMessage: () => {} })
    const processor = createSpanProcessor({ resource, exporter: memory, diagnostics })
    const provider = new sdk2.BasicTracerProvider({ spanProcessors: [processor] })
    const dropped = () =>
      Object.fromEntries(
        diagnostics
          .snapshot()
          .filter(({ name }) => name === 'triscope_telemetry_dropped_total')
          .map(({ labels, value }) => [labels['reason'], value]),
      )
    return { memory, processor, tracer: provider.getTracer('x'), provider, dropped }
  }

  it('leaves out what is not sampled, and counts what comes after its end', async () => {
    const { memory, processor, tracer, dropped } = setUp()
    const unsampled = { ...REMOTE, traceFlags: 0 }
    tracer.startSpan('no', {}, trace.setSpanContext(ROOT_CONTEXT, unsampled)).end()
    tracer.startSpan('yes').end()
    expect(memory.spans.map(({ name }) => name)).toEqual(['yes'])
    await processor.shutdown()
    await processor.shutdown()
    await processor.forceFlush()
    tracer.startSpan('late').end()
    expect(memory.spans).toHaveLength(1)
    expect(dropped()).toEqual({ SHUTDOWN: 1 })
  })

  it('throws for no span, whatever it is', () => {
    const { processor, dropped } = setUp()
    const hostile = {
      spanContext: () => ({ ...REMOTE }),
      get name() {
        throw new Error('no')
      },
      instrumentationScope: { name: 'x' },
      status: { code: 0 },
    }
    processor.onEnd(hostile as unknown as ReadableSpan)
    const noIds: object = Object.create(hostile, {
      spanContext: { value: () => ({ ...REMOTE, spanId: 'x' }) },
    })
    processor.onEnd(noIds as ReadableSpan)
    expect(dropped()).toEqual({ VALUE_INVALID: 2 })
  })

  it('refuses an option that it does not know', () => {
    expect(() => createSpanProcessor({ resource, exporter: 'none', limits: {} } as never)).toThrow(
      'unknown option "spanProcessor.limits"',
    )
  })
})
