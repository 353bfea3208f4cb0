/** What `triscope(options)` and `createTelemetry(options)` take. Every field is optional; an unknown one throws. */
import type { Clock, DiagnosticMessage, Value } from '@triscope/core'
import { rejectOption, rejectUnknownKeys } from '@triscope/core'
import type { LoggingOptions } from '@triscope/logging'
import type { Registry } from '@triscope/metrics'
import type { TracingOptions } from '@triscope/tracing'
import type { Env } from './env.ts'
import type { RequestTelemetry } from './server-request.ts'

export interface TriscopeOptions {
  /** `service.name`. @default `OTEL_SERVICE_NAME`, else the name in package.json */
  service?: string
  /** `service.version`. @default the version in package.json */
  version?: string
  /** `deployment.environment.name`. @default `NODE_ENV`, else `development` */
  environment?: string
  /** Further resource attributes, on every span and in `target_info`. @default `OTEL_RESOURCE_ATTRIBUTES` */
  resource?: Readonly<Record<string, Value>>
  /** `false` switches everything off; so does `OTEL_SDK_DISABLED=true`, which wins over this. @default true */
  enabled?: boolean
  /**
   * Requests that leave no telemetry: paths, patterns, or a function of method and path. Given here, it replaces the
   * default.
   * @default `/metrics`, `/livez`, `/readyz`, `/healthz` and `/favicon.ico`
   */
  ignore?: readonly (string | RegExp)[] | ((method: string, path: string) => boolean)
  /** `false` switches the signal off: nothing is measured or served, and the app's own metrics are kept unseen. */
  metrics?: false | MetricsOptions
  /** `false` switches the signal off: no spans, no trace ids. */
  tracing?: false | TracingSettings
  /** `false` switches the signal off: `req.log` stays, and is silent. */
  logging?: false | LoggingSettings
  /** Hears of each error that the app or its framework reports, to hand it to an error tracker. */
  onError?: (error: unknown, request: RequestTelemetry) => void
  /** Hears of each warning, instead of stderr. At most once a minute for each code. */
  onWarning?: (warning: DiagnosticMessage) => void
  /**
   * Sends what is queued at SIGTERM, SIGINT and the end of the event loop. The app ends as it would have.
   * @default true
   */
  flushAtExit?: boolean
  /** The lines that say, at start, where metrics are and where traces go. @default true, but not under a test runner */
  banner?: boolean
  /** @default the machine's clock */
  clock?: Clock
  /** Environment variables. @default `process.env` */
  env?: Env
}

export interface MetricsOptions {
  /** Where the app serves its metrics; `false` for nowhere. @default `/metrics` */
  path?: string | false
  /**
   * A port of its own for metrics; then the app serves none. 0 takes any free one.
   * @default `OTEL_EXPORTER_PROMETHEUS_PORT`, else none
   */
  port?: number
  /** The address that port listens on. @default `OTEL_EXPORTER_PROMETHEUS_HOST`, else `127.0.0.1` */
  host?: string
  /**
   * Serves metrics on the app also to requests that came through a proxy (`Forwarded`, `X-Forwarded-For`). Without it
   * they get 404 in production.
   * @default false
   */
  public?: boolean
  /** Bounds of the request histograms, in seconds, increasing. @default the 14 of the HTTP conventions, 5 ms to 10 s */
  buckets?: readonly number[]
  /** Label sets kept for each instrument before they fold into one overflow series. @default 2000 */
  maxSeries?: number
  /** @default true, unless `OTEL_METRICS_EXEMPLAR_FILTER` is `always_off` */
  exemplars?: boolean
  /** Metrics of the process, the event loop, the heap and the garbage collector. @default true */
  runtime?: boolean
  /** The registry to use. @default the process's own, in which `counter()` and its like register */
  registry?: Registry
}

export interface TracingSettings extends Omit<TracingOptions, 'resource' | 'exporter'> {
  /**
   * Where spans go: a base URL to which `/v1/traces` is added, as with `OTEL_EXPORTER_OTLP_ENDPOINT`. No spans are sent
   * while neither this, the variable nor `exporter` is set.
   */
  endpoint?: string
  /** Sent with each export; their values are never printed. @default `OTEL_EXPORTER_OTLP_HEADERS` */
  headers?: Readonly<Record<string, string>>
  /** @default `OTEL_EXPORTER_OTLP_COMPRESSION`, else `none` */
  compression?: 'gzip' | 'none'
  /** Milliseconds for one attempt. @default `OTEL_EXPORTER_OTLP_TIMEOUT`, else 10 000 */
  timeoutMs?: number
  /** A full address or a foreign exporter, or several; in place of `endpoint`. */
  exporter?: TracingOptions['exporter']
  /** Client spans and trace headers for `fetch` and undici. @default true */
  outbound?: boolean
}

export type LoggingSettings = Omit<LoggingOptions, 'redaction'>

const KEYS: Record<keyof TriscopeOptions, true> = {
  service: true,
  version: true,
  environment: true,
  resource: true,
  enabled: true,
  ignore: true,
  metrics: true,
  tracing: true,
  logging: true,
  onError: true,
  onWarning: true,
  flushAtExit: true,
  banner: true,
  clock: true,
  env: true,
}

const METRICS_KEYS: Record<keyof MetricsOptions, true> = {
  path: true,
  port: true,
  host: true,
  public: true,
  buckets: true,
  maxSeries: true,
  exemplars: true,
  runtime: true,
  registry: true,
}

/**
 * Throws `TRI_ERR_UNKNOWN_OPTION` and `TRI_ERR_OPTION`. What tracing and logging take is checked by these rooms
 * themselves, when they are made.
 */
export function checkOptions(options: TriscopeOptions): void {
  rejectUnknownKeys('', options, Object.keys(KEYS))
  checkText('service', options.service)
  checkText('version', options.version)
  checkText('environment', options.environment)
  checkSection('metrics', options.metrics)
  checkSection('tracing', options.tracing)
  checkSection('logging', options.logging)
  const { metrics } = options
  if (metrics === undefined || metrics === false) return
  rejectUnknownKeys('metrics', metrics, Object.keys(METRICS_KEYS))
  const { path, port } = metrics
  if (path !== undefined && path !== false && (typeof path !== 'string' || !path.startsWith('/'))) {
    rejectOption('metrics.path', 'a path that begins with "/", or false', path)
  }
  if (port !== undefined && (!Number.isInteger(port) || port < 0 || port > 65_535)) {
    rejectOption('metrics.port', 'a whole number from 0 to 65535', port)
  }
}

function checkText(path: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'string' || value.trim() === '')) {
    rejectOption(path, 'some text', value)
  }
}

function checkSection(path: string, value: unknown): void {
  if (value === undefined || value === false) return
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  rejectOption(
    path,
    'false or an object of options',
    value,
    value === true ? 'it is on already; leave it out' : undefined,
  )
}
