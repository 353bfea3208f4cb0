/**
 * What the two ways between registries share: which registry it is, and which of its metrics are ours.
 */

/** A registry of prom-client 15, of `@prometheus-io/client`, or of another fork. */
export interface ForeignRegistry {
  /** What its own endpoint answers with; OpenMetrics adds `_total` to the names of counters. */
  readonly contentType?: string
  getMetricsAsArray(): readonly object[]
}

/** On every metric that is put into a foreign registry, also by another copy of this package. */
export const WRITTEN: unique symbol = Symbol.for('triscope.metrics.written') as never

/** Whether a metric of a foreign registry is one of ours: it is not adopted back. */
export function isWrittenByUs(metric: object): boolean {
  return WRITTEN in metric
}

/** Whether a registry writes OpenMetrics. */
export function isOpenMetrics({ contentType }: ForeignRegistry): boolean {
  return typeof contentType === 'string' && contentType.startsWith('application/openmetrics-text')
}
