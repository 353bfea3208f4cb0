/** OpenTelemetry as it is usually assembled. It must be set up before the framework is loaded. */
import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

/**
 * Registers the SDK and its instrumentations.
 * @param framework `fastify` or `express`
 * @param kind `full`: spans of the framework too; `http`: one server span for each request
 * @param logIds whether pino's lines get the ids
 * @returns what waits until all that was made has been sent
 */
export function startOtel(framework, kind, logIds, collectorUrl) {
  const { NodeTracerProvider } = load('@opentelemetry/sdk-trace-node')
  const { AlwaysOnSampler, BatchSpanProcessor } = load('@opentelemetry/sdk-trace-base')
  const { OTLPTraceExporter } = load('@opentelemetry/exporter-trace-otlp-proto')
  const { resourceFromAttributes } = load('@opentelemetry/resources')
  const { registerInstrumentations } = load('@opentelemetry/instrumentation')
  const exporter = new OTLPTraceExporter({ url: `${collectorUrl}/v1/traces` })
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'bench' }),
    sampler: new AlwaysOnSampler(),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  })
  provider.register()
  registerInstrumentations({
    tracerProvider: provider,
    instrumentations: [...instrumentationsOf(framework, kind, logIds)],
  })
  return () => provider.forceFlush()
}

function* instrumentationsOf(framework, kind, logIds) {
  const { HttpInstrumentation } = load('@opentelemetry/instrumentation-http')
  const { UndiciInstrumentation } = load('@opentelemetry/instrumentation-undici')
  yield new HttpInstrumentation()
  yield new UndiciInstrumentation()
  if (kind === 'full' && framework === 'fastify') {
    const { FastifyOtelInstrumentation } = load('@fastify/otel')
    yield new FastifyOtelInstrumentation({ registerOnInitialization: true })
  }
  if (kind === 'full' && framework === 'express') {
    const { ExpressInstrumentation } = load('@opentelemetry/instrumentation-express')
    yield new ExpressInstrumentation()
  }
  if (logIds) {
    const { PinoInstrumentation } = load('@opentelemetry/instrumentation-pino')
    yield new PinoInstrumentation()
  }
}
