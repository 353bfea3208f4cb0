// A process of its own: prom-client's default metrics start observers that cannot be stopped.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { getActiveResourcesInfo } from 'node:process'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { build } from 'esbuild'
import promClient from 'prom-client'
import { describe, expect, it } from 'vitest'
import { createRegistry, startRuntimeMetrics } from './index.ts'
import { parseStrictly } from './strict-parser.fixture.ts'

/**
 * The names of the conventions' own package, as labels and names of Prometheus; those without a word that they are
 * deprecated in its declarations.
 */
function published(kind: RegExp): string[] {
  const folder = dirname(
    createRequire(import.meta.url).resolve('@opentelemetry/semantic-conventions/incubating'),
  )
  const declarations = ['metrics', 'attributes'].flatMap((what) =>
    ['experimental', 'stable'].map((status) => readFileSync(`${folder}/${status}_${what}.d.cts`, 'utf8')),
  )
  return declarations.flatMap((text) =>
    [...text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*declare const (\w+): "([^"]+)"/g)]
      .filter(([, comment = '', name = '']) => kind.test(name) && !comment.includes('@deprecated'))
      .map(([, , , value = '']) => value.replace(/[^a-zA-Z0-9_]/g, '_')),
  )
}

describe('runtime metrics', () => {
  it('have every name that prom-client has, with the same labels, and two more', async () => {
    const theirs = new promClient.Registry()
    promClient.collectDefaultMetrics({ register: theirs })
    const registry = createRegistry()
    const stop = startRuntimeMetrics(registry)
    const labelsOf = (labels: object | undefined): string =>
      Object.keys(labels ?? {})
        .filter((label) => label !== 'le')
        .sort()
        .join(' ')
    // Theirs have no series of collections before the first.
    const gc = theirs.getSingleMetric('nodejs_gc_duration_seconds') as promClient.Histogram
    gc.observe({ kind: 'major' }, 0)
    // As objects: their text is not one that a strict reader takes.
    const wanted = new Map(
      (await theirs.getMetricsAsJSON()).map(({ name, type, values }) => [
        name,
        `${type} ${labelsOf((values as { labels: object }[])[0]?.labels)}`,
      ]),
    )
    const ours = new Map(
      parseStrictly(await registry.text(), 'text').map(({ name, type, samples }) => [
        name,
        `${type} ${labelsOf(samples[0]?.labels)}`,
      ]),
    )
    stop()
    expect(wanted.size).toBeGreaterThan(25)
    // With nothing in flight they write no sample, and so no label.
    wanted.delete('nodejs_active_requests')
    for (const [name, type] of wanted) expect([name, ours.get(name)]).toEqual([name, type])
    expect([...ours.keys()].filter((name) => !wanted.has(name)).sort()).toEqual([
      'nodejs_active_requests',
      'nodejs_eventloop_utilization_ratio',
      'nodejs_heap_size_limit_bytes',
    ])
  })

  it('have the same buckets of garbage collections as prom-client', async () => {
    const theirs = new promClient.Registry()
    promClient.collectDefaultMetrics({ register: theirs })
    const gc = theirs.getSingleMetric('nodejs_gc_duration_seconds') as promClient.Histogram
    gc.observe({ kind: 'major' }, 0)
    const registry = createRegistry()
    const stop = startRuntimeMetrics(registry)
    const text = await registry.text()
    stop()
    const bounds = (lines: string): string[] =>
      [
        ...lines.matchAll(
          /^nodejs_gc_duration_seconds_bucket\{.*le="([^"]+)".*kind="major"|^nodejs_gc_duration_seconds_bucket\{kind="major",le="([^"]+)"/gm,
        ),
      ].map(([, a, b]) => a ?? b ?? '')
    expect(bounds(text)).toEqual(bounds(await theirs.getSingleMetricAsString('nodejs_gc_duration_seconds')))
    expect(bounds(text)).toHaveLength(7)
  })

  it("have OpenTelemetry's names, mapped to Prometheus, with naming semconv, and no deprecated one", async () => {
    const registry = createRegistry()
    const stop = startRuntimeMetrics(registry, { naming: 'semconv' })
    const families = parseStrictly(await registry.text(), 'text')
    stop()
    const metrics = published(/^METRIC_(NODEJS|V8JS|PROCESS)_/)
    const attributes = published(/^ATTR_/)
    expect(metrics.length).toBeGreaterThan(15)
    const ours = families.map(({ name, type, samples }) => {
      const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)))
      for (const label of labels) if (label !== 'le') expect(attributes).toContain(label)
      // Its name without what the mapping adds: the type's suffix, then the unit's.
      const plain = name.replace(/_total$/, '').replace(/_(seconds|bytes|ratio)$/, '')
      expect(metrics).toContain(plain)
      return `${plain} ${type}`
    })
    expect(ours).toEqual([
      'v8js_gc_duration histogram',
      'process_cpu_time counter',
      'process_memory_usage gauge',
      'process_memory_virtual gauge',
      'process_unix_file_descriptor_count gauge',
      'process_thread_count gauge',
      'process_uptime gauge',
      'process_context_switches counter',
      'process_paging_faults counter',
      ...['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
        (q) => `nodejs_eventloop_delay_${q} gauge`,
      ),
      'nodejs_eventloop_utilization gauge',
      'nodejs_eventloop_time counter',
      'v8js_memory_heap_used gauge',
      'v8js_memory_heap_space_size gauge',
      'v8js_memory_heap_space_available_size gauge',
      'v8js_memory_heap_space_physical_size gauge',
      'v8js_resource_active gauge',
    ])
    // Everything there is for the runtime; of the process, what Node can tell and a query cannot make of the rest.
    const missing = metrics.filter((name) => !ours.some((each) => each.startsWith(`${name} `)))
    expect(missing.filter((name) => !name.startsWith('process_'))).toEqual([])
  })

  it('say which names there are, and refuse to run under two of them in one registry', () => {
    const registry = createRegistry()
    expect(() => startRuntimeMetrics(registry, { naming: 'otel' as never })).toThrow(
      'naming: expected "prom-client" or "semconv", got "otel"',
    )
    expect(() => startRuntimeMetrics(registry, { name: 'semconv' } as never)).toThrow('unknown option "name"')
    const stop = startRuntimeMetrics(registry)
    expect(() => startRuntimeMetrics(registry, { naming: 'semconv' })).toThrow('prom-client already')
    stop()
    startRuntimeMetrics(registry, { naming: 'semconv' })()
  })

  it('have plausible values', async () => {
    const registry = createRegistry()
    const stop = startRuntimeMetrics(registry)
    const text = await registry.text('application/openmetrics-text')
    stop()
    const values = new Map(
      parseStrictly(text, 'openmetrics').flatMap(({ samples }) =>
        samples.map(({ name, labels, value }) => [name + (labels['space'] ?? ''), value] as const),
      ),
    )
    const { rss, heapTotal } = process.memoryUsage()
    expect(values.get('process_resident_memory_bytes')).toBeGreaterThan(rss / 2)
    expect(values.get('nodejs_heap_size_total_bytes')).toBeGreaterThan(heapTotal / 2)
    expect(values.get('nodejs_heap_size_limit_bytes')).toBeGreaterThan(heapTotal)
    expect(values.get('process_open_fds')).toBeGreaterThan(2)
    expect(values.get('process_max_fds')).toBeGreaterThan(values.get('process_open_fds') as number)
    expect(values.get('process_cpu_seconds_total')).toBeGreaterThan(0)
    const ageSeconds = Date.now() / 1000 - (values.get('process_start_time_seconds') as number)
    expect(Math.abs(ageSeconds - process.uptime())).toBeLessThan(2)
    expect(values.get('nodejs_heap_space_size_used_bytesold')).toBeGreaterThan(0)
    expect(values.get('nodejs_eventloop_utilization_ratio')).toBeGreaterThanOrEqual(0)
    expect(values.get('nodejs_eventloop_utilization_ratio')).toBeLessThanOrEqual(1)
    expect(text).toContain(`nodejs_version_info{version="${process.version}"`)
  })

  it('run once however often they are started on a registry, and hold nothing when the last user stopped', async () => {
    const registry = createRegistry()
    const held = (): number => getActiveResourcesInfo().filter((type) => type !== 'Immediate').length
    const before = held()
    const stops = [startRuntimeMetrics(registry), startRuntimeMetrics(registry)]
    const samples = (await registry.text()).split('\n').filter((line) => line.startsWith('process_open_fds '))
    expect(samples).toHaveLength(1)
    stops[0]?.()
    stops[0]?.()
    expect(await registry.text()).toContain('process_open_fds ')
    stops[1]?.()
    expect(await registry.text()).not.toContain('process_open_fds ')
    await nextTurn()
    // Less is fine: what the test runner itself waited for may have come meanwhile.
    expect(held()).toBeLessThanOrEqual(before)
  })

  it('do not keep the process alive', async () => {
    const program = `
      import { createRegistry, startRuntimeMetrics } from './index.ts'
      const registry = createRegistry()
      startRuntimeMetrics(registry)
      registry.text().then(() => console.log('scraped'))
    `
    const { outputFiles } = await build({
      stdin: { contents: program, resolveDir: import.meta.dirname, loader: 'js' },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      conditions: ['@triscope/source'],
      write: false,
    })
    const input = outputFiles[0]?.text ?? ''
    // Killed after a while if it does not end by itself, and then the signal is not null.
    const { stdout, status, signal } = spawnSync(process.execPath, ['-'], {
      input,
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect([stdout, status, signal]).toEqual(['scraped\n', 0, null])
  })
})
