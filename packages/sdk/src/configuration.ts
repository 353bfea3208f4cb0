/**
 * What is in force: code over environment over default, put together once, when telemetry is created.
 * OpenTelemetry environment variable specification 1.45; which variables are read stands in the table of settings.
 */
import { type Diagnostics, parseResourceAttributes, type Resource } from '@triscope/core'
import type { OtlpLogsOptions } from '@triscope/logging'
import type { LintMode, RuntimeMetricsOptions } from '@triscope/metrics'
import { PROPAGATOR_NAMES, type TracingOptions } from '@triscope/tracing'
import { exporterOf, type GivenExporter } from './exporter-variables.ts'
import { logExporterOf } from './log-variables.ts'
import type { MetricsAddress } from './metrics-endpoint.ts'
import type { MetricsGuard } from './metrics-guard.ts'
import type {
  HealthOptions,
  MetricsOptions,
  ShutdownOptions,
  TracingSettings,
  TriscopeOptions,
} from './options.ts'
import { type Capture, createCapture } from './request-capture.ts'
import { samplerOf } from './sampler-variables.ts'
import { SettingReader } from './setting-reader.ts'
import { SETTINGS, type SettingPath } from './settings.ts'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** Where the metrics are served. */
export interface MetricsPlace {
  /** On the app; `undefined` where the app serves none. */
  path: string | undefined
  /** A listener of its own. */
  listener: MetricsAddress | undefined
  /** Whether proxied requests are answered too. */
  toProxies: boolean
  guard: MetricsGuard
}

/** All settings resolved; `undefined` is a signal that is off. */
export interface Configuration {
  /** What was read of the environment. */
  read: SettingReader
  /** Variables that the resource took a value of, by setting. */
  resourceVariables: Partial<Record<SettingPath, string>>
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
    | {
        options: Omit<TracingOptions, 'resource'>
        capture: Capture
        outbound: boolean
        goesTo: string | undefined
      }
    | undefined
  /** `undefined` where it is off. */
  health: HealthOptions | undefined
  shutdown: Required<ShutdownOptions>
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
  const read = new SettingReader(env, diagnostics)
  const environment = String(resource.attributes['deployment.environment.name'])
  const mode = read.variable('NODE_ENV')
  const isProduction = mode === 'production' || environment === 'production' || environment === 'prod'
  return {
    read,
    resourceVariables: resourceVariablesOf(read),
    enabled: (options.enabled ?? true) && read.flag('enabled') !== true,
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
    health: options.health === false ? undefined : (options.health ?? {}),
    shutdown: {
      delayMs: 0,
      requestsMs: 10_000,
      flushMs: 5_000,
      ...defined<ShutdownOptions>(options.shutdown ?? {}),
    },
    logExporter: options.logging === false ? undefined : logExporterOf(options.logging?.otlp, read),
    logLevel: read.choice('logging.level', LEVELS),
    underTest:
      mode === 'test' || read.variable('VITEST', 'JEST_WORKER_ID', 'NODE_TEST_CONTEXT') !== undefined,
  }
}

/** As the resource ranks them: what names the service alone, then the attributes, then the mode of node. */
function resourceVariablesOf(read: SettingReader): Configuration['resourceVariables'] {
  const ATTRIBUTES = 'OTEL_RESOURCE_ATTRIBUTES'
  const attributes = parseResourceAttributes(read.variable(ATTRIBUTES) ?? '')
  const by = (variable: string): string | undefined =>
    read.variable(variable) === undefined ? undefined : variable
  const listed = (name: string): string | undefined => (name in attributes ? ATTRIBUTES : undefined)
  return defined({
    service: by('OTEL_SERVICE_NAME') ?? listed('service.name'),
    version: listed('service.version'),
    environment: listed('deployment.environment.name') ?? by('NODE_ENV'),
    resource: Object.keys(attributes).length > 0 ? ATTRIBUTES : undefined,
  })
}

function metricsOf(
  given: MetricsOptions,
  isProduction: boolean,
  isDevelopment: boolean,
  read: SettingReader,
): Configuration['metrics'] {
  const port = given.port ?? read.integer('metrics.port')
  const host = given.host ?? read.text('metrics.host') ?? '127.0.0.1'
  const path = given.path ?? '/metrics'
  const token = given.token ?? tokenOf(read)
  const filter = read.choice('metrics.exemplars', ['trace_based', 'always_on', 'always_off'])
  return {
    place: {
      path: path === false || port !== undefined ? undefined : path,
      listener: port === undefined ? undefined : { host, port, path: path === false ? '/metrics' : path },
      // A guard stands in the place of the rule.
      toProxies: given.public ?? (!isProduction || token !== undefined || given.allow !== undefined),
      guard: { token, allow: given.allow },
    },
    exemplars: given.exemplars ?? filter !== 'always_off',
    // Where nothing says which environment it is, it may be production: there a name is no reason not to start.
    lint: given.lint ?? (isDevelopment && !isProduction ? 'throw' : 'warn'),
    runtime: given.runtime === false ? undefined : given.runtime === true ? {} : (given.runtime ?? {}),
  }
}

/** One that is short guards all the same: the other answer would be to serve everybody. */
function tokenOf(read: SettingReader): string | undefined {
  const token = read.text('metrics.token')
  const { fits, takes } = SETTINGS['metrics.token']
  if (token !== undefined && fits?.(token) === false) {
    read.remark('metrics.token', `expected ${takes}; it is used, but it can be guessed or not be sent`)
  }
  return token
}

function tracingOf(
  given: TracingSettings,
  read: SettingReader,
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
    captureHeaders,
    captureQuery,
    exposeTrace,
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
  const propagators = given.propagators ?? read.choices('tracing.propagators', PROPAGATOR_NAMES)
  const options: Omit<TracingOptions, 'resource'> = {
    ...rest,
    ...(chosenSampler === undefined ? {} : { sampler: chosenSampler }),
    ...(propagators === undefined ? {} : { propagators }),
    ...(isDevelopment && given.detect === undefined ? { detect: true } : {}),
    limits: { ...limitsOf(read), ...limits },
    batch: { ...batchOf(read), ...batch },
  }
  if (destination.exporter !== undefined) options.exporter = destination.exporter
  const capture = createCapture(defined<TracingSettings>({ captureHeaders, captureQuery, exposeTrace }))
  return { options, capture, outbound: outbound ?? true, goesTo: destination.goesTo }
}

/** Without the fields that are `undefined`. */
function defined<T extends object>(options: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

function batchOf(read: SettingReader): NonNullable<TracingOptions['batch']> {
  return defined({
    delayMs: read.integer('tracing.batch.delayMs'),
    maxRecords: read.integer('tracing.batch.maxRecords'),
    maxBatchRecords: read.integer('tracing.batch.maxBatchRecords'),
  })
}

function limitsOf(read: SettingReader): NonNullable<TracingOptions['limits']> {
  return defined({
    attributes: read.integer('tracing.limits.attributes'),
    attributeLength: read.integer('tracing.limits.attributeLength'),
    events: read.integer('tracing.limits.events'),
    links: read.integer('tracing.limits.links'),
  })
}
