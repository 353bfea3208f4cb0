/** What `triscope(options)` and `createTelemetry(options)` take. Every field is optional; an unknown one throws. */
import type { Clock, DiagnosticMessage, RedactionOptions, Value } from '@triscope/core'
import { rejectOption, rejectUnknownKeys } from '@triscope/core'
import type { LoggingOptions, OtlpLogsOptions } from '@triscope/logging'
import type { LintMode, Registry, RuntimeMetricsOptions } from '@triscope/metrics'
import type { ForeignRegistry } from '@triscope/metrics/prom-client'
import type { OtlpExporterOptions, OtlpProtocol, TracingOptions } from '@triscope/tracing'
import type { Env } from './env.ts'
import type { RouteOverride } from './request-route.ts'
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
  /**
   * What must never leave the process, of log fields, messages, span attributes, exceptions, URLs and headers alike:
   * further names, paths and patterns, the preset `pii`, and `strict` for tests.
   * @default credentials, cookies, tokens, private keys and card numbers
   */
  redact?: RedactionOptions
  /**
   * The route of a request, over what its framework says; called at the request's end, with both. What it returns is a
   * series and a span name, so it must be a template and never a path: after 1 000 different ones the rest is `(other)`.
   * `undefined` leaves it as it is.
   */
  route?: RouteOverride
  /** `false` switches the signal off: nothing is measured or served, and the app's own metrics are kept unseen. */
  metrics?: false | MetricsOptions
  /** `false` switches the signal off: no spans, no trace ids. */
  tracing?: false | TracingSettings
  /** `false` switches the signal off: `req.log` stays, and is silent. */
  logging?: false | LoggingSettings
  /** Hears of each error that the app or its framework reports, to hand it to an error tracker. */
  onError?: (error: unknown, request: RequestTelemetry) => unknown
  /** Hears of each warning, which is then not written to the log. At most once a minute for each code. */
  onWarning?: (warning: DiagnosticMessage) => unknown
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
  /** Where metrics are served, on the app or on `port`; `false` for not on the app. @default `/metrics` */
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
  /**
   * Sizes of bodies as histograms, `http_server_request_body_size_bytes` and `http_server_response_body_size_bytes`, and on
   * the server span.
   * @default false
   */
  bodySizes?: boolean
  /** Label sets kept for each instrument before they fold into one overflow series. @default 2000 */
  maxSeries?: number
  /** Label sets kept in all instruments together before new ones fold. @default ten times `maxSeries`, 20 000 */
  maxTotalSeries?: number
  /** @default true, unless `OTEL_METRICS_EXEMPLAR_FILTER` is `always_off` */
  exemplars?: boolean
  /**
   * Metrics of the process, the event loop, the heap and the garbage collector: `false` for none, an object for other
   * names.
   * @default true, under the names of prom-client's default metrics
   */
  runtime?: boolean | RuntimeMetricsOptions
  /**
   * What happens to an instrument whose name, unit, help or labels break the conventions: `throw` refuses it, `warn`
   * says so once, `off` says nothing. The codes are in docs/lint.md.
   * @default `throw` where `environment` or `NODE_ENV` says `development` in so many words, else `warn`
   */
  lint?: LintMode
  /**
   * Registries of prom-client whose metrics are served with ours, as by `telemetry.register`: its `register`, or a list.
   * @default none
   */
  promClient?: ForeignRegistry | readonly ForeignRegistry[]
  /** The registry to use. @default the process's own, in which `counter()` and its like register */
  registry?: Registry
}

