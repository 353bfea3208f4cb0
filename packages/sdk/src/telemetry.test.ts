import { createServer, type IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { trace } from '@opentelemetry/api'
import { createDiagnostics, createResource, SDK_VERSION } from '@triscope/core'
import { createRegistry } from '@triscope/metrics'
import { recordTelemetry } from '@triscope/testing/telemetry'
import { afterEach, describe, expect, it } from 'vitest'
import { bannerText, factsOf, sayBanner } from './banner.ts'
import { resolveConfiguration } from './configuration.ts'
import { counter, createTelemetry, getLogger, span, type TriscopeOptions, telemetryFor } from './index.ts'

const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

function record(options: TriscopeOptions = {}) {
  const recorded = recordTelemetry(options)
  closers.push(() => recorded.close())
  return recorded
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Quiet, of this process alone, and ended with the test. */
const QUIET: TriscopeOptions = { env: {}, banner: false, flushAtExit: false, logging: { level: 'silent' } }

describe('telemetry in force', () => {
  it('serves tracers and loggers that were taken before it was created', () => {
    const tracer = trace.getTracer('a-library')
    const log = getLogger('early')
    const recorded = record()
    tracer.startActiveSpan('by-api', (outer) => {
      span('by-hand', () => log.info('inside'))
      outer.end()
    })
    expect(recorded.spans.map(({ name }) => name)).toEqual(['by-hand', 'by-api'])
    expect(recorded.lines[0]).toMatchObject({
      msg: 'inside',
      logger: 'early',
      trace_id: recorded.spans[0]?.spanContext().traceId,
      span_id: recorded.spans[0]?.spanContext().spanId,
    })
  })

  it('hands over to the one created before it when it is shut down', async () => {
    const outer = record()
    const inner = record()
    span('inner', () => {})
    await inner.close()
    span('outer', () => {})
    expect(inner.spans.map(({ name }) => name)).toEqual(['inner'])
    expect(outer.spans.map(({ name }) => name)).toEqual(['outer'])
  })

  it('shuts down once, whoever asks how often, and ends in silence', async () => {
    const { telemetry, lines } = record()
    const first = telemetry.shutdown()
    expect(telemetry.shutdown(1)).toBe(first)
    expect(await first).toBe(true)
    expect(await telemetry.flush()).toBe(true)
    const req = { headers: {}, url: '/', method: 'GET' } as IncomingMessage
    expect(telemetry.beginRequest(req, new ServerResponse(req))).toBeUndefined()
    expect(lines).toEqual([])
  })

  it('waits for the log as well as for the spans when it is flushed', async () => {
    let flushed = false
    const { telemetry } = record({
      logging: {
        destination: {
          write() {},
          flush(done: () => void) {
            setImmediate(() => {
              flushed = true
              done()
            })
          },
        } as { write(line: string): void },
      },
    })
    expect(await telemetry.flush()).toBe(true)
    expect(flushed).toBe(true)
  })

  it.each<[TriscopeOptions, string]>([
    [{ metrics: { buckets: [2, 1], runtime: false } }, 'buckets must increase'],
    [{ metrics: { maxTotalSeries: 0 } }, 'metrics.maxTotalSeries'],
    [{ metrics: { runtime: { naming: 'otel' } } as object }, 'metrics.runtime.naming'],
    [{ metrics: { runtime: { name: 'semconv' } } as object }, 'metrics.runtime.name'],
    [{ metrics: { runtime: 'semconv' } as object }, 'metrics.runtime'],
    [{ metrics: { promClient: [{}] } as object }, 'metrics.promClient'],
    [{ context: {} } as object, 'context: expected a context storage'],
    [{ metrics: { lint: true } as object }, 'metrics.lint'],
    [{ metrics: { maxSeries: 1, runtime: false }, tracing: { sampler: 10 } }, 'tracing.sampler'],
    [{ metrics: { maxSeries: 1, runtime: false }, logging: { leve: 1 } as object }, 'logging.leve'],
  ])('changes nothing where it throws at start: %j', async (options, message) => {
    const registry = telemetryFor(record().telemetry).registry
    const processWide = counter('unchanged_total', { help: 'U', labels: ['id'] })
    expect(() => createTelemetry({ ...QUIET, ...options })).toThrow(message)
    for (const id of ['a', 'b', 'c']) processWide.inc({ id })
    expect(await registry.text()).toContain('target_info')
    const telemetry = createTelemetry({ ...QUIET, metrics: { runtime: false } })
    closers.push(() => telemetry.shutdown())
    expect(await telemetry.registry.text()).not.toContain('unchanged_total{otel_metric_overflow')
  })

  it('exposes the app’s own metrics, the resource and what telemetry says of itself', async () => {
    const recorded = record({ service: 'checkout', version: '1.4.2' })
    recorded.telemetry.registry.counter({ name: 'orders_total', help: 'Orders placed' }).inc()
    recorded.telemetry.diagnostics.dropped('traces', 'QUEUE_FULL', 2)
    const text = await recorded.metrics('text/plain')
    expect(text).toContain('# TYPE orders_total counter\norders_total 1\n')
    expect(text).toMatch(/^target_info\{.*service_name="checkout",.*service_version="1.4.2"/m)
    expect(text).toContain('triscope_telemetry_dropped_total{signal="traces",reason="QUEUE_FULL"} 2\n')
    expect(text).toMatch(/^triscope_metric_series\{metric="orders_total"\} 1$/m)
  })

  it('serves the metrics of prom-client registries, named in options or later, once each, until it shuts down', async () => {
    const registry = createRegistry()
    const fake = (name: string) => ({
      getMetricsAsArray: () =>
        [name, 'process_open_fds'].map((each) => ({
          name: each,
          get: async () => ({ name: each, help: 'H', type: 'gauge', values: [{ labels: {}, value: 1 }] }),
        })),
    })
    const [first, second] = [fake('alpha'), fake('beta')]
    const said: string[] = []
    const telemetry = createTelemetry({
      ...QUIET,
      metrics: { registry, promClient: [first] },
      onWarning: ({ code }) => said.push(code),
    })
    const detach = telemetry.register(second)
    telemetry.register(first)
    expect(await registry.text()).toMatch(/\nalpha 1\n[\s\S]*\nbeta 1\n/)
    detach()
    expect(await registry.text()).not.toContain('beta')
    telemetry.register(second)
    await telemetry.shutdown()
    expect(await registry.text()).not.toMatch(/alpha|beta/)
    expect(said).toEqual([])
  })

  it.each<[TriscopeOptions, 'throws' | 'warns' | 'is silent']>([
    [{ env: { NODE_ENV: 'development' } }, 'throws'],
    [{ environment: 'development' }, 'throws'],
    [{ env: { NODE_ENV: 'production' } }, 'warns'],
    [{}, 'warns'],
    [{ env: { NODE_ENV: 'development' }, metrics: { lint: 'warn' } }, 'warns'],
    [{ metrics: { lint: 'throw' } }, 'throws'],
    [{ metrics: { lint: 'off' } }, 'is silent'],
  ])('with %j an instrument with an ill-chosen name %s', (options, what) => {
    const said: string[] = []
    const telemetry = createTelemetry({
      ...QUIET,
      env: {},
      ...options,
      metrics: { runtime: false, registry: createRegistry(), ...options.metrics },
      onWarning: ({ code }) => said.push(code),
    })
    closers.push(() => telemetry.shutdown())
    const make = (): unknown => telemetry.registry.gauge({ name: 'wait_ms', help: 'Wait' })
    if (what === 'throws') expect(make).toThrow('gauge "wait_ms": the name has the abbreviated unit "ms"')
    else make()
    expect(said).toEqual(what === 'warns' ? ['TRI_WARN_METRIC_LINT'] : [])
  })

  it("gives the runtime OpenTelemetry's names where they are asked for", async () => {
    const registry = createRegistry()
    const telemetry = createTelemetry({ ...QUIET, metrics: { registry, runtime: { naming: 'semconv' } } })
    closers.push(() => telemetry.shutdown())
    const text = await registry.text()
    expect(text).toContain('\nprocess_memory_usage_bytes ')
    expect(text).not.toContain('process_resident_memory_bytes')
  })

  it('applies its limits to the registry of the process, in which counter() registers at import', async () => {
    const early = counter('early_total', { help: 'Made before telemetry', labels: ['id'] })
    const telemetry = createTelemetry({ ...QUIET, metrics: { maxSeries: 1, runtime: false } })
    closers.push(() => telemetry.shutdown())
    early.inc({ id: 'a' })
    early.inc({ id: 'b' })
    const text = await telemetry.registry.text()
    expect(text).toContain('early_total{id="a"} 1\nearly_total{otel_metric_overflow="true"} 1\n')
    telemetry.registry.configure({ maxSeries: 2_000 })
  })

  it.each<[object, string]>([
    [
      { tracing: { sampler: 10 } },
      'tracing.sampler: expected a ratio from 0 to 1, settings, or a Sampler, got 10',
    ],
    [{ logging: { leve: 'info' } as object }, 'unknown option "logging.leve"\n  hint: did you mean "level"?'],
    [
      { tracing: { exportr: {} } as object },
      'unknown option "tracing.exportr"\n  hint: did you mean "exporter"?',
    ],
  ])('throws at start for %j', (options, message) => {
    expect(() => createTelemetry({ ...QUIET, ...options })).toThrow(message)
  })
})

describe('the telemetry of a process', () => {
  it('is created once and shared, and says which options of a second call are not in force', async () => {
    const warnings: string[] = []
    const first = telemetryFor({
      ...QUIET,
      metrics: { runtime: false, path: '/m' },
      onWarning: ({ code, message }) => warnings.push(`${code} ${message}`),
    })
    closers.push(() => first.shutdown())
    expect(telemetryFor()).toBe(first)
    expect(telemetryFor({ metrics: { path: '/m' } })).toBe(first)
    expect(warnings).toEqual([])
    expect(telemetryFor({ service: 'other', metrics: { path: '/n' } })).toBe(first)
    expect(warnings).toEqual([
      "TRI_WARN_DOUBLE triscope was called again with other options (service, metrics.path); the first call's options stay in force: give the options once",
    ])
    await first.shutdown()
    const second = telemetryFor({ ...QUIET, metrics: { runtime: false } })
    closers.push(() => second.shutdown())
    expect(second).not.toBe(first)
  })

  it('is whatever telemetry it is handed', () => {
    const { telemetry } = record()
    expect(telemetryFor(telemetry)).toBe(telemetry)
    expect(() => telemetryFor('x' as unknown as TriscopeOptions)).toThrow(
      'expected an object of options, got string',
    )
  })
})

describe('the banner', () => {
  const facts = (options: TriscopeOptions, metricsUrl?: string, notices: readonly string[] = []) => {
    const resource = createResource({ service: 'checkout', version: '1.4.2' })
    const configuration = resolveConfiguration(options, {}, createDiagnostics(), resource)
    return factsOf(configuration, resource, notices)(metricsUrl)
  }

  it('says where metrics are and where traces go', () => {
    expect(bannerText(facts({}, undefined, ['TRI_WARN_ENV: a variable']))).toBe(
      `
  triscope ${SDK_VERSION}   checkout 1.4.2   development   pid ${process.pid}
  metrics     GET /metrics on this app
  traces      in log lines and exemplars; set OTEL_EXPORTER_OTLP_ENDPOINT to export spans
  ! TRI_WARN_ENV: a variable

`,
    )
    const elsewhere = facts(
      { metrics: { port: 9464 }, tracing: { endpoint: 'http://c:4318' } },
      'http://127.0.0.1:9464/metrics',
    )
    expect([elsewhere.metrics, elsewhere.traces]).toEqual([
      'http://127.0.0.1:9464/metrics',
      'http://c:4318/v1/traces',
    ])
    const off = facts({ metrics: false, tracing: false })
    expect([off.metrics, off.traces]).toEqual(['off', 'off'])
    expect(facts({ metrics: { path: false } }).metrics).toBe('not served (metrics.path is false)')
  })

  it('is one line in the log where there is no terminal, and a warning where something was noticed', () => {
    const { telemetry, lines } = record()
    sayBanner(facts({}), undefined, telemetry.logger)
    sayBanner(facts({}, undefined, ['TRI_WARN_ENV: a variable']), undefined, telemetry.logger)
    expect(lines.map(({ level, msg, notices }) => [level, msg, notices])).toEqual([
      [30, 'triscope started', undefined],
      [40, 'triscope started', ['TRI_WARN_ENV: a variable']],
    ])
  })

  it('comes once the listener of the metrics knows its port', async () => {
    const lines: string[] = []
    const telemetry = createTelemetry({
      env: {},
      flushAtExit: false,
      banner: true,
      environment: 'production',
      metrics: { port: 0, runtime: false },
      logging: { destination: { write: (line: string) => void lines.push(line) } },
    })
    closers.push(() => telemetry.shutdown())
    for (let turn = 0; turn < 100 && lines.length === 0; turn++)
      await new Promise((resolve) => setImmediate(resolve))
    const { metrics } = JSON.parse(lines[0] ?? '{}') as { metrics: string }
    expect(metrics).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*\/metrics$/)
    expect(await (await fetch(metrics)).text()).toContain('target_info')
  })
})

describe('a shutdown', () => {
  it('leaves no signal handler, no listener and no source behind', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/metrics`
    const telemetry = createTelemetry({ ...QUIET, metrics: { port }, flushAtExit: true })
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect((await fetch(url)).status).toBe(200)
    const listening = process.listenerCount('SIGTERM')
    await telemetry.shutdown()
    await expect(fetch(url)).rejects.toThrow()
    expect(process.listenerCount('SIGTERM')).toBe(listening - 1)
    expect(await telemetry.registry.text()).not.toContain('target_info')
  })
})
