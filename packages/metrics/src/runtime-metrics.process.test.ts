// A process of its own: prom-client's default metrics start observers that cannot be stopped.
import { spawnSync } from 'node:child_process'
import { getActiveResourcesInfo } from 'node:process'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { build } from 'esbuild'
import promClient from 'prom-client'
import { describe, expect, it } from 'vitest'
import { createRegistry, startRuntimeMetrics } from './index.ts'
import { parseStrictly } from './strict-parser.fixture.ts'

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
    const before = getActiveResourcesInfo().length
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
    expect(getActiveResourcesInfo().length).toBeLessThanOrEqual(before)
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
