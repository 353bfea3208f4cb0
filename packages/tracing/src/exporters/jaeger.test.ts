/** Jaeger's Thrift, read by libraries that are not ours: thriftrw with Jaeger's own IDL, and Apache's compact protocol. */

import dgram from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api'
import { createDiagnostics, type Diagnostics } from '@triscope/core'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { createTracing, type ExporterOption } from '../index.ts'
import { exportedRecords } from './exported-records.fixture.ts'
import { createBatchFrame, createDatagramFrame } from './jaeger-frame.ts'
import { BinaryThriftWriter } from './thrift-binary.ts'
import { CompactThriftWriter } from './thrift-compact.ts'
import { readCompactMessage } from './thrift-reader.fixture.ts'

const load = createRequire(import.meta.url)
const idl = join(load.resolve('jaeger-client'), '../jaeger-idl/thrift')
const { Thrift } = load('thriftrw') as {
  Thrift: new (
    options: object,
  ) => {
    Batch: { rw: Rw }
    Agent: { emitBatch: { Arguments: { rw: Rw } } }
  }
}
const { ReadResult } = createRequire(load.resolve('thriftrw'))('bufrw/base') as {
  ReadResult: new () => object
}

interface Rw {
  poolReadFrom(
    result: object,
    bytes: Buffer,
    offset: number,
  ): { err: Error | null; value: unknown; offset: number }
}

/** The message of our datagrams' calls, before its arguments: version and type, name, sequence number. */
const MESSAGE_BYTES = 4 + 4 + 'emitBatch'.length + 4

interface Tag {
  key: string
  vType: string
  vStr: string | null
  vDouble: number | null
  vBool: boolean | null
  vLong: Buffer | null
}

interface Span {
  traceIdLow: Buffer
  traceIdHigh: Buffer
  spanId: Buffer
  parentSpanId: Buffer
  operationName: string
  references: { refType: string; traceIdLow: Buffer; traceIdHigh: Buffer; spanId: Buffer }[] | null
  flags: number
  startTime: Buffer
  duration: Buffer
  tags: Tag[] | null
  logs: { timestamp: Buffer; fields: Tag[] }[] | null
}

interface Batch {
  process: { serviceName: string; tags: Tag[] | null }
  spans: Span[]
}

const models = new Map<string, InstanceType<typeof Thrift>>()

function model(name: 'jaeger' | 'agent'): InstanceType<typeof Thrift> {
  const known = models.get(name)
  if (known !== undefined) return known
  const made = new Thrift({
    entryPoint: join(idl, `${name}.thrift`),
    allowFilesystemAccess: true,
    allowOptionalArguments: true,
    // agent.thrift includes Zipkin's old definitions, which are lax.
    strict: false,
  })
  models.set(name, made)
  return made
}

function read<T>(rw: Rw, bytes: Uint8Array, offset = 0): T {
  const { err, value, offset: end } = rw.poolReadFrom(new ReadResult(), Buffer.from(bytes), offset)
  if (err) throw err
  expect(end).toBe(bytes.length)
  return value as T
}

const readBatch = (bytes: Uint8Array): Batch => read<Batch>(model('jaeger').Batch.rw, bytes)
const long = (value: Buffer | null): bigint => value?.readBigInt64BE() ?? -1n
const hex = (value: Buffer): string => value.toString('hex')

function plainTags(tags: readonly Tag[] | null): Record<string, unknown> {
  return Object.fromEntries(
    (tags ?? []).map(({ key, vType, vStr, vBool, vDouble, vLong }) => {
      const values: Record<string, unknown> = {
        STRING: vStr,
        BOOL: vBool,
        DOUBLE: vDouble,
        LONG: long(vLong),
      }
      return [key, values[vType]]
    }),
  )
}

const resource = { attributes: { 'service.name': 'orders', 'process.pid': 42 } }
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

function failedCall(tracer: Tracer): void {
  const link = { context: { traceId: TRACE, spanId: '00f067aa0ba902b7', traceFlags: 1 } }
  const span = tracer.startSpan('work', {
    kind: SpanKind.CLIENT,
    startTime: [1_700_000_000, 5_678],
    links: [link],
    attributes: { text: 'ä', yes: true, no: false, whole: -7, float: 1.5, list: ['a', 'b'] },
  })
  span.addEvent('sent', { bytes: 3 }, [1_700_000_001, 0])
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'refused' })
  span.end([1_700_000_002, 5_678])
}

const PLAIN_TAGS = {
  text: 'ä',
  yes: true,
  no: false,
  whole: -7n,
  float: 1.5,
  list: '["a","b"]',
  'span.kind': 'client',
  'otel.status_code': 'ERROR',
  error: true,
  'otel.status_description': 'refused',
  'otel.scope.name': 'library',
  'otel.scope.version': '1.2.3',
}

