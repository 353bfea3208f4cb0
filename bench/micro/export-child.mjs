/** One contender of `export.mjs`: makes spans of six attributes at a rate, and says what the process took meanwhile. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createTracing } from '@triscope/tracing'
import { serve } from '../lib/remote.mjs'

const [contender] = process.argv.slice(2)
const load = createRequire(import.meta.url)

const attributes = {
  'http.request.method': 'GET',
  'url.path': '/users/42',
  'http.route': '/users/:id',
  'http.response.status_code': 200,
  'server.address': 'localhost',
  'network.protocol.version': '1.1',
}

serve({ run })

async function run({ rate, seconds, collectorUrl }) {
  const pipeline = pipelineOf(collectorUrl)
  // Compiled code and a connection first, and for `auto` a thread.
  await atRate(pipeline, rate, 2)
  await pipeline.flush()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const mainBefore = mainThreadUs()
  const wholeBefore = process.cpuUsage()
  const warm = pipeline.made
  await atRate(pipeline, rate, seconds)
  delay.disable()
  const whole = process.cpuUsage(wholeBefore)
  const mainUs = mainThreadUs() - mainBefore
  await pipeline.flush()
  return {
    made: pipeline.made - warm,
    all: pipeline.made,
    mainUs,
    wholeUs: whole.user + whole.system,
    p99Ms: delay.percentile(99) / 1e6,
    maxMs: delay.max / 1e6,
  }
}

function atRate(pipeline, rate, seconds) {
  const startedAt = performance.now()
  let made = 0
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const elapsedMs = Math.min(performance.now() - startedAt, seconds * 1000)
      const due = Math.floor((elapsedMs / 1000) * rate)
      for (; made < due; made++) pipeline.span()
      if (elapsedMs < seconds * 1000) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
}

function pipelineOf(collectorUrl) {
  const url = `${collectorUrl}/v1/traces`
  const pipeline = { made: 0, flush: async () => {}, span: () => pipeline.made++ }
  if (contender === 'none') return pipeline
  const { tracer, flush } = contender === 'otel' ? otel(url) : triscope(url, contender)
  pipeline.flush = flush
  pipeline.span = () => {
    pipeline.made++
    tracer.startSpan('GET /users/:id', { attributes }).end()
  }
  return pipeline
}

function triscope(url, sender) {
  const resource = { attributes: { 'service.name': 'bench' } }
  // At this rate a second of spans fills the default queue three times; its size is not what is measured.
  const batch = { maxRecords: 200_000, maxBytes: 64 * 1024 * 1024 }
  const tracing = createTracing({ resource, exporter: { url, compression: 'none' }, batch, sender })
  return { tracer: tracing.tracer, flush: () => tracing.flush() }
}

function otel(url) {
  const { BasicTracerProvider, BatchSpanProcessor } = load('@opentelemetry/sdk-trace-base')
  const { OTLPTraceExporter } = load('@opentelemetry/exporter-trace-otlp-proto')
  // A flush of a long queue exports it all at once, and beyond the limit batches are lost.
  const exporter = new OTLPTraceExporter({ url, concurrencyLimit: 1_000 })
  const processor = new BatchSpanProcessor(exporter, { maxQueueSize: 200_000 })
  const provider = new BasicTracerProvider({ spanProcessors: [processor] })
  return { tracer: provider.getTracer('bench'), flush: () => provider.forceFlush() }
}

/** Time on a CPU: schedstat counts it in nanoseconds. */
function mainThreadUs() {
  const [ns] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')
  return Number(ns) / 1000
}
