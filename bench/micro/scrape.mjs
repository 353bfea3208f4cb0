/**
 * What a scrape costs, for one contender in a process of its own: `node scrape.mjs <contender> <counters|histograms>`.
 * The first scrape of a process, later ones, the longest block of the event loop, and the heap of a series.
 */
import { createRequire } from 'node:module'
import { setImmediate as turn } from 'node:timers/promises'
import { serve } from '../lib/remote.mjs'
import { median } from '../lib/statistics.mjs'

const load = createRequire(import.meta.url)
const [contender, kind] = process.argv.slice(2)
const labelNames = ['method', 'route', 'status']
const buckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const SCRAPES = 7

serve({ run }, {})

async function run({ series }) {
  const { record, scrape } = await contenders[contender]()
  globalThis.gc()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < series; i++)
    record({ method: 'GET', route: `/route/${i >> 2}`, status: `20${i & 3}` }, i)
  globalThis.gc()
  const heap = (process.memoryUsage().heapUsed - before) / series
  const found = []
  for (let round = 0; round < SCRAPES + 1; round++) found.push(await watched(scrape))
  const [first, ...later] = found
  return {
    firstMs: first.ms,
    ms: median(later.map(({ ms }) => ms)),
    blockMs: median(later.map(({ blockMs }) => blockMs)),
    bytes: first.bytes,
    heap,
  }
}

/** How long it takes, and how long nothing else can run meanwhile: turns of the event loop are timed throughout. */
async function watched(scrape) {
  let running = true
  let blockMs = 0
  const watch = (async () => {
    let last = performance.now()
    while (running) {
      await turn()
      const now = performance.now()
      blockMs = Math.max(blockMs, now - last)
      last = now
    }
  })()
  await turn()
  const startedAt = performance.now()
  const bytes = await scrape()
  const ms = performance.now() - startedAt
  running = false
  await watch
  return { ms, blockMs, bytes }
}

const contenders = {
  async triscope() {
    const { createRegistry } = await import('@triscope/metrics')
    const registry = createRegistry({ maxSeries: 1_000_000 })
    const counter = registry.counter({ name: 'a_total', help: 'a', labels: labelNames })
    const histogram = registry.histogram({ name: 'c_seconds', help: 'c', labels: labelNames, buckets })
    return {
      record: (labels, i) =>
        kind === 'counters' ? counter.add(i, labels) : histogram.observe(i / 1000, labels),
      async scrape() {
        let bytes = 0
        for await (const chunk of registry.expose().body) bytes += chunk.length
        return bytes
      },
    }
  },
  prom: () => promLike(load('prom-client')),
  platformatic: () => promLike(load('@platformatic/prom-client')),
  async otel() {
    const { AggregationType, MeterProvider } = load('@opentelemetry/sdk-metrics')
    const { PrometheusExporter, PrometheusSerializer } = load('@opentelemetry/exporter-prometheus')
    const reader = new PrometheusExporter({ preventServerStart: true })
    // Beyond its default limit of 2000 it would fold all series into one.
    const views = [
      {
        instrumentName: '*',
        aggregationCardinalityLimit: 1_000_000,
        aggregation: { type: AggregationType.DEFAULT },
      },
    ]
    const meter = new MeterProvider({ readers: [reader], views }).getMeter('bench')
    const counter = meter.createCounter('a')
    const histogram = meter.createHistogram('c', { advice: { explicitBucketBoundaries: buckets } })
    const serializer = new PrometheusSerializer()
    return {
      record: (labels, i) =>
        kind === 'counters' ? counter.add(i, labels) : histogram.record(i / 1000, labels),
      async scrape() {
        const { resourceMetrics } = await reader.collect()
        return Buffer.from(serializer.serialize(resourceMetrics)).length
      },
    }
  },
}

function promLike({ Counter, Histogram, Registry }) {
  const registry = new Registry()
  const registers = [registry]
  const counter = new Counter({ name: 'a_total', help: 'a', labelNames, registers })
  const histogram = new Histogram({ name: 'c_seconds', help: 'c', labelNames, buckets, registers })
  return {
    record: (labels, i) =>
      kind === 'counters' ? counter.inc(labels, i) : histogram.observe(labels, i / 1000),
    scrape: async () => Buffer.from(await registry.metrics()).length,
  }
}
