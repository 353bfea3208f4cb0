import { createDiagnostics } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { logExporterOf } from './log-variables.ts'
import { SettingReader } from './setting-reader.ts'

const optionsOf = (env: Record<string, string>): ReturnType<typeof logExporterOf> =>
  logExporterOf(
    undefined,
    new SettingReader({ OTEL_LOGS_EXPORTER: 'otlp', ...env }, createDiagnostics({ onMessage: () => {} })),
  )

describe('variables of log records', () => {
  it('takes each form for logs before the general one', () => {
    const options = optionsOf({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://general:4318',
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://own:4318/in',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=general',
      OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'a=own',
      OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_TIMEOUT: '1',
      OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: '2000',
    })
    expect(options).toMatchObject({
      url: 'http://own:4318/in',
      headers: { a: 'own' },
      compression: 'gzip',
      timeoutMs: 2_000,
    })
  })

  it('gives the general endpoint the path of logs', () => {
    expect(optionsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://general:4318' })?.url).toBe(
      'http://general:4318/v1/logs',
    )
  })

  it('reads the batch of OTEL_BLRP_*', () => {
    const options = optionsOf({
      OTEL_BLRP_SCHEDULE_DELAY: '7',
      OTEL_BLRP_MAX_QUEUE_SIZE: '8',
      OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '9',
    })
    expect(options).toMatchObject({ delayMs: 7, maxRecords: 8, maxBatchRecords: 9 })
  })
})
