import { createDiagnostics, createResource, type ResourceOptions } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { type Configuration, resolveConfiguration } from './configuration.ts'
import { checkOptions } from './option-checks.ts'
import type { TriscopeOptions } from './options.ts'

function resolve(options: TriscopeOptions, env: Record<string, string> = {}) {
  const said: string[] = []
  const diagnostics = createDiagnostics({ onMessage: ({ message }) => said.push(message) })
  return {
    said,
    ...resolveConfiguration(
      options,
      env,
      diagnostics,
      createResource({ ...options, env } as ResourceOptions),
    ),
  }
}

const exporterOf = ({ tracing }: Pick<Configuration, 'tracing'>) => tracing?.options.exporter

describe('configuration', () => {
  it('sends no spans until an endpoint is named', () => {
    const { tracing, metrics } = resolve({})
    expect(tracing?.options.exporter).toBeUndefined()
    expect(tracing?.goesTo).toBeUndefined()
    expect(metrics?.place).toMatchObject({ path: '/metrics', listener: undefined, toProxies: true })
  })

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, 'http://c:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/' }, 'http://c:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/otlp' }, 'https://c/otlp/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/own' }, 'http://c/own'],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, 'http://localhost:4318/v1/traces'],
  ])('makes of %j the address %s', (env, url) => {
    expect(exporterOf(resolve({}, env))).toMatchObject({ url })
  })

  it('lets OTEL_TRACES_EXPORTER=none win over an endpoint in the environment, and code over both', () => {
    const env = { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }
    expect(exporterOf(resolve({}, env))).toBeUndefined()
    expect(exporterOf(resolve({ tracing: { endpoint: 'http://d:1' } }, env))).toMatchObject({
      url: 'http://d:1/v1/traces',
    })
  })

  it('lets code win over environment, and environment over default', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a=2',
      OTEL_EXPORTER_OTLP_TIMEOUT: '123',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_BSP_SCHEDULE_DELAY: '7',
      OTEL_BSP_MAX_QUEUE_SIZE: '9',
      OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '3',
      OTEL_EXPORTER_PROMETHEUS_PORT: '9464',
      LOG_LEVEL: 'debug',
    }
    const byEnv = resolve({}, env)
    expect(exporterOf(byEnv)).toEqual({
      url: 'http://c:4318/v1/traces',
      protocol: 'http/protobuf',
      headers: { a: '2' },
      compression: 'gzip',
      timeoutMs: 123,
    })
    expect(byEnv.tracing?.options.batch).toEqual({ delayMs: 7, maxRecords: 9 })
    expect(byEnv.tracing?.options.limits).toEqual({ attributes: 3 })
    expect(byEnv.metrics?.place).toMatchObject({
      path: undefined,
      listener: { host: '127.0.0.1', port: 9464 },
    })
    expect(byEnv.logLevel).toBe('debug')
    const byCode = resolve(
      {
        tracing: {
          headers: {},
          timeoutMs: 5,
          compression: 'none',
          batch: { delayMs: 1 },
          limits: { attributes: 1 },
        },
        metrics: { port: 0 },
      },
      env,
    )
    expect(exporterOf(byCode)).toMatchObject({ headers: {}, timeoutMs: 5, compression: 'none' })
    expect(byCode.tracing?.options.batch).toEqual({ delayMs: 1, maxRecords: 9 })
    expect(byCode.tracing?.options.limits).toEqual({ attributes: 1 })
    expect(byCode.metrics?.place.listener?.port).toBe(0)
  })

  it.each([
    ['always_on', undefined, { ratio: 1, parentBased: false }],
    ['always_off', undefined, { ratio: 0, parentBased: false }],
    ['traceidratio', '0.5', { ratio: 0.5, parentBased: false }],
    ['jaeger_remote', undefined, { jaegerRemote: {}, parentBased: false }],
    [
      'parentbased_jaeger_remote',
      'endpoint=http://jaeger:5778,pollingIntervalMs=5000,initialSamplingRate=0.25',
      {
        jaegerRemote: { endpoint: 'http://jaeger:5778', pollIntervalMs: 5_000, initialRatio: 0.25 },
        parentBased: true,
      },
    ],
    ['parentbased_always_on', undefined, 1],
    ['parentbased_always_off', undefined, 0],
    ['parentbased_traceidratio', '0.25', 0.25],
    ['parentbased_traceidratio', undefined, 1],
  ])('takes the sampler %s with %s', (name, arg, expected) => {
    const env = { OTEL_TRACES_SAMPLER: name, ...(arg === undefined ? {} : { OTEL_TRACES_SAMPLER_ARG: arg }) }
    const sampler = resolve({}, env).tracing?.options.sampler
    expect(sampler).toEqual(expected)
  })

  it.each([
    ['b3,tracecontext', ['b3', 'tracecontext'], 0],
    [' B3 , b3,baggage,b3multi,jaeger', ['b3', 'baggage', 'b3multi', 'jaeger'], 0],
    ['none', [], 0],
    ['', undefined, 0],
    ['tracecontext,xray', ['tracecontext'], 1],
    ['xray,ottrace', undefined, 1],
  ])('takes the propagators %j', (OTEL_PROPAGATORS, expected, warnings) => {
    const { tracing, said } = resolve({}, { OTEL_PROPAGATORS })
    expect(tracing?.options.propagators).toEqual(expected)
    expect(said).toHaveLength(warnings)
    if (warnings > 0) {
      expect(said[0]).toMatch(
        /^OTEL_PROPAGATORS: expected some of tracecontext, baggage, b3, b3multi, jaeger, or none, got "xray.*using/,
      )
    }
    const byCode = resolve({ tracing: { propagators: ['jaeger'] } }, { OTEL_PROPAGATORS })
    expect(byCode.tracing?.options.propagators).toEqual(['jaeger'])
  })

  it('looks for spans that are lost or left open only where NODE_ENV says development, or code does', () => {
    const detect = (options: TriscopeOptions, mode?: string) =>
      resolve(options, mode === undefined ? {} : { NODE_ENV: mode }).tracing?.options.detect
    expect([detect({}), detect({}, 'production'), detect({}, 'test')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(detect({}, 'development')).toBe(true)
    expect(detect({ tracing: { detect: false } }, 'development')).toBe(false)
    expect(detect({ tracing: { detect: true } }, 'production')).toBe(true)
  })

  it('switches everything off by OTEL_SDK_DISABLED, whatever the code says', () => {
    expect(resolve({ enabled: true }, { OTEL_SDK_DISABLED: 'true' }).enabled).toBe(false)
    expect(resolve({}, { OTEL_SDK_DISABLED: 'yes' }).enabled).toBe(true)
    expect(resolve({ enabled: false }).enabled).toBe(false)
  })

  it('keeps proxied requests from the metrics in production only', () => {
    expect(resolve({}, { NODE_ENV: 'production' }).metrics?.place.toProxies).toBe(false)
    expect(resolve({ metrics: { public: true } }, { NODE_ENV: 'production' }).metrics?.place.toProxies).toBe(
      true,
    )
    expect(resolve({ environment: 'production' }).metrics?.place.toProxies).toBe(false)
  })

  it.each([
    [
      { OTEL_TRACES_EXPORTER: 'jagger' },
      'OTEL_TRACES_EXPORTER: expected some of otlp, jaeger, zipkin, console, file, or none, got "jagger"; using the default',
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }, /expected an http:\/\/ or https:\/\/ URL/],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_EXPORTER_OTLP_PROTOCOL: 'grcp' },
      /^OTEL_EXPORTER_OTLP_PROTOCOL: .* \(did you mean "grpc"\?\)/,
    ],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_alway_on' }, /did you mean "parentbased_always_on"/],
    [
      { OTEL_TRACES_SAMPLER: 'jaeger_remote', OTEL_TRACES_SAMPLER_ARG: 'endpoint=jaeger:14250' },
      /^OTEL_TRACES_SAMPLER_ARG: "endpoint=jaeger:14250" is not supported; expected endpoint=http/,
    ],
  ])('warns of %j and goes on', (env, message) => {
    expect(resolve({}, env).said).toEqual([expect.stringMatching(message)])
  })

  it.each<[object, string]>([
    [{ sevrice: 'x' }, 'unknown option "sevrice"\n  hint: did you mean "service"?'],
    [{ metrics: { prot: 1 } }, 'unknown option "metrics.prot"\n  hint: did you mean "port"?'],
    [
      { metrics: true },
      'metrics: expected false or an object of options, got true\n  hint: it is on already; leave it out',
    ],
    [{ metrics: { port: 99_999 } }, 'metrics.port: expected a whole number from 0 to 65535, got 99999'],
    [
      { metrics: { path: 'metrics' } },
      'metrics.path: expected a path that begins with "/", or false, got "metrics"',
    ],
    [{ service: '' }, 'service: expected some text, got ""'],
  ])('throws at start for %j', (options, message) => {
    expect(() => checkOptions(options as TriscopeOptions)).toThrow(message)
  })

  it('throws for an endpoint in code that is no URL', () => {
    expect(() => resolve({ tracing: { endpoint: 'localhost:4318' } })).toThrow(
      'tracing.endpoint: expected an http:// or https:// URL, got "localhost:4318"\n  hint: for example http://localhost:4318',
    )
  })
})
