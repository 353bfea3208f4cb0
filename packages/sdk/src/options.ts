/** What `triscope(options)` and `createTelemetry(options)` take. Every field is optional; an unknown one throws. */
import type { Clock, ContextStorage, DiagnosticMessage, RedactionOptions, Value } from '@triscope/core'
import type { LoggingOptions, OtlpLogsOptions } from '@triscope/logging'
import type { LintMode, Registry, RuntimeMetricsOptions } from '@triscope/metrics'
import type { ForeignRegistry } from '@triscope/metrics/prom-client'
import type { OtlpExporterOptions, OtlpProtocol, TracingOptions } from '@triscope/tracing'
import type { TrustedProxies, TrustProxyOptions } from './client-address.ts'
import type { Env } from './env.ts'
import type { Req } from './request-end.ts'
import type { RequestIdOptions } from './request-id.ts'
import type { RouteOverride } from './request-route.ts'
import type { ErrorContext, RequestTelemetry } from './server-request.ts'

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
  /**
   * `/livez` and `/readyz`, on the app, or with the metrics where `metrics.port` moves them. `false` serves neither. They
   * stay where telemetry is switched off, because whoever probes them would end the service.
   * @default both, and ready until the process drains
   */
  health?: false | HealthOptions
  /** How long the steps of an end by SIGTERM or SIGINT may take. @default no delay, 10 s for requests, 5 s to send */
  shutdown?: ShutdownOptions
  /**
   * The proxies that are believed when they say who asked, for the client's address on lines and spans: how many stand
   * before the app, or which they are (addresses, networks, `loopback`, `private`). `X-Forwarded-For` is read, and
   * `Forwarded` where there is none, from the end up to the first address that is not trusted, 32 hops at most.
   * @default false: the address of the connection
   */
  trustProxy?: false | TrustedProxies | TrustProxyOptions
  /**
   * The id by which callers know a request: `request_id` on its access line, and `req.triscope.requestId`. Taken are 1 to
   * 128 letters, digits and `-_.:+/=~@`; where a header has anything else, or there is none, one is made once it is read
   * or answered. `false` takes none.
   * @default the header `x-request-id`, and no header in the answer
   */
  requestId?: false | RequestIdOptions
  /** `false` switches the signal off: nothing is measured or served, and the app's own metrics are kept unseen. */
  metrics?: false | MetricsOptions
  /** `false` switches the signal off: no spans, no trace ids. */
  tracing?: false | TracingSettings
  /** `false` switches the signal off: `req.log` stays, and is silent. */
  logging?: false | LoggingSettings
  /**
   * Hears of each error that the app or its framework reports, to hand it to an error tracker, with the user that
   * `setUser` named and the fields of `addFields`.
   */
  onError?: (error: unknown, request: RequestTelemetry, context: ErrorContext) => unknown
  /** Hears of each warning, which is then not written to the log. At most once a minute for each code. */
  onWarning?: (warning: DiagnosticMessage) => unknown
  /**
   * Drains at SIGTERM, SIGINT and SIGHUP, and sends what is queued then and at the end of the event loop. The app ends as it
   * would have.
   * @default true
   */
  flushAtExit?: boolean
  /** The lines that say, at start, where metrics are and where traces go. @default true, but not under a test runner */
  banner?: boolean
  /**
   * What carries the active span through the app: `createClsStorage(ns)` or `bridgeToCls(ns)` of
   * `@triscope/core/cls-hooked`, for apps that depend on cls-hooked. In force until shutdown, for the whole process.
   * @default the context manager that is registered with OpenTelemetry, else one AsyncLocalStorage
   */
  context?: ContextStorage
  /** @default the machine's clock */
  clock?: Clock
  /** Environment variables. @default `process.env` */
  env?: Env
}

/** What must hold for the service to be ready: it throws, rejects or returns `false` where that does not hold. */
export type HealthCheck = (signal: AbortSignal) => unknown

export interface HealthOptions {
  /** By name; all run at once. `signal` aborts when a check is late. @default none */
  checks?: Readonly<Record<string, HealthCheck>>
  /** Milliseconds for one check; later it has failed. 1 to 60 000. @default 1000 */
  timeoutMs?: number
  /** Milliseconds for which the answer of a check is used again, 0 to 3 600 000. @default 1000 */
  cacheMs?: number
  /** Where the two are served. @default `/livez` and `/readyz` */
  paths?: { live?: string; ready?: string }
}

export interface ShutdownOptions {
  /**
   * Milliseconds between "not ready" and the end of accepting, 0 to 300 000: what a load balancer needs to notice. Under
   * Kubernetes 5000 is usual.
   * @default 0
   */
  delayMs?: number
  /** Milliseconds that requests in flight have to finish, 0 to 600 000. @default 10 000 */
  requestsMs?: number
  /** Milliseconds in which what is queued is sent, 0 to 60 000; the rest is counted as lost. @default 5000 */
  flushMs?: number
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
   * @default false in production, unless `token` or `allow` guards them
   */
  public?: boolean
  /**
   * A scrape must bring it as `Authorization: Bearer …`; without it the answer is 401. 16 characters or more, no spaces.
   * @default `TRISCOPE_METRICS_TOKEN`, else none
   */
  token?: string
  /**
   * Asked for each scrape, after the token. What is not `true`, or a promise of it, gets 403; so does what throws.
   * @default none: everybody
   */
  allow?: (req: Req) => boolean | Promise<boolean>
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
  /**
   * Headers that are recorded on the server span as `http.request.header.<name>` and `http.response.header.<name>`; what is
   * secret in them is replaced.
   * @default none
   */
  captureHeaders?: { request?: readonly string[]; response?: readonly string[] }
  /** Which parameters of the query are recorded: all, none, or those named. Secret ones are replaced. @default true */
  captureQuery?: boolean | readonly string[]
  /**
   * Names the trace to the caller in a header of each response: `traceresponse`, or `server-timing`, which browsers show to
   * scripts. What the app sets under that name itself wins.
   * @default false
   */
  exposeTrace?: false | 'traceresponse' | 'server-timing'
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

/** One or several, as a list. */
export function registriesOf<T>(given: T | readonly T[] | undefined): readonly T[] {
  if (given === undefined) return []
  return Array.isArray(given) ? (given as readonly T[]) : [given as T]
}
