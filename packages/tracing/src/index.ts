export type { Carrier } from './carrier.ts'
export type { ClientCall } from './clients.ts'
export type { ConsoleExporterOptions } from './exporters/console.ts'
export type { BatchOptions } from './exporters/export-parts.ts'
export {
  EXPORTER_NAMES,
  type ExporterName,
  type ExporterOption,
  type NamedExporter,
} from './exporters/exporter-option.ts'
export type { FileExporterOptions } from './exporters/file.ts'
export type { JaegerExporterOptions, JaegerTransport } from './exporters/jaeger.ts'
export { createSpanMemory, type MemorySpan, type SpanMemory } from './exporters/memory.ts'
export type { OtlpExporterOptions, OtlpProtocol } from './exporters/otlp.ts'
export type { ZipkinExporterOptions } from './exporters/zipkin.ts'
export { currentTracing, delegatingPropagator, delegatingProvider, setCurrentTracing } from './global.ts'
export type { IncomingHeaders } from './header-source.ts'
export type { BaggageHosts } from './hosts.ts'
export type { Inbound } from './inbound.ts'
export type { LimitOptions } from './limits.ts'
export { continueTrace, inject } from './messages.ts'
export { PROPAGATOR_NAMES, type PropagatorName } from './propagators.ts'
export { activeSpan, recordError, type SpanDone, span } from './run-span.ts'
export type { SamplerOption, SamplerSettings } from './sampler.ts'
export type { ChoiceSettings } from './sampling-choice.ts'
export type { JaegerRemoteOptions } from './sampling-remote.ts'
export type { SamplingRule } from './sampling-rules.ts'
export { createSpanProcessor, type SpanProcessorOptions } from './span-processor.ts'
export { createTracing, type Tracing, type TracingOptions } from './tracing.ts'
