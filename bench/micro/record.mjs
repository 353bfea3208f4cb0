/** What a recording costs: counters and histograms, with labels as an object, bound, and without labels. */
import { createRequire } from 'node:module'
import { createRegistry } from '@triscope/metrics'

const load = createRequire(import.meta.url)
const labelNames = ['method', 'route', 'status']
const statuses = ['200', '201', '404', '500']
const buckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Windows for summaries, the same for all. */
const ages = { maxAgeSeconds: 600, ageBuckets: 5 }

/** Values that spread over all buckets, without a call to make them. */
const values = Array.from({ length: 1024 }, (_, index) => 0.0005 * 1.0098 ** index)

/** Calls `use` with the questions, and returns what it returns. */
export function withQuestions(_how, use) {
  return use(questions())
}

function questions() {
  const prom = promContenders('prom-client 15', load('prom-client'))
  const platformatic = promContenders('@platformatic/prom-client', load('@platformatic/prom-client'))
  const otel = otelContenders()
  const ours = ourContenders()
  const question = (id, label, target) => {
    const peers = { prom: prom[id], platformatic: platformatic[id], otel: otel[id] }
    const there = Object.entries(peers).filter(([, contender]) => contender !== undefined)
    return {
      label,
      target,
      ours: 'triscope',
      peers: there.map(([name]) => name),
      contenders: { triscope: ours[id], ...Object.fromEntries(there) },
    }
  }
  return {
    'counter-labels': question('counterLabels', 'counter, 3 labels as an object', 0.15),
    'counter-bound': question('counterBound', 'counter, bound', 0.03),
    'counter-none': question('counterNone', 'counter, no labels'),
    'histogram-labels': question('histogramLabels', 'histogram of 12 bounds, 3 labels as an object', 0.1),
    'histogram-bound': question('histogramBound', 'histogram of 12 bounds, bound', 0.02),
    'histogram-none': question('histogramNone', 'histogram of 12 bounds, no labels', 0.08),
    summary: question('summary', 'summary within 1 % of the value', 0.02),
    'summary-objectives': question('summaryObjectives', 'summary with objectives, by rank', 0.15),
    'histogram-native': question('native', 'native histogram, bound'),
  }
}

function ourContenders() {
  const registry = createRegistry()
  const counter = registry.counter({ name: 'a_total', help: 'a', labels: labelNames })
  const plain = registry.counter({ name: 'b_total', help: 'b' })
  const histogram = registry.histogram({ name: 'c_seconds', help: 'c', labels: labelNames, buckets })
  const plainHistogram = registry.histogram({ name: 'd_seconds', help: 'd', buckets })
  const bound = counter.series({ method: 'GET', route: '/users/:id', status: '200' })
  const boundHistogram = histogram.series({ method: 'GET', route: '/users/:id', status: '200' })
  const native = registry.histogram({ name: 'e_seconds', help: 'e', buckets: false, native: true }).series()
  const summary = registry.summary({ name: 'f_seconds', help: 'f', ...ages, relativeError: 0.01 })
  const objectives = { 0.5: 0.05, 0.9: 0.01, 0.99: 0.001 }
  const summaryByRank = registry.summary({ name: 'g_seconds', help: 'g', ...ages, objectives })
  const label = 'Triscope'
  return {
    counterLabels: {
      label,
      run(n) {
        for (let i = 0; i < n; i++)
          counter.inc({ method: 'GET', route: '/users/:id', status: statuses[i & 3] })
      },
    },
    counterBound: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) bound.add(1)
      },
    },
    counterNone: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) plain.inc()
      },
    },
    histogramLabels: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) {
          histogram.observe(values[i & 1023], { method: 'GET', route: '/users/:id', status: statuses[i & 3] })
        }
      },
    },
    histogramBound: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) boundHistogram.observe(values[i & 1023])
      },
    },
    histogramNone: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) plainHistogram.observe(values[i & 1023])
      },
    },
    native: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) native.observe(values[i & 1023])
      },
    },
    summary: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) summary.observe(values[i & 1023])
      },
    },
    summaryObjectives: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) summaryByRank.observe(values[i & 1023])
      },
    },
  }
}

function promContenders(label, { Counter, Histogram, Registry, Summary }) {
  const registers = [new Registry()]
  const counter = new Counter({ name: 'a_total', help: 'a', labelNames, registers })
  const plain = new Counter({ name: 'b_total', help: 'b', registers })
  const histogram = new Histogram({ name: 'c_seconds', help: 'c', labelNames, buckets, registers })
  const plainHistogram = new Histogram({ name: 'd_seconds', help: 'd', buckets, registers })
  const bound = counter.labels('GET', '/users/:id', '200')
  const boundHistogram = histogram.labels('GET', '/users/:id', '200')
  return {
    counterLabels: {
      label,
      run(n) {
        for (let i = 0; i < n; i++)
          counter.inc({ method: 'GET', route: '/users/:id', status: statuses[i & 3] })
      },
    },
    counterBound: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) bound.inc(1)
      },
    },
    counterNone: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) plain.inc()
      },
    },
    histogramLabels: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) {
          histogram.observe({ method: 'GET', route: '/users/:id', status: statuses[i & 3] }, values[i & 1023])
        }
      },
    },
    histogramBound: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) boundHistogram.observe(values[i & 1023])
      },
    },
    histogramNone: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) plainHistogram.observe(values[i & 1023])
      },
    },
    summary: observing(label, new Summary({ name: 'f_seconds', help: 'f', ...ages, registers })),
    summaryObjectives: observing(label, new Summary({ name: 'g_seconds', help: 'g', ...ages, registers })),
  }
}

/** A loop of its own for each, so that V8 compiles each for itself. */
function observing(label, summary) {
  return {
    label,
    run(n) {
      for (let i = 0; i < n; i++) summary.observe(values[i & 1023])
    },
  }
}

/** It has no bound instruments. */
function otelContenders() {
  const { AggregationType, MeterProvider } = load('@opentelemetry/sdk-metrics')
  const { PrometheusExporter } = load('@opentelemetry/exporter-prometheus')
  const reader = new PrometheusExporter({ preventServerStart: true })
  const views = [
    { instrumentName: 'exponential', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } },
  ]
  const meter = new MeterProvider({ readers: [reader], views }).getMeter('bench')
  const advice = { explicitBucketBoundaries: buckets }
  const counter = meter.createCounter('a')
  const plain = meter.createCounter('b')
  const histogram = meter.createHistogram('c', { advice })
  const plainHistogram = meter.createHistogram('d', { advice })
  const native = meter.createHistogram('exponential')
  const label = 'OpenTelemetry'
  return {
    counterLabels: {
      label,
      run(n) {
        for (let i = 0; i < n; i++)
          counter.add(1, { method: 'GET', route: '/users/:id', status: statuses[i & 3] })
      },
    },
    counterNone: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) plain.add(1)
      },
    },
    histogramLabels: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) {
          histogram.record(values[i & 1023], { method: 'GET', route: '/users/:id', status: statuses[i & 3] })
        }
      },
    },
    histogramNone: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) plainHistogram.record(values[i & 1023])
      },
    },
    native: {
      label,
      run(n) {
        for (let i = 0; i < n; i++) native.record(values[i & 1023])
      },
    },
  }
}
