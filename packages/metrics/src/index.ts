export { exponentialBuckets, linearBuckets } from './buckets.ts'
export type { PointSuffix } from './collected-family.ts'
export type { BoundCounter, Counter } from './counter.ts'
export type { FamilyType } from './family.ts'
export type { BoundGauge, BoundUpDownCounter, Gauge, UpDownCounter } from './gauge.ts'
export type { BoundHistogram, Histogram } from './histogram.ts'
export type { Info } from './info.ts'
export type { At, InstrumentOptions, Removable } from './instrument.ts'
export { lint } from './lint.ts'
export type { LintCode, LintFinding } from './lint-rules.ts'
export type { NameRule } from './names.ts'
export type { NativeOptions } from './native-buckets.ts'
export type { Observable, ObserveCallback, Observer } from './observable.ts'
export { diagnosticsSource, registrySource } from './own-metrics.ts'
export type { PointExemplar } from './point-exemplar.ts'
export type { LintMode } from './registration-lint.ts'
export {
  type ConfigureOptions,
  createRegistry,
  type ExposeAsk,
  type Exposition,
  type HistogramOptions,
  type InfoOptions,
  type InstrumentUsage,
  type ObservableOptions,
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
export type { MetricSink, MetricSource, MetricSourceGroup } from './source.ts'
export type { BoundSummary, Summary } from './summary.ts'
export type { SummaryOptions } from './summary-accuracy.ts'
export { targetInfo } from './target-info.ts'
export type { BoundTimed, Timed } from './timed.ts'