describe('a batch for Jaeger', () => {
  it('says a span by the words of the transformation, ids of 128 bits in two halves', () => {
    const { records, scopes } = exportedRecords(failedCall)
    const { process, spans } = readBatch(createBatchFrame(resource, scopes)(records))
    expect(process.serviceName).toBe('orders')
    expect(plainTags(process.tags)).toEqual({ 'process.pid': 42n })
    const [span] = spans as [Span]
    expect(hex(span.traceIdHigh) + hex(span.traceIdLow)).toMatch(/^(?!0{32})[0-9a-f]{32}$/)
    expect(span).toMatchObject({ operationName: 'work', flags: 1, parentSpanId: Buffer.alloc(8) })
    expect([long(span.startTime), long(span.duration)]).toEqual([1_700_000_000_000_005n, 2_000_000n])
    expect(plainTags(span.tags)).toEqual(PLAIN_TAGS)
    expect(span.references).toEqual([
      {
        refType: 'FOLLOWS_FROM',
        traceIdHigh: Buffer.from(TRACE.slice(0, 16), 'hex'),
        traceIdLow: Buffer.from(TRACE.slice(16), 'hex'),
        spanId: Buffer.from('00f067aa0ba902b7', 'hex'),
      },
    ])
    expect(span.logs?.map(({ timestamp, fields }) => [long(timestamp), plainTags(fields)])).toEqual([
      [1_700_000_001_000_000n, { event: 'sent', bytes: 3n }],
    ])
  })

  it('is the same in the compact protocol as in the binary one, whatever the spans', {
    timeout: 30_000,
  }, () => {
    const attribute = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.double(),
    )
    const spans = fc.array(
      fc.record({
        name: fc.string({ unit: 'grapheme' }),
        attributes: fc.dictionary(fc.string({ minLength: 1 }), attribute, { maxKeys: 20 }),
        events: fc.array(fc.string(), { maxLength: 20 }),
      }),
      { minLength: 1, maxLength: 20 },
    )
    fc.assert(
      fc.property(spans, (list) => {
        const { records, scopes } = exportedRecords((tracer) => {
          for (const { name, attributes, events } of list) {
            const span = tracer.startSpan(name, { attributes })
            for (const event of events) span.addEvent(event)
            span.end()
          }
        })
        const [compact] = datagramsOf(
          createDatagramFrame(resource, scopes, new CompactThriftWriter(), 65_000)(records),
        )
        const [binary] = datagramsOf(
          createDatagramFrame(resource, scopes, new BinaryThriftWriter(), 65_000)(records),
        )
        const batch = read<{ batch: Batch }>(
          model('agent').Agent.emitBatch.Arguments.rw,
          binary ?? Buffer.alloc(0),
          MESSAGE_BYTES,
        ).batch
        expect(readCompactMessage(compact ?? Buffer.alloc(0))).toEqual({
          name: 'emitBatch',
          oneway: true,
          struct: { 1: byFieldNumber(batch) },
        })
      }),
      { numRuns: 50 },
    )
  })

  it('is split at the limit of a datagram, which a single span alone may break', () => {
    const { records, scopes } = exportedRecords((tracer) => {
      for (let i = 0; i < 50; i++) {
        tracer.startSpan(`span ${i}`, { attributes: { text: 'x'.repeat(i === 20 ? 3_000 : 100) } }).end()
      }
    })
    for (const writer of [new CompactThriftWriter(), new BinaryThriftWriter()]) {
      const frame = createDatagramFrame(resource, scopes, writer, 1_500)
      const sizes = datagramsOf(frame(records)).map(({ length }) => length)
      expect(sizes.filter((size) => size > 1_500)).toHaveLength(1)
      expect(sizes.filter((size) => size > 1_100 && size <= 1_500).length).toBeGreaterThan(3)
    }
  })
})

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function tracerTo(exporter: ExporterOption): {
  tracer: Tracer
  diagnostics: Diagnostics
  end(): Promise<boolean>
} {
  const diagnostics = createDiagnostics({ onMessage: () => undefined })
  const tracing = createTracing({ resource, exporter, diagnostics })
  cleanups.push(() => tracing.shutdown(0))
  return { tracer: tracing.tracer, diagnostics, end: () => tracing.shutdown() }
}

const droppedBy = (diagnostics: Diagnostics): Record<string, number> =>
  Object.fromEntries(
    diagnostics
      .snapshot()
      .filter(({ name }) => name === 'triscope_telemetry_dropped_total')
      .map(({ labels, value }) => [labels['reason'], value]),
  )

