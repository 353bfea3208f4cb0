/** A real OpenTelemetry Collector is sent spans by each protocol of OTLP, and writes down what it understood. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, StartedProgram } from '../started-program.ts'
import { binaryOf } from './go/build.mjs'
import { sendSpans } from './sent-spans.ts'

interface WrittenRequest {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] }
    scopeSpans: {
      scope: { name: string }
      spans: { traceId: string; name: string; parentSpanId?: string }[]
    }[]
  }[]
}

const collector = binaryOf('collector')

describe.skipIf(!existsSync(collector))(
  'OpenTelemetry Collector (skipped where test/backends/go/build.mjs has not built it)',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'triscope-collector-'))
    const written = join(folder, 'spans.jsonl')
    let http: number
    let grpc: number
    let server: StartedProgram

    beforeAll(async () => {
      ;[http, grpc] = await Promise.all([freePort(), freePort()])
      const config = join(folder, 'collector.yaml')
      writeFileSync(config, configuration(http, grpc, written))
      server = new StartedProgram(collector, ['--config', `file:${config}`], {}, folder)
      await server.listening(http)
      await server.listening(grpc)
    })

    afterAll(async () => {
      await server?.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    it.each([
      ['http/protobuf', 'gzip'],
      ['http/protobuf', 'none'],
      ['http/json', 'gzip'],
      ['grpc', 'gzip'],
      ['grpc', 'none'],
    ] as const)('understands %s, compression %s', async (protocol, compression) => {
      const url = protocol === 'grpc' ? `http://127.0.0.1:${grpc}` : `http://127.0.0.1:${http}/v1/traces`
      const { flushed, service, traceId } = await sendSpans(`shop by ${protocol} ${compression}`, {
        url,
        protocol,
        compression,
      })
      expect(flushed).toBe(true)
      const spansOf = () =>
        (existsSync(written) ? readFileSync(written, 'utf8') : '')
          .split('\n')
          .filter((line) => line.endsWith('}'))
          .flatMap((line) => (JSON.parse(line) as WrittenRequest).resourceSpans)
          .filter(({ resource }) =>
            resource.attributes.some(
              ({ key, value }) => key === 'service.name' && value.stringValue === service,
            ),
          )
          .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
      await server.until(() => spansOf().length === 3, 'the collector to write the spans down')
      expect(spansOf().map(({ name }) => name)).toEqual(['SELECT', 'enqueue', 'GET /users/:id'])
      expect(new Set(spansOf().map((span) => span.traceId))).toEqual(new Set([traceId]))
    })
  },
)

function configuration(http: number, grpc: number, path: string): string {
  return `
receivers:
  otlp:
    protocols:
      http: { endpoint: '127.0.0.1:${http}' }
      grpc: { endpoint: '127.0.0.1:${grpc}' }
exporters:
  file: { path: '${path}', flush_interval: 100ms }
service:
  pipelines:
    traces: { receivers: [otlp], exporters: [file] }
  telemetry:
    metrics: { level: none }
`
}
