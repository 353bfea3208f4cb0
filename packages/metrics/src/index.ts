export type { BoundCounter, Counter } from './counter.ts'
export type { FamilyType } from './family.ts'
export type { BoundGauge, Gauge } from './gauge.ts'
export type { BoundHistogram, Histogram } from './histogram.ts'
export type { At, InstrumentOptions } from './instrument.ts'
export { diagnosticsSource, registrySource } from './own-metrics.ts'
export type { PointExemplar } from './point-exemplar.ts'
export {
  createRegistry,
  type ExposeAsk,
  type Exposition,
  type HistogramOptions,
  type InstrumentUsage,
  processRegistry,
  type Registry,
  type RegistryOptions,
} from './registry.ts'
export {
  type RuntimeMetricsOptions,
  type RuntimeNaming,
  startRuntimeMetrics,
} from './runtime-metrics.ts'
export type { LabelValues } from './series-table.ts'
export type { MetricSink, MetricSource, MetricSourceGroup, PointSuffix } from './source.ts'
export { targetInfo } from './target-info.ts'
