import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { ROOT_CONTEXT, SpanStatusCode } from '@opentelemetry/api'
import { BatchSpanProcessor, InMemorySpanExporter, type SpanExporter } from '@opentelemetry/sdk-trace-base'
import { createDiagnostics, type Diagnostics } from '@triscope/core'
import { afterEach, describe, expect, it } from 'vitest'
import { createTracing, type TracingOptions } from './index.ts'
import { type DecodedRequest, decodeRequest, ManualClock, resource } from './tracing.fixture.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function receiver(status = 200) {
  const requests: { headers: IncomingHttpHeaders; url: string; body: DecodedRequest }[] = []
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const raw = Buffer.concat(chunks)
      const body = req.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
      requests.push({ headers: req.headers, url: req.url ?? '', body: decodeRequest(body) })
      res.writeHead(status).end()
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const names = () =>
    requests.flatMap(({ body }) =>
      body.resourceSpans.flatMap((one) => one.scopeSpans.flatMap((scope) => scope.spans.map((s) => s.name))),
    )
  return { url: `http://127.0.0.1:${port}/v1/traces`, requests, names }
}

function setUp(
  options: Partial<TracingOptions>,
  diagnostics: Diagnostics = createDiagnostics({ onMessage: () => {} }),
) {
  const tracing = createTracing({ resource, diagnostics, ...options })
  const dropped = () =>
    Object.fromEntries(
      diagnostics
        .snapshot()
        .filter(({ name }) => name === 'triscope_telemetry_dropped_total')
        .map(({ labels, value }) => [labels['reason'], value]),
    )
  const work = (name: string) => tracing.tracer.startSpan(name, {}, ROOT_CONTEXT)
  return { tracing, dropped, work, diagnostics }
}

describe('export by OTLP http/protobuf', () => {
  it('sends the spans of all tracers in one request, with the headers that were given', async () => {
    const { url, requests, names } = await receiver()
    const { tracing, work } = setUp({ exporter: { url, headers: { 'x-tenant': 'a' } } })
    work('one').end()
    tracing.provider.getTracer('lib', '2').startSpan('two', {}, ROOT_CONTEXT).end()
    expect(await tracing.flush()).toBe(true)
    expect(requests).toHaveLength(1)
    expect(requests[0]?.url).toBe('/v1/traces')
    expect(requests[0]?.headers).toMatchObject({ 'content-type': 'application/x-protobuf', 'x-tenant': 'a' })
    expect(requests[0]?.headers['traceparent']).toBeUndefined()
    expect(names()).toEqual(['one', 'two'])
    expect(requests[0]?.body.resourceSpans[0]?.resource.attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'orders' } },
    ])
    expect(await tracing.shutdown()).toBe(true)
  })

  it('exports side by side, each failing alone', async () => {
    const good = await receiver()
    const bad = await receiver(400)
    const memory = new InMemorySpanExporter()
    const { tracing, work, dropped } = setUp({ exporter: [{ url: bad.url }, { url: good.url }, memory] })
    work('one').end()
    await tracing.flush()
    expect(good.names()).toEqual(['one'])
    expect(bad.names()).toEqual(['one'])
    expect(memory.getFinishedSpans().map(({ name }) => name)).toEqual(['one'])
    expect(dropped()).toEqual({ REFUSED: 1 })
    await tracing.shutdown()
  })

  it('keeps failed spans before others in a full queue', async () => {
    const { url, names } = await receiver()
    const { tracing, work, dropped } = setUp({
      exporter: { url },
      batch: { maxRecords: 2, maxBatchRecords: 10 },
    })
    work('ordinary').end()
    work('failed').setStatus({ code: SpanStatusCode.ERROR }).end()
    work('failed too').setStatus({ code: SpanStatusCode.ERROR }).end()
    await tracing.flush()
    expect(names()).toEqual(['failed', 'failed too'])
    expect(dropped()).toEqual({ QUEUE_FULL: 1 })
    await tracing.shutdown()
  })

  it('sends of a span that holds too much what fits, and counts the rest in it', async () => {
    const { url, requests } = await receiver()
    const { tracing, work, dropped } = setUp({ exporter: { url } })
    const text = 'x'.repeat(65_536)
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, text]))
    const span = work(text.repeat(2))
    span.setAttribute('first', 1).setStatus({ code: SpanStatusCode.ERROR, message: text.repeat(2) })
    for (let i = 0; i < 50; i++) span.addEvent('event', many)
    span.end()
    expect(await tracing.flush()).toBe(true)
    const sent = requests[0]?.body.resourceSpans[0]?.scopeSpans[0]?.spans[0]
    expect([sent?.name.length, sent?.status?.message.length]).toEqual([65_536, 65_536])
    expect(sent?.attributes).toHaveLength(1)
    expect(sent?.events).toHaveLength(1)
    expect(sent?.droppedEventsCount).toBe(49)
    const [event] = sent?.events ?? []
    expect(event?.attributes.length).toBeLessThan(70)
    expect((event?.attributes.length ?? 0) + (event?.droppedAttributesCount ?? 0)).toBe(100)
    expect(dropped()).toEqual({})
    await tracing.shutdown()
  })

  it('sends no span that is not sampled', async () => {
    const { url, requests } = await receiver()
    const { tracing, work } = setUp({ exporter: { url }, sampler: 0 })
    work('one').end()
    await tracing.flush()
    expect(requests).toEqual([])
    await tracing.shutdown()
  })

  it('counts spans that end, or begin, after shutdown, and ends safely twice', async () => {
    const { url, requests } = await receiver()
    const { tracing, work, dropped, diagnostics } = setUp({ exporter: { url } })
    const open = work('open')
    expect(await tracing.shutdown()).toBe(true)
    open.end()
    work('late').end()
    expect(work('late').isRecording()).toBe(false)
    expect(dropped()).toEqual({ SHUTDOWN: 3 })
    expect(await tracing.shutdown()).toBe(true)
    expect(await tracing.flush()).toBe(true)
    expect(requests).toEqual([])
    expect(diagnostics.snapshot().map(({ name }) => name)).not.toContain('otel_sdk_span_live')
  })
})

