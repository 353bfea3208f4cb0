import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDiagnostics } from '@triscope/core'
import { afterAll, describe, expect, it } from 'vitest'
import { type Destination, exporterOf, type GivenExporter } from './exporter-variables.ts'
import { SettingReader } from './setting-reader.ts'

const folder = mkdtempSync(join(tmpdir(), 'triscope-exporters-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function resolve(given: GivenExporter, env: Record<string, string>): Destination & { said: string[] } {
  const said: string[] = []
  const diagnostics = createDiagnostics({ onMessage: ({ message }) => said.push(message) })
  return { ...exporterOf(given, new SettingReader(env, diagnostics)), said }
}

describe('exporters by variables', () => {
  it.each<[Record<string, string>, unknown, string | undefined]>([
    [{}, undefined, undefined],
    [{ OTEL_TRACES_EXPORTER: 'none' }, undefined, undefined],
    [{ OTEL_TRACES_EXPORTER: 'jaeger' }, { jaeger: {} }, 'udp://localhost:6831'],
    [
      {
        OTEL_TRACES_EXPORTER: 'jaeger',
        OTEL_EXPORTER_JAEGER_AGENT_HOST: 'agent',
        OTEL_EXPORTER_JAEGER_AGENT_PORT: '6832',
        OTEL_EXPORTER_JAEGER_PROTOCOL: 'udp/thrift.binary',
        OTEL_EXPORTER_JAEGER_TIMEOUT: '9',
      },
      { jaeger: { host: 'agent', port: 6832, transport: 'udp-binary', timeoutMs: 9 } },
      'udp://agent:6832',
    ],
    [
      {
        OTEL_TRACES_EXPORTER: 'jaeger',
        OTEL_EXPORTER_JAEGER_ENDPOINT: 'http://j:14268/api/traces',
        OTEL_EXPORTER_JAEGER_USER: 'u',
        OTEL_EXPORTER_JAEGER_PASSWORD: 'p',
      },
      { jaeger: { url: 'http://j:14268/api/traces', user: 'u', password: 'p' } },
      'http://j:14268/api/traces',
    ],
    [
      { OTEL_TRACES_EXPORTER: 'zipkin', OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'http://z/api/v2/spans' },
      { zipkin: { url: 'http://z/api/v2/spans' } },
      'http://z/api/v2/spans',
    ],
    [
      { OTEL_TRACES_EXPORTER: 'console,zipkin' },
      ['console', { zipkin: {} }],
      'console, http://localhost:9411/api/v2/spans',
    ],
    [
      { OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      { url: 'http://localhost:4317', protocol: 'grpc', headers: {}, compression: 'none', timeoutMs: 10_000 },
      'http://localhost:4317',
    ],
  ])('makes of %j the exporter %j', (env, exporter, goesTo) => {
    expect(resolve({}, env)).toEqual({ exporter, goesTo, said: [] })
  })

  it.each<[Record<string, string>, string, string]>([
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, 'http/json', 'http://c:1/x/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'grpc', 'http://c:1/x'],
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' },
      'http/protobuf',
      'http://c:1/x/v1/traces',
    ],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://own:2/p' }, 'http/protobuf', 'https://own:2/p'],
    [
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'own:2', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      'grpc',
      'https://own:2',
    ],
    [
      {
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'own:2',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_EXPORTER_OTLP_INSECURE: 'true',
      },
      'grpc',
      'http://own:2',
    ],
  ])('speaks, with %j, %s to %s', (env, protocol, url) => {
    const { exporter } = resolve({}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:1/x', ...env })
    expect(exporter).toMatchObject({ protocol, url })
  })

  it('lets code win over the variables of each exporter, and completes it by them', () => {
    const env = {
      OTEL_TRACES_EXPORTER: 'zipkin',
      OTEL_EXPORTER_JAEGER_AGENT_HOST: 'agent',
      OTEL_EXPORTER_JAEGER_AGENT_PORT: '1',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318',
    }
    expect(resolve({ exporter: [{ jaeger: { port: 2 } }, 'otlp', 'none'] }, env).exporter).toEqual([
      { jaeger: { host: 'agent', port: 2 } },
      expect.objectContaining({ url: 'http://c:4318/v1/traces' }),
    ])
    expect(resolve({ endpoint: 'http://d', protocol: 'grpc' }, env).exporter).toMatchObject({
      url: 'http://d',
      protocol: 'grpc',
    })
  })

  it('reads certificates from their files, and tells of one it cannot read', () => {
    const pem = join(folder, 'ca.pem')
    writeFileSync(pem, '-----BEGIN CERTIFICATE-----\n')
    writeFileSync(join(folder, 'other'), 'hello')
    const { exporter, said } = resolve(
      {},
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c',
        OTEL_EXPORTER_OTLP_CERTIFICATE: pem,
        OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: join(folder, 'other'),
      },
    )
    expect(exporter).toMatchObject({ tls: { ca: '-----BEGIN CERTIFICATE-----\n' } })
    expect(said).toEqual([
      `OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: "${join(folder, 'other')}" is not supported; it holds no PEM; going without`,
    ])
  })

  it('shows no credential of an endpoint', () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://user:secret@c:4318' }
    expect(resolve({}, env).goesTo).not.toContain('secret')
  })
})
