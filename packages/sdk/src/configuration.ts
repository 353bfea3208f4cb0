/**
 * What is in force: code over environment over default, put together once, when telemetry is created.
 * OpenTelemetry environment variable specification 1.45; the variables that are read are listed in the README of this package.
 */
import { createRedaction, type Diagnostics, type Resource, rejectOption } from '@triscope/core'
import type { RuntimeMetricsOptions } from '@triscope/metrics'
import { PROPAGATOR_NAMES, type TracingOptions } from '@triscope/tracing'
import { EnvReader } from './env.ts'
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
  metrics: { place: MetricsPlace; exemplars: boolean; runtime: RuntimeMetricsOptions | undefined } | undefined
  /** `goesTo` says where spans are sent, in words; `undefined` where they are not. */
  tracing:
    | { options: Omit<TracingOptions, 'resource'>; outbound: boolean; goesTo: string | undefined }
    | undefined
  logLevel: string | undefined
  /** Whether the process is run by a test runner, where nothing is printed. */
  underTest: boolean
}

/** An endpoint may hold credentials, and both the banner and errors show it. */
const redaction = createRedaction()

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
    metrics: options.metrics === false ? undefined : metricsOf(options.metrics ?? {}, isProduction, read),
    tracing: options.tracing === false ? undefined : tracingOf(options.tracing ?? {}, read),
    logLevel: read.choice(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'LOG_LEVEL',
      'OTEL_LOG_LEVEL',
    ),
    underTest: mode === 'test' || read.text('VITEST', 'JEST_WORKER_ID', 'NODE_TEST_CONTEXT') !== undefined,
  }
}

function metricsOf(given: MetricsOptions, isProduction: boolean, read: EnvReader): Configuration['metrics'] {
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
    runtime: given.runtime === false ? undefined : given.runtime === true ? {} : (given.runtime ?? {}),
  }
}

function tracingOf(given: TracingSettings, read: EnvReader): Configuration['tracing'] {
  const { endpoint, headers, compression, timeoutMs, exporter, outbound, sampler, limits, batch, ...rest } =
    given
  const destination =
    exporter === undefined ? otlpOf({ endpoint, headers, compression, timeoutMs }, read) : undefined
  const chosenSampler = sampler ?? samplerOf(read)
  const propagators = given.propagators ?? read.choices(PROPAGATOR_NAMES, 'OTEL_PROPAGATORS')
  const options: Omit<TracingOptions, 'resource'> = {
    ...rest,
    ...(chosenSampler === undefined ? {} : { sampler: chosenSampler }),
    ...(propagators === undefined ? {} : { propagators }),
    limits: { ...limitsOf(read), ...limits },
    batch: { ...batchOf(read), ...batch },
  }
  if (exporter !== undefined) options.exporter = exporter
  else if (destination !== undefined) options.exporter = destination
  return {
    options,
    outbound: outbound ?? true,
    goesTo:
      destination === undefined
        ? exporter === undefined
          ? undefined
          : 'the exporter given in code'
        : redaction.url(destination.url),
  }
}

interface Otlp {
  endpoint: string | undefined
  headers: Readonly<Record<string, string>> | undefined
  compression: 'gzip' | 'none' | undefined
  timeoutMs: number | undefined
}

interface OtlpDestination {
  url: string
  headers: Readonly<Record<string, string>>
  compression: 'gzip' | 'none'
  timeoutMs: number
}

function otlpOf(given: Otlp, read: EnvReader): OtlpDestination | undefined {
  if (given.endpoint !== undefined && !isHttpUrl(given.endpoint)) {
    rejectOption(
      'tracing.endpoint',
      'an http:// or https:// URL',
      given.endpoint,
      'for example http://localhost:4318',
    )
  }
  const exporter = read.text('OTEL_TRACES_EXPORTER')?.toLowerCase()
  if (given.endpoint === undefined && exporter === 'none') return undefined
  if (exporter !== undefined && exporter !== 'otlp' && exporter !== 'none') {
    read.unsupported(
      'OTEL_TRACES_EXPORTER',
      exporter,
      'the choices are otlp and none; using otlp where an endpoint is named',
    )
  }
  const url = given.endpoint === undefined ? urlFromEnv(read, exporter === 'otlp') : signalUrl(given.endpoint)
  if (url === undefined) return undefined
  const protocol = read.text('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL')
  if (protocol !== undefined && protocol !== 'http/protobuf') {
    read.unsupported('OTEL_EXPORTER_OTLP_PROTOCOL', protocol, 'using http/protobuf')
  }
  return {
    url,
    headers:
      given.headers ?? read.headers('OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'OTEL_EXPORTER_OTLP_HEADERS') ?? {},
    compression:
      given.compression ??
      read.choice(
        ['gzip', 'none'],
        'OTEL_EXPORTER_OTLP_TRACES_COMPRESSION',
        'OTEL_EXPORTER_OTLP_COMPRESSION',
      ) ??
      'none',
    timeoutMs:
      given.timeoutMs ??
      read.integer(1, 3_600_000, 'OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', 'OTEL_EXPORTER_OTLP_TIMEOUT') ??
      10_000,
  }
}

/** OTLP exporter specification, "Endpoint URLs": the signal's own is taken as it is, the general one gets the path. */
function urlFromEnv(read: EnvReader, named: boolean): string | undefined {
  const own = read.text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  const general = read.text('OTEL_EXPORTER_OTLP_ENDPOINT')
  const value = own ?? general ?? (named ? 'http://localhost:4318' : undefined)
  if (value === undefined) return undefined
  if (!isHttpUrl(value)) {
    read.unsupported(
      own === undefined ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
      value,
      'expected an http:// or https:// URL such as http://localhost:4318; no spans are sent',
    )
    return undefined
  }
  return own === undefined ? signalUrl(value) : value
}

function signalUrl(endpoint: string): string {
  const url = new URL(endpoint)
  url.pathname = `${url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`}v1/traces`
  return url.href
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
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
