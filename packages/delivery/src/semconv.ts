/** The names under which a delivery tells about itself: "Semantic conventions for OpenTelemetry SDK metrics". */
import type { Signal } from '@triscope/core'

/** What records are called in messages, and in the metric names of the conventions where there are any. */
export const RECORD_NAMES: Readonly<
  Record<Signal, { one: string; many: string; metric: string | undefined }>
> = {
  traces: { one: 'span', many: 'spans', metric: 'span' },
  logs: { one: 'log record', many: 'log records', metric: 'log' },
  // A record of metrics is a whole request, while the conventions count data points.
  metrics: { one: 'metric request', many: 'metric requests', metric: undefined },
}

/** A number of records, in words. */
export function recordsOf(signal: Signal, count: number): string {
  const { one, many } = RECORD_NAMES[signal]
  return `${count} ${count === 1 ? one : many}`
}

/** `error_type` of records that left before they were sent. */
export const QUEUE_FULL = 'queue_full'
export const ALREADY_SHUTDOWN = 'already_shutdown'
export const TOO_LARGE = 'too_large'
/** `error_type` of records that the backend rejected in an answer that accepted others. */
export const REJECTED = 'rejected'
/** `error_type` where the cause has no name of its own. */
export const OTHER = '_OTHER'

/** The metric names of one kind of record. */
export function metricNames(record: string): {
  exported: string
  inFlight: string
  processed: string
  queueSize: string
  queueCapacity: string
} {
  return {
    exported: `otel_sdk_exporter_${record}_exported_total`,
    inFlight: `otel_sdk_exporter_${record}_inflight`,
    processed: `otel_sdk_processor_${record}_processed_total`,
    queueSize: `otel_sdk_processor_${record}_queue_size`,
    queueCapacity: `otel_sdk_processor_${record}_queue_capacity`,
  }
}