describe('foreign processors and exporters', () => {
  it('let onEnding write into the bytes, and onEnd see what was sent', async () => {
    const { url, requests } = await receiver()
    const seen: unknown[] = []
    const { tracing, work } = setUp({
      exporter: { url },
      processors: [
        {
          onStart: (span, parent) => {
            seen.push(['start', parent === ROOT_CONTEXT, span.ended])
            span.setAttribute('from', 'onStart')
          },
          onEnding: (span) => {
            seen.push(['ending', span.ended, span.isRecording()])
            span.setAttribute('last', true)
            span.end()
          },
          onEnd: (span) => {
            seen.push(['end', span.ended, { ...span.attributes }])
            span.attributes['too'] = 'late'
          },
          forceFlush: async () => {},
          shutdown: async () => {},
        },
        {
          onStart: () => {},
          onEnd: (span) => seen.push(['note', span.attributes['too']]),
          forceFlush: async () => {},
          shutdown: async () => {},
        },
      ],
    })
    work('one').end()
    await tracing.flush()
    expect(seen).toEqual([
      ['start', true, false],
      ['ending', false, true],
      ['end', true, { from: 'onStart', last: true }],
      ['note', 'late'],
    ])
    const sent = requests[0]?.body.resourceSpans[0]?.scopeSpans[0]?.spans[0]
    expect(sent?.attributes.map(({ key }) => key)).toEqual(['from', 'last'])
    await tracing.shutdown()
  })

  it('work with the BatchSpanProcessor of sdk-trace-base', async () => {
    const memory = new InMemorySpanExporter()
    const { tracing, work } = setUp({ processors: [new BatchSpanProcessor(memory)] })
    work('one').end()
    work('two').end()
    expect(memory.getFinishedSpans()).toEqual([])
    expect(await tracing.flush()).toBe(true)
    expect(memory.getFinishedSpans().map(({ name }) => name)).toEqual(['one', 'two'])
    expect(await tracing.shutdown()).toBe(true)
  })

  it('cost nothing but themselves when they throw', async () => {
    const { url, names } = await receiver()
    const no = () => {
      throw new Error('no')
    }
    const { tracing, work, dropped } = setUp({
      exporter: { url },
      processors: [{ onStart: no, onEnding: no, onEnd: no, forceFlush: no, shutdown: async () => no() }],
    })
    work('one').end()
    expect(await tracing.flush()).toBe(false)
    expect(names()).toEqual(['one'])
    expect(dropped()).toEqual({ HOOK_THREW: 3 })
    expect(await tracing.shutdown()).toBe(false)
  })

  it('cost nothing but themselves when they are async and reject', async () => {
    const no = (async () => {
      throw new Error('no')
    }) as () => Promise<void>
    const { tracing, work, dropped } = setUp({
      processors: [{ onStart: no, onEnding: no, onEnd: no, forceFlush: no, shutdown: no }],
    })
    work('one').end()
    await new Promise((resolve) => setImmediate(resolve))
    expect(dropped()).toEqual({ HOOK_THREW: 3 })
    expect(await tracing.shutdown()).toBe(false)
  })

  it('are waited for no longer than was asked', async () => {
    const clock = new ManualClock()
    const never = () => new Promise<void>(() => {})
    const tracing = createTracing({
      resource,
      clock,
      processors: [{ onStart: () => {}, onEnd: () => {}, forceFlush: never, shutdown: never }],
    })
    const flushed = tracing.flush(100)
    clock.advance(100)
    expect(await flushed).toBe(false)
    const ended = tracing.shutdown(100)
    clock.advance(100)
    expect(await ended).toBe(false)
    expect(clock.pending).toBe(0)
  })
})

