/**
 * Where log records go: `logging.otlp` over `OTEL_LOGS_EXPORTER`, completed by `OTEL_EXPORTER_OTLP_*` and `OTEL_BLRP_*`:
 * OpenTelemetry environment variable specification 1.45.
 */
import type { OtlpLogsOptions } from '@triscope/logging'
import type { EnvReader } from './env.ts'
import type { LoggingSettings } from './options.ts'
import { otlpOf } from './otlp-variables.ts'

/** `undefined` where log records go nowhere. Throws `TRI_ERR_OPTION`. */
export function logExporterOf(given: LoggingSettings['otlp'], read: EnvReader): OtlpLogsOptions | undefined {
  if (given === false) return undefined
  const chosen = given === undefined ? read.choices(['otlp'], 'OTEL_LOGS_EXPORTER') : ['otlp']
  if (chosen === undefined || chosen.length === 0) return undefined
  const { delayMs, maxRecords, maxBatchRecords, ...endpoint } = typeof given === 'object' ? given : {}
  const otlp = otlpOf(endpoint, true, read, 'logs')
  if (otlp === undefined) return undefined
  const { protocol, ...rest } = otlp
  if (protocol !== 'http/protobuf') {
    read.unsupported('OTEL_EXPORTER_OTLP_LOGS_PROTOCOL', String(protocol), 'log records go by http/protobuf')
  }
  return {
    ...rest,
    delayMs: delayMs ?? read.integer(0, 3_600_000, 'OTEL_BLRP_SCHEDULE_DELAY') ?? 1_000,
    maxRecords: maxRecords ?? read.integer(1, 10_000_000, 'OTEL_BLRP_MAX_QUEUE_SIZE') ?? 2_048,
    maxBatchRecords: maxBatchRecords ?? read.integer(1, 10_000_000, 'OTEL_BLRP_MAX_EXPORT_BATCH_SIZE') ?? 512,
  }
}