export interface TracingSettings extends Omit<TracingOptions, 'resource' | 'exporter' | 'redaction'> {
  /**
   * Where spans go: a base URL to which `/v1/traces` is added, as with `OTEL_EXPORTER_OTLP_ENDPOINT`. No spans are sent
   * while neither this, the variable nor `exporter` is set.
   */
  endpoint?: string
  /** How they are said and carried: OTLP as protobuf or JSON over HTTP, or gRPC. @default `OTEL_EXPORTER_OTLP_PROTOCOL`, else `http/protobuf` */
  protocol?: OtlpProtocol
  /** Certificates for `https:`. @default the files of `OTEL_EXPORTER_OTLP_CERTIFICATE`, `…_CLIENT_CERTIFICATE` and `…_CLIENT_KEY`, else those of Node */
  tls?: OtlpExporterOptions['tls']
  /** Sent with each export; their values are never printed. @default `OTEL_EXPORTER_OTLP_HEADERS` */
  headers?: Readonly<Record<string, string>>
  /** @default `OTEL_EXPORTER_OTLP_COMPRESSION`, else `none` */
  compression?: 'gzip' | 'none'
  /** Milliseconds for one attempt. @default `OTEL_EXPORTER_OTLP_TIMEOUT`, else 10 000 */
  timeoutMs?: number
  /**
   * In place of `endpoint`: `otlp`, `jaeger`, `zipkin`, `console`, `file` or `none`, such a name with options
   * (`{ jaeger: { host: 'agent' } }`), a full OTLP address, a foreign exporter, or a list. What is left out is taken from the
   * variables of that exporter.
   * @default `OTEL_TRACES_EXPORTER`
   */
  exporter?: TracingOptions['exporter']
  /** Client spans and trace headers for `fetch`, undici, `node:http` and `node:https`. @default true */
  outbound?: boolean
}

export interface LoggingSettings extends Omit<LoggingOptions, 'redaction' | 'resource' | 'otlp'> {
  /**
   * Sends each line to an OTLP endpoint as well, by http/protobuf; `endpoint` is a base URL to which `/v1/logs` is added.
   * What is left out comes from `OTEL_EXPORTER_OTLP_*` and `OTEL_BLRP_*`.
   * @default `OTEL_LOGS_EXPORTER` is `otlp`
   */
  otlp?: boolean | (OtlpLogsOptions & { endpoint?: string })
}

type Check = (path: string, value: unknown) => void

/** Every option has its check: one that is forgotten here does not compile. */
const CHECKS: Record<keyof TriscopeOptions, Check> = {
  service: aText,
  version: aText,
  environment: aText,
  resource: anObject,
  enabled: aFlag,
  ignore: anIgnore,
  route: aFunction,
  redact: anObject,
  metrics: checkSection,
  tracing: checkSection,
  logging: checkSection,
  onError: aFunction,
  onWarning: aFunction,
  flushAtExit: aFlag,
  banner: aFlag,
  clock: anObject,
  env: anObject,
}

const METRICS_CHECKS: Record<keyof MetricsOptions, Check> = {
  path: (path, value) =>
    value === false || is(path, 'a path that begins with "/", or false', value, isPath(value)),
  port: (path, value) => is(path, 'a whole number from 0 to 65535', value, isPort(value)),
  host: aText,
  public: aFlag,
  buckets: (path, value) => is(path, 'an array of numbers that increase', value, Array.isArray(value)),
  maxSeries: (path, value) => is(path, 'a whole number of 1 or more', value, isCount(value)),
  maxTotalSeries: (path, value) => is(path, 'a whole number of 1 or more', value, isCount(value)),
  exemplars: aFlag,
  bodySizes: aFlag,
  lint: (path, value) =>
    is(path, '"throw", "warn" or "off"', value, ['throw', 'warn', 'off'].includes(value as string)),
  runtime: checkRuntime,
  promClient: (path, value) =>
    is(
      path,
      "prom-client's register, or a list of registries",
      value,
      registriesOf(value).every((each) => has(each, 'getMetricsAsArray')),
    ),
  registry: (path, value) =>
    is(path, 'a registry of createRegistry()', value, has(value, 'expose', 'configure')),
}

const RUNTIME_CHECKS: Record<keyof RuntimeMetricsOptions, Check> = {
  naming: (path, value) =>
    is(path, '"prom-client" or "semconv"', value, value === 'prom-client' || value === 'semconv'),
}