describe('a foreign SpanExporter', () => {
  function fake() {
    const batches: string[][] = []
    const answers: ((code: number) => void)[] = []
    const exporter: SpanExporter = {
      export: (spans, done) => {
        batches.push(spans.map(({ name }) => name))
        answers.push((code) => done({ code, ...(code === 1 ? { error: new Error('refused') } : {}) }))
      },
      shutdown: async () => {},
    }
    return { exporter, batches, answers }
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))

  it('gets a batch after five seconds, and the next when it has answered', async () => {
    const clock = new ManualClock()
    const { exporter, batches, answers } = fake()
    const { work, tracing } = setUp({ exporter, ...{ clock } })
    work('one').end()
    clock.advance(4_999)
    expect(batches).toEqual([])
    clock.advance(1)
    expect(batches).toEqual([['one']])
    work('two').end()
    clock.advance(5_000)
    await settled()
    expect(batches).toHaveLength(1)
    answers[0]?.(0)
    await settled()
    expect(batches).toEqual([['one'], ['two']])
    answers[1]?.(0)
    await tracing.shutdown()
    expect(clock.pending).toBe(0)
  })

  it('gets each span once or has it counted: refused, too many, out of time, after shutdown', async () => {
    const clock = new ManualClock()
    const { exporter, batches, answers } = fake()
    const { work, tracing, dropped } = setUp({ exporter, ...{ clock } })
    for (let i = 0; i < 512 + 2_048 + 5; i++) work(`${i}`).end()
    expect(batches.map(({ length }) => length)).toEqual([512])
    expect(dropped()).toEqual({ QUEUE_FULL: 5 })
    answers[0]?.(1)
    await settled()
    expect(dropped()).toEqual({ QUEUE_FULL: 5, REFUSED: 512 })
    clock.advance(30_000)
    await settled()
    expect(dropped()).toEqual({ QUEUE_FULL: 5, REFUSED: 512, RETRIES_ENDED: 512 })
    for (let i = 2; i < 5; i++) {
      answers[i]?.(0)
      await settled()
    }
    expect(batches.map(({ length }) => length)).toEqual([512, 512, 512, 512, 512])
    const open = work('open')
    await tracing.shutdown()
    open.end()
    expect(dropped()).toMatchObject({ SHUTDOWN: 1 })
  })
})

