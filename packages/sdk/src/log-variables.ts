/**
 * Where log records go: `logging.otlp` over `OTEL_LOGS_EXPORTER`, completed by `OTEL_EXPORTER_OTLP_*` and `OTEL_BLRP_*`:
 * OpenTelemetry environment variable specification 1.45.
 */
import type { OtlpLogsOptions } from '@triscope/logging'
import type { LoggingSettings } from './options.ts'
import { otlpOf } from './otlp-variables.ts'
import type { SettingReader } from './setting-reader.ts'

/** `undefined` where log records go nowhere. Throws `TRI_ERR_OPTION`. */
export function logExporterOf(
  given: LoggingSettings['otlp'],
  read: SettingReader,
): OtlpLogsOptions | undefined {
  if (given === false) return undefined
  const chosen = given === undefined ? read.choices('logging.otlp', ['otlp']) : ['otlp']
  if (chosen === undefined || chosen.length === 0) return undefined
  const { delayMs, maxRecords, maxBatchRecords, ...endpoint } = typeof given === 'object' ? given : {}
  const otlp = otlpOf(endpoint, true, read, 'logging.otlp')
  if (otlp === undefined) return undefined
  const { protocol, ...rest } = otlp
  if (protocol !== 'http/protobuf') {
    read.unsupported('logging.otlp.protocol', String(protocol), 'log records go by http/protobuf')
  }
  return {
    ...rest,
    delayMs: delayMs ?? read.integer('logging.otlp.delayMs') ?? 1_000,
    maxRecords: maxRecords ?? read.integer('logging.otlp.maxRecords') ?? 2_048,
    maxBatchRecords: maxBatchRecords ?? read.integer('logging.otlp.maxBatchRecords') ?? 512,
  }
}
