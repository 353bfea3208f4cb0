/**
 * What is in force: code over environment over default, put together once, when telemetry is created.
 * OpenTelemetry environment variable specification 1.45; the variables that are read are listed in the README of this package.
 */
import type { Diagnostics, Resource } from '@triscope/core'
import type { OtlpLogsOptions } from '@triscope/logging'
import type { LintMode, RuntimeMetricsOptions } from '@triscope/metrics'
import { PROPAGATOR_NAMES, type TracingOptions } from '@triscope/tracing'
import { EnvReader } from './env.ts'
import { exporterOf, type GivenExporter } from './exporter-variables.ts'
import { logExporterOf } from './log-variables.ts'
import type { MetricsAddress } from './metrics-endpoint.ts'
import type { MetricsOptions, TracingSettings, TriscopeOptions } from './options.ts'
import { samplerOf } from './sampler-variables.ts'

/** Where the metrics are served. */
export interface MetricsPlace {
  /** On the app; `undefined` where the app serves none. */
  path: string | undefined
  /** A listener of its own. */
  listener: MetricsAddress | undefined
  /** Whether proxied requests are answered too. */
  toProxies: boolean
}

/** All settings resolved; `undefined` is a signal that is off. */
export interface Configuration {
  enabled: boolean
  /** As the resource says it. */
  environment: string
  /** Where nobody develops: the environment is called production, or `NODE_ENV` is. */
  isProduction: boolean
  metrics:
    | { place: MetricsPlace; exemplars: boolean; runtime: RuntimeMetricsOptions | undefined; lint: LintMode }
    | undefined
  /** `goesTo` says where spans are sent, in words; `undefined` where they are not. */
  tracing:
    | { options: Omit<TracingOptions, 'resource'>; outbound: boolean; goesTo: string | undefined }
    | undefined
  logLevel: string | undefined
  /** `undefined` where log records are not sent. */
  logExporter: OtlpLogsOptions | undefined
  /** Whether the process is run by a test runner, where nothing is printed. */
  underTest: boolean
}

/** Reads options and environment. Throws `TRI_ERR_OPTION` for wrong code, warns `TRI_WARN_ENV` for a wrong variable. */
export function resolveConfiguration(
  options: TriscopeOptions,
  env: Readonly<Record<string, string | undefined>>,
  diagnostics: Diagnostics,
  resource: Resource,
): Configuration {
  const read = new EnvReader(env, diagnostics)
  const environment = String(resource.attributes['deployment.environment.name'])
  const mode = read.text('NODE_ENV')
  const isProduction = mode === 'production' || environment === 'production' || environment === 'prod'
  return {
    enabled: (options.enabled ?? true) && read.flag('OTEL_SDK_DISABLED') !== true,
    environment,
    isProduction,
    metrics:
      options.metrics === false
        ? undefined
        : metricsOf(
            options.metrics ?? {},
            isProduction,
            mode === 'development' || options.environment === 'development',
            read,
          ),
    tracing:
      options.tracing === false ? undefined : tracingOf(options.tracing ?? {}, read, mode === 'development'),
    logExporter: options.logging === false ? undefined : logExporterOf(options.logging?.otlp, read),
    logLevel: read.choice(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'LOG_LEVEL',
      'OTEL_LOG_LEVEL',
    ),
    underTest: mode === 'test' || read.text('VITEST', 'JEST_WORKER_ID', 'NODE_TEST_CONTEXT') !== undefined,
  }
}

function metricsOf(
  given: MetricsOptions,
  isProduction: boolean,
  isDevelopment: boolean,
  read: EnvReader,
): Configuration['metrics'] {
  const port = given.port ?? read.integer(0, 65_535, 'OTEL_EXPORTER_PROMETHEUS_PORT')
  const host = given.host ?? read.text('OTEL_EXPORTER_PROMETHEUS_HOST') ?? '127.0.0.1'
  const path = given.path ?? '/metrics'
  const filter = read.choice(['trace_based', 'always_on', 'always_off'], 'OTEL_METRICS_EXEMPLAR_FILTER')
  return {
    place: {
      path: path === false || port !== undefined ? undefined : path,
      listener: port === undefined ? undefined : { host, port, path: path === false ? '/metrics' : path },
      toProxies: given.public ?? !isProduction,
    },
    exemplars: given.exemplars ?? filter !== 'always_off',
    // Where nothing says which environment it is, it may be production: there a name is no reason not to start.
    lint: given.lint ?? (isDevelopment && !isProduction ? 'throw' : 'warn'),
    runtime: given.runtime === false ? undefined : given.runtime === true ? {} : (given.runtime ?? {}),
  }
}

function tracingOf(
  given: TracingSettings,
  read: EnvReader,
  isDevelopment: boolean,
): Configuration['tracing'] {
  const {
    endpoint,
    protocol,
    headers,
    compression,
    timeoutMs,
    tls,
    exporter,
    outbound,
    sampler,
    limits,
    batch,
    ...rest
  } = given
  const destination = exporterOf(
    defined<GivenExporter>({ endpoint, protocol, headers, compression, timeoutMs, tls, exporter }),
    read,
  )
  const chosenSampler = sampler ?? samplerOf(read)
  const propagators = given.propagators ?? read.choices(PROPAGATOR_NAMES, 'OTEL_PROPAGATORS')
  const options: Omit<TracingOptions, 'resource'> = {
    ...rest,
    ...(chosenSampler === undefined ? {} : { sampler: chosenSampler }),
    ...(propagators === undefined ? {} : { propagators }),
    ...(isDevelopment && given.detect === undefined ? { detect: true } : {}),
    limits: { ...limitsOf(read), ...limits },
    batch: { ...batchOf(read), ...batch },
  }
  if (destination.exporter !== undefined) options.exporter = destination.exporter
  return { options, outbound: outbound ?? true, goesTo: destination.goesTo }
}

/** Without the fields that are `undefined`. */
function defined<T extends object>(options: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

function batchOf(read: EnvReader): NonNullable<TracingOptions['batch']> {
  const delayMs = read.integer(0, 3_600_000, 'OTEL_BSP_SCHEDULE_DELAY')
  const maxRecords = read.integer(1, 10_000_000, 'OTEL_BSP_MAX_QUEUE_SIZE')
  const maxBatchRecords = read.integer(1, 10_000_000, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE')
  return {
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(maxRecords === undefined ? {} : { maxRecords }),
    ...(maxBatchRecords === undefined ? {} : { maxBatchRecords }),
  }
}

function limitsOf(read: EnvReader): NonNullable<TracingOptions['limits']> {
  const most = 1_000_000
  const attributes = read.integer(0, most, 'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT')
  const attributeLength = read.integer(
    0,
    most,
    'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT',
    'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT',
  )
  const events = read.integer(0, most, 'OTEL_SPAN_EVENT_COUNT_LIMIT')
  const links = read.integer(0, most, 'OTEL_SPAN_LINK_COUNT_LIMIT')
  return {
    ...(attributes === undefined ? {} : { attributes }),
    ...(attributeLength === undefined ? {} : { attributeLength }),
    ...(events === undefined ? {} : { events }),
    ...(links === undefined ? {} : { links }),
  }
}