describe('a foreign SpanExporter that breaks its word', () => {
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  const exporterOf = (exporting: (done: (result: unknown) => void) => unknown): SpanExporter => ({
    export: (_, done) => exporting(done as (result: unknown) => void) as undefined,
    shutdown: async () => {},
  })

  it.each([
    ['calls back without a result', (done: (result?: unknown) => void) => void setImmediate(() => done())],
    ['calls back with null', (done: (result: unknown) => void) => void setImmediate(() => done(null))],
    [
      'calls back with a result that throws',
      (done: (result: unknown) => void) =>
        done({
          get code() {
            throw new Error('getter')
          },
        }),
    ],
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('has its batch counted as refused where it %s', async (_, exporting) => {
    const { tracing, work, dropped } = setUp({ exporter: exporterOf(exporting) })
    work('one').end()
    expect(await tracing.flush()).toBe(true)
    expect(dropped()).toEqual({ REFUSED: 1 })
    await tracing.shutdown()
  })

  it('is heard when it rejects after it took the batch, and the batch stays taken', async () => {
    const { tracing, work, dropped, diagnostics } = setUp({
      exporter: exporterOf((done) => {
        done({ code: 0 })
        return Promise.reject(new Error('afterwards'))
      }),
    })
    work('one').end()
    expect(await tracing.flush()).toBe(true)
    await settled()
    expect(dropped()).toEqual({})
    const failures = diagnostics.snapshot().find(({ labels }) => labels['code'] === 'TRI_ERR_SPAN_EXPORTER')
    expect(failures?.value).toBe(1)
    await tracing.shutdown()
  })

  it('has all it was given and all that waits counted at the deadline of shutdown, and once', async () => {
    const clock = new ManualClock()
    const messages: string[] = []
    const answers: ((result: unknown) => void)[] = []
    let ended = 0
    const diagnostics = createDiagnostics({
      clock,
      onMessage: ({ code, message }) => messages.push(`${code} ${message}`),
    })
    const exporter = {
      ...exporterOf((done) => void answers.push(done)),
      shutdown: async () => void ended++,
    }
    const { tracing, work, dropped } = setUp({ exporter, ...{ clock } }, diagnostics)
    for (let i = 0; i < 600; i++) work(`${i}`).end()
    const flushed = tracing.flush(100)
    clock.advance(100)
    expect(await flushed).toBe(false)
    expect(dropped()).toEqual({})
    const shutdown = tracing.shutdown(100)
    clock.advance(100)
    expect(await shutdown).toBe(false)
    expect(dropped()).toEqual({ SHUTDOWN: 600 })
    expect(messages).toEqual([
      'TRI_WARN_LOST_AT_END traces: 600 spans could not be sent before the end: the span exporter did not answer',
    ])
    answers[0]?.({ code: 1 })
    clock.advance(60_000)
    await settled()
    expect(dropped()).toEqual({ SHUTDOWN: 600 })
    expect([answers.length, ended, clock.pending]).toEqual([1, 1, 0])
  })
})

describe('options', () => {
  it('are refused with the nearest name, and with the rule', () => {
    const make = (options: object) => () => createTracing({ resource, ...options })
    expect(make({ samler: 1 })).toThrow('did you mean "sampler"')
    expect(make({ sampler: 2 })).toThrow(
      'tracing.sampler: expected a ratio from 0 to 1, settings, or a Sampler, got 2',
    )
    expect(make({ sampler: {} })).toThrow('tracing.sampler')
    expect(make({ limits: { event: 1 } })).toThrow('did you mean "events"')
    expect(make({ limits: { events: -1 } })).toThrow(
      'tracing.limits.events: expected a count of 0 or more, got -1',
    )
    expect(make({ exporter: { url: 'http://localhost:4318/v1/traces', heders: {} } })).toThrow(
      'did you mean "headers"',
    )
    expect(make({ exporter: { url: 'localhost' } })).toThrow('url')
    expect(make({ exporter: 'http://localhost' })).toThrow('tracing.exporter')
    expect(make({ exporter: { url: 'http://localhost:1' }, batch: { delay: 1 } })).toThrow(
      'did you mean "delayMs"',
    )
  })
})
