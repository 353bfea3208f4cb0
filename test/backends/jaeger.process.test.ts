/** A real Jaeger is sent the same trace by every exporter that it has a port for, and gives it back by its query API. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExporterOption } from '@triscope/tracing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, StartedProgram } from '../started-program.ts'
import { binaryOf } from './go/build.mjs'
import { sendSpans } from './sent-spans.ts'

const PORTS = [
  'query',
  'queryGrpc',
  'otlpHttp',
  'otlpGrpc',
  'compact',
  'binary',
  'thriftHttp',
  'zipkin',
] as const
type Ports = Record<(typeof PORTS)[number], number>

interface FoundSpan {
  operationName: string
  references: { refType: string; traceID: string; spanID: string }[]
  tags: { key: string; value: unknown }[]
  logs: { fields: { key: string; value: unknown }[] }[]
  spanID: string
  processID: string
}

interface FoundTrace {
  spans: FoundSpan[]
  processes: Record<string, { serviceName: string; tags: { key: string; value: unknown }[] }>
}

const jaeger = binaryOf('jaeger')

describe.skipIf(!existsSync(jaeger))(
  'Jaeger (skipped where test/backends/go/build.mjs has not built it)',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'triscope-jaeger-'))
    let ports: Ports
    let server: StartedProgram

    beforeAll(async () => {
      ports = Object.fromEntries(
        await Promise.all(PORTS.map(async (name) => [name, await freePort()])),
      ) as Ports
      const config = join(folder, 'jaeger.yaml')
      writeFileSync(config, configuration(ports))
      server = new StartedProgram(jaeger, ['--config', config], {}, folder)
      for (const port of [ports.query, ports.otlpHttp, ports.otlpGrpc, ports.thriftHttp, ports.zipkin]) {
        await server.listening(port)
      }
    })

    afterAll(async () => {
      await server?.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    async function found(traceId: string): Promise<FoundTrace> {
      let trace: FoundTrace | undefined
      await server.until(async () => {
        const answer = await fetch(`http://127.0.0.1:${ports.query}/api/traces/${traceId}`)
        if (!answer.ok) return false
        const { data } = (await answer.json()) as { data: FoundTrace[] }
        trace = data[0]
        return trace?.spans.length === 3
      }, `Jaeger to give trace ${traceId} back`)
      if (trace === undefined) throw new Error('no trace')
      return trace
    }

    const udp = (transport: 'udp-compact' | 'udp-binary', port: number): ExporterOption => ({
      jaeger: { transport, host: '127.0.0.1', port },
    })

    it.each<[string, (at: Ports) => ExporterOption]>([
      ['OTLP http/protobuf', (at) => ({ url: `http://127.0.0.1:${at.otlpHttp}/v1/traces` })],
      [
        'OTLP http/json',
        (at) => ({ url: `http://127.0.0.1:${at.otlpHttp}/v1/traces`, protocol: 'http/json' }),
      ],
      ['OTLP grpc', (at) => ({ url: `http://127.0.0.1:${at.otlpGrpc}`, protocol: 'grpc' })],
      ['Thrift compact over UDP', (at) => udp('udp-compact', at.compact)],
      ['Thrift binary over UDP', (at) => udp('udp-binary', at.binary)],
      ['Thrift over HTTP', (at) => ({ jaeger: { url: `http://127.0.0.1:${at.thriftHttp}/api/traces` } })],
      ['Zipkin v2', (at) => ({ zipkin: { url: `http://127.0.0.1:${at.zipkin}/api/v2/spans` } })],
    ])('finds the whole trace that was sent by %s', async (name, exporterTo) => {
      const { flushed, service, traceId } = await sendSpans(`shop by ${name}`, exporterTo(ports))
      expect(flushed).toBe(true)
      const { spans, processes } = await found(traceId)
      const byName = new Map(spans.map((span) => [span.operationName, span]))
      const root = byName.get('GET /users/:id')
      const call = byName.get('SELECT')
      expect(spans.map(({ processID }) => processes[processID]?.serviceName)).toEqual([
        service,
        service,
        service,
      ])
      expect(call?.references).toMatchObject([{ refType: 'CHILD_OF', spanID: root?.spanID }])
      expect(tagsOf(root)).toMatchObject({ 'span.kind': 'server', 'http.route': '/users/:id' })
      expect(tagsOf(call)).toMatchObject({ 'span.kind': 'client', error: true })
      expect(call?.logs).toHaveLength(1)
      if (name === 'Zipkin v2') return
      expect(tagsOf(root)).toMatchObject({ cached: false, retries: 3, ratio: 0.5, tags: '["a","b"]' })
      expect(tagsOf(call)).toMatchObject({ 'otel.status_description': 'no such table' })
      expect(call?.logs[0]?.fields).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ key: 'event', value: 'retried' }),
          expect.objectContaining({ key: 'attempt', value: 2 }),
        ]),
      )
      expect(byName.get('enqueue')?.references).toEqual(
        expect.arrayContaining([expect.objectContaining({ refType: 'FOLLOWS_FROM', spanID: call?.spanID })]),
      )
      const tags = Object.values(processes)[0]?.tags
      expect(tags).toEqual(
        expect.arrayContaining([expect.objectContaining({ key: 'region', value: 'north' })]),
      )
    })
  },
)

function tagsOf(span: FoundSpan | undefined): Record<string, unknown> {
  return Object.fromEntries((span?.tags ?? []).map(({ key, value }) => [key, value]))
}

function configuration(at: Ports): string {
  return `
service:
  extensions: [jaeger_storage, jaeger_query]
  pipelines:
    traces:
      receivers: [otlp, jaeger, zipkin]
      exporters: [jaeger_storage_exporter]
  telemetry:
    metrics: { level: none }
extensions:
  jaeger_query:
    storage: { traces: memory }
    http: { endpoint: '127.0.0.1:${at.query}' }
    grpc: { endpoint: '127.0.0.1:${at.queryGrpc}' }
  jaeger_storage:
    backends:
      memory: { memory: { max_traces: 1000 } }
receivers:
  otlp:
    protocols:
      http: { endpoint: '127.0.0.1:${at.otlpHttp}' }
      grpc: { endpoint: '127.0.0.1:${at.otlpGrpc}' }
  jaeger:
    protocols:
      thrift_compact: { endpoint: '127.0.0.1:${at.compact}' }
      thrift_binary: { endpoint: '127.0.0.1:${at.binary}' }
      thrift_http: { endpoint: '127.0.0.1:${at.thriftHttp}' }
  zipkin: { endpoint: '127.0.0.1:${at.zipkin}' }
exporters:
  jaeger_storage_exporter: { trace_storage: memory }
`
}