describe('the Jaeger exporter', () => {
  it.each(['udp-compact', 'udp-binary'] as const)(
    'sends by %s what an agent can read, and counts the span that no datagram holds',
    { timeout: 30_000 },
    async (transport) => {
      const agent = dgram.createSocket('udp4')
      const datagrams: Buffer[] = []
      agent.on('message', (message) => datagrams.push(message))
      agent.bind(0, '127.0.0.1')
      await once(agent, 'listening')
      cleanups.push(() => agent.close())
      const { tracer, diagnostics, end } = tracerTo({
        jaeger: { transport, host: '127.0.0.1', port: agent.address().port },
      })
      for (let i = 0; i < 100; i++) {
        tracer.startSpan(`span ${i}`, { attributes: { text: 'x'.repeat(i === 50 ? 60_000 : 400) } }).end()
      }
      const large = tracer.startSpan('large')
      for (let i = 0; i < 10; i++) large.setAttribute(`key ${i}`, 'x'.repeat(8_000))
      large.end()
      expect(await end()).toBe(true)
      const arrived = (): number => datagrams.reduce((sum, datagram) => sum + spansIn(transport, datagram), 0)
      while (arrived() < 100) await new Promise(setImmediate)
      expect(arrived()).toBe(100)
      expect(datagrams.length).toBeGreaterThan(1)
      expect(Math.max(...datagrams.map(({ length }) => length))).toBeLessThanOrEqual(65_000)
      expect(droppedBy(diagnostics)).toEqual({ TOO_LARGE: 1 })
    },
  )

  it('posts a bare batch to the collector, with its credentials', async () => {
    const requests: { url: string | undefined; headers: IncomingHttpHeaders; body: Buffer }[] = []
    const collector = createServer(async (req, res) => {
      requests.push({ url: req.url, headers: req.headers, body: await buffer(req) })
      res.writeHead(202).end()
    })
    collector.listen(0, '127.0.0.1')
    await once(collector, 'listening')
    cleanups.push(() => collector.close())
    const { port } = collector.address() as AddressInfo
    const url = `http://127.0.0.1:${port}/api/traces`
    const { tracer, diagnostics, end } = tracerTo({ jaeger: { url, user: 'u', password: 'p' } })
    failedCall(tracer)
    expect(await end()).toBe(true)
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({
      url: '/api/traces',
      headers: { 'content-type': 'application/vnd.apache.thrift.binary', authorization: 'Basic dTpw' },
    })
    expect(readBatch(requests[0]?.body ?? Buffer.alloc(0)).spans[0]?.operationName).toBe('work')
    expect(droppedBy(diagnostics)).toEqual({})
  })

  it('refuses options that cannot be meant', () => {
    const make =
      (jaeger: object): (() => unknown) =>
      () =>
        tracerTo({ jaeger } as ExporterOption)
    expect(make({ transport: 'udp' })).toThrow(
      /transport: expected "udp-compact", "udp-binary" or "http", got "udp"/,
    )
    expect(make({ prot: 1 })).toThrow(
      /unknown option "tracing.exporter.jaeger.prot"\n {2}hint: did you mean "port"/,
    )
    expect(make({ port: 0 })).toThrow(/port: expected 1 to 65535, got 0/)
  })
})

/** The datagrams of a body, as the sender takes it apart. */
function datagramsOf(body: Uint8Array): Buffer[] {
  const bytes = Buffer.from(body)
  const datagrams: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    datagrams.push(bytes.subarray(at + 8, at + 8 + length))
    at += 8 + length
  }
  return datagrams
}

function spansIn(transport: string, datagram: Buffer): number {
  if (transport === 'udp-binary') {
    return read<{ batch: Batch }>(model('agent').Agent.emitBatch.Arguments.rw, datagram, MESSAGE_BYTES).batch
      .spans.length
  }
  const { struct } = readCompactMessage(datagram) as { struct: { 1: { 2: unknown[] } } }
  return struct[1][2].length
}

/** The fields of the IDL's structs by their numbers, as a reader without an IDL sees them. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, number>>>> = fieldsOf(
  readFileSync(join(idl, 'jaeger.thrift'), 'utf8'),
)

function fieldsOf(text: string): Record<string, Record<string, number>> {
  const structs = text.matchAll(/struct (\w+) \{([^}]*)\}/g)
  return Object.fromEntries(
    [...structs].map(([, name = '', body = '']) => [
      name,
      Object.fromEntries(
        [...body.matchAll(/^\s*(\d+):\s*(?:required|optional)\s+\S+\s+(\w+)/gm)].map(([, id, field = '']) => [
          field,
          Number(id),
        ]),
      ),
    ]),
  )
}

const ENUMS: Readonly<Record<string, number>> = {
  STRING: 0,
  DOUBLE: 1,
  BOOL: 2,
  LONG: 3,
  BINARY: 4,
  FOLLOWS_FROM: 1,
}

function byFieldNumber(value: unknown, field = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => byFieldNumber(item))
  if (Buffer.isBuffer(value)) return value.readBigInt64BE()
  if (typeof value === 'string') return field === 'vType' || field === 'refType' ? ENUMS[value] : value
  if (typeof value !== 'object' || value === null) return value
  const numbers =
    Object.values(FIELDS).find((fields) => Object.keys(value).every((key) => key in fields)) ?? {}
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== null && each !== undefined)
      .map(([key, each]) => [numbers[key], byFieldNumber(each, key)]),
  )
}
