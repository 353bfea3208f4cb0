/** Exporters by their options, side by side, through a whole tracing. */

import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-base'
import { createDiagnostics, type Diagnostics } from '@triscope/core'
import { afterEach, describe, expect, it } from 'vitest'
import { createSpanMemory, createTracing, type ExporterOption, type Tracing } from '../index.ts'
import { decodeRequest } from '../tracing.fixture.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function tracingTo(exporter: ExporterOption | readonly ExporterOption[]): {
  tracing: Tracing
  diagnostics: Diagnostics
  messages: string[]
} {
  const messages: string[] = []
  const diagnostics = createDiagnostics({ onMessage: ({ message }) => messages.push(message) })
  const resource = { attributes: { 'service.name': 'orders' } }
  const tracing = createTracing({ resource, exporter, diagnostics })
  cleanups.push(() => tracing.shutdown(0))
  return { tracing, diagnostics, messages }
}

async function serverOf(
  status: number,
): Promise<{ url: string; requests: { path: string; type: string; body: Buffer }[] }> {
  const requests: { path: string; type: string; body: Buffer }[] = []
  const server: Server = createServer(async (req, res) => {
    const body = await buffer(req)
    requests.push({ path: req.url ?? '', type: req.headers['content-type'] ?? '', body })
    res.writeHead(status).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'triscope-tracing-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const series = (diagnostics: Diagnostics, name: string): Record<string, number> =>
  Object.fromEntries(
    diagnostics
      .snapshot()
      .filter((point) => point.name === name)
      .map(({ labels, value }) => [
        `${labels['otel_component_name']} ${labels['error_type'] ?? 'ok'}`,
        value,
      ]),
  )

describe('exporters', () => {
  it('run side by side, each with counters of its own, and fail alone', async () => {
    const broken = await serverOf(400)
    const zipkin = await serverOf(202)
    const memory = createSpanMemory()
    const foreign = new InMemorySpanExporter()
    const path = join(temporaryFolder(), 'deep/traces.jsonl')
    const shown: string[] = []
    const stream = new Writable({
      write(chunk, _encoding, done) {
        shown.push(String(chunk))
        done()
      },
    })
    const { tracing, diagnostics } = tracingTo([
      { url: `${broken.url}/v1/traces`, compression: 'none' },
      { zipkin: { url: `${zipkin.url}/api/v2/spans` } },
      { otlp: { url: `${zipkin.url}/v1/traces`, protocol: 'http/json', compression: 'none' } },
      { file: { path } },
      { console: { stream } },
      memory,
      foreign,
      'none',
    ])
    for (let i = 0; i < 3; i++) tracing.tracer.startSpan(`span ${i}`).end()
    expect(await tracing.flush()).toBe(true)
    const names = ['span 0', 'span 1', 'span 2']
    expect(memory.spans.map(({ name }) => name)).toEqual(names)
    expect(foreign.getFinishedSpans().map(({ name }) => name)).toEqual(names)
    expect(decodeRequest(broken.requests[0]?.body ?? Buffer.alloc(0)).resourceSpans).toHaveLength(1)
    const bodies = new Map(zipkin.requests.map(({ path: at, body }) => [at, JSON.parse(body.toString())]))
    expect(bodies.get('/api/v2/spans').map(({ name }: { name: string }) => name)).toEqual(names)
    const request = JSON.parse(readFileSync(path, 'utf8'))
    expect(request.resourceSpans[0].scopeSpans[0].spans.map(({ name }: { name: string }) => name)).toEqual(
      names,
    )
    expect(bodies.get('/v1/traces')).toEqual(request)
    expect(shown.join('').match(/span \d/g)).toEqual(names)
    expect(series(diagnostics, 'otel_sdk_exporter_span_exported_total')).toEqual({
      'otlp_http_exporter/0 ok': 0,
      'otlp_http_exporter/0 400': 3,
      'zipkin_http_exporter/1 ok': 3,
      'otlp_http_json_exporter/2 ok': 3,
      'otlp_file_exporter/3 ok': 3,
      'console_exporter/4 ok': 3,
    })
  })

  it('write whole lines to files, of which so many are kept', async () => {
    const folder = temporaryFolder()
    const { tracing } = tracingTo({ file: { path: join(folder, 'spans'), maxBytes: 1_000, maxFiles: 3 } })
    for (let i = 0; i < 20; i++) {
      tracing.tracer.startSpan(`span ${i}`, { attributes: { text: 'x'.repeat(300) } }).end()
      await tracing.flush()
    }
    expect(readdirSync(folder).sort()).toEqual(['spans', 'spans.1', 'spans.2'])
    const kept = ['spans.2', 'spans.1', 'spans'].flatMap((file) =>
      readFileSync(join(folder, file), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).resourceSpans[0].scopeSpans[0].spans[0].name),
    )
    expect(kept.at(-1)).toBe('span 19')
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => `span ${20 - kept.length + i}`))
  })

  it('count what a file does not take', async () => {
    const { tracing, diagnostics, messages } = tracingTo({ file: { path: temporaryFolder() } })
    tracing.tracer.startSpan('lost').end()
    await tracing.flush()
    expect(series(diagnostics, 'otel_sdk_exporter_span_exported_total')).toMatchObject({
      'otlp_file_exporter/0 EISDIR': 1,
    })
    expect(messages).toEqual([expect.stringContaining('cannot be written: EISDIR')])
  })

  it('count what a stream does not take, and do not let its error out', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('gone')) })
    const { tracing, messages } = tracingTo({ console: { stream } })
    tracing.tracer.startSpan('lost').end()
    await tracing.flush()
    expect(messages).toEqual([
      'traces: the stream cannot be written: gone; 1 span lost, for this is not tried again; 1 dropped so far',
    ])
  })

  it('keep the newest spans in a memory that is full, and count the others', () => {
    const memory = createSpanMemory(2)
    const { tracing } = tracingTo(memory)
    for (let i = 0; i < 5; i++) tracing.tracer.startSpan(`span ${i}`, { attributes: { i } }).end()
    expect(memory.spans).toMatchObject([
      { name: 'span 3', kind: 'internal', attributes: { i: 3 }, status: 'unset' },
      { name: 'span 4' },
    ])
    expect(memory.dropped).toBe(3)
    memory.clear()
    expect([memory.spans, memory.dropped]).toEqual([[], 0])
  })

  it.each<[unknown, string]>([
    [
      'jagger',
      'tracing.exporter: expected one of otlp, jaeger, zipkin, console, file, none, such a name with options, an OTLP endpoint { url }, or a SpanExporter, got "jagger"\n  hint: did you mean "jaeger"?',
    ],
    [{ zipkni: {} }, 'unknown option "tracing.exporter.zipkni"\n  hint: did you mean "zipkin"?'],
    [{ zipkin: {}, jaeger: {} }, 'tracing.exporter: expected one exporter with its options in each entry'],
    [{ zipkin: { prot: 1 } }, 'unknown option "tracing.exporter.zipkin.prot"'],
    [
      { url: 'http://c', protocol: 'http' },
      'tracing.exporter.protocol: expected "http/protobuf", "http/json" or "grpc"',
    ],
    [7, 'tracing.exporter: expected one of otlp'],
  ])('refuse %j', (exporter, message) => {
    expect(() => tracingTo(exporter as ExporterOption)).toThrow(message)
  })
})