const PROTOCOLS: readonly unknown[] = ['http/protobuf', 'http/json', 'grpc'] satisfies OtlpProtocol[]

/** The rest of `tracing` is checked by the room that takes it. */
const TRACING_CHECKS: Partial<Record<keyof TracingSettings, Check>> = {
  endpoint: aText,
  headers: anObject,
  compression: (path, value) => is(path, '"gzip" or "none"', value, value === 'gzip' || value === 'none'),
  protocol: (path, value) =>
    is(path, '"http/protobuf", "http/json" or "grpc"', value, PROTOCOLS.includes(value)),
  tls: anObject,
  timeoutMs: (path, value) => is(path, 'a whole number of milliseconds, 1 or more', value, isCount(value)),
  outbound: aFlag,
}

/** What the sdk itself hands to the rooms. */
const RESERVED: Record<'tracing' | 'logging', readonly string[]> = {
  tracing: ['resource', 'redaction', 'diagnostics', 'clock', 'env'],
  logging: ['redaction', 'resource', 'diagnostics', 'clock', 'env'],
}

/**
 * Throws `TRI_ERR_UNKNOWN_OPTION` and `TRI_ERR_OPTION`, before anything is created. What is left of tracing and logging is
 * checked by these rooms themselves, when they are made.
 */
export function checkOptions(options: TriscopeOptions): void {
  check('', options, CHECKS, Object.keys(CHECKS))
  const { logging, metrics, tracing } = options
  if (isSection(metrics)) check('metrics', metrics, METRICS_CHECKS, Object.keys(METRICS_CHECKS))
  if (isSection(tracing)) check('tracing', tracing, TRACING_CHECKS, allowed(tracing, RESERVED.tracing))
  if (isSection(logging)) check('logging', logging, {}, allowed(logging, RESERVED.logging))
}

function check(
  path: string,
  given: object,
  checks: Partial<Record<string, Check>>,
  known: readonly string[],
): void {
  rejectUnknownKeys(path, given, known)
  for (const [key, value] of Object.entries(given)) {
    if (value !== undefined) checks[key]?.(path === '' ? key : `${path}.${key}`, value)
  }
}

function allowed(given: object, reserved: readonly string[]): string[] {
  return Object.keys(given).filter((key) => !reserved.includes(key))
}

function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function is(path: string, expected: string, value: unknown, fits: boolean): void {
  if (!fits) rejectOption(path, expected, value)
}

function aText(path: string, value: unknown): void {
  is(path, 'some text', value, typeof value === 'string' && value.trim() !== '')
}

function aFlag(path: string, value: unknown): void {
  is(path, 'true or false', value, typeof value === 'boolean')
}

function aFunction(path: string, value: unknown): void {
  is(path, 'a function', value, typeof value === 'function')
}

function anObject(path: string, value: unknown): void {
  is(path, 'an object', value, typeof value === 'object' && value !== null && !Array.isArray(value))
}

function checkRuntime(path: string, value: unknown): void {
  if (typeof value === 'boolean') return
  is(path, 'true, false, or an object of options', value, isSection(value) && !Array.isArray(value))
  check(path, value as object, RUNTIME_CHECKS, Object.keys(RUNTIME_CHECKS))
}

/** One or several, as a list. */
export function registriesOf<T>(given: T | readonly T[] | undefined): readonly T[] {
  if (given === undefined) return []
  return Array.isArray(given) ? (given as readonly T[]) : [given as T]
}

function anIgnore(path: string, value: unknown): void {
  const fits =
    typeof value === 'function' ||
    (Array.isArray(value) && value.every((entry) => typeof entry === 'string' || entry instanceof RegExp))
  is(path, 'a list of paths and patterns, or a function of method and path', value, fits)
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('/')
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1
}

function has(value: unknown, ...methods: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
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
