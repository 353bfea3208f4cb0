/**
 * Joins the rooms: one registry, one tracing, one logging, one context, for one process.
 *
 * Invariant: what is created here is taken down by `shutdown`, all of it, and `shutdown` is bounded and safe twice.
 */
import {
  type ContextStorage,
  createDiagnostics,
  createRedaction,
  createResource,
  type DiagnosticMessage,
  type Diagnostics,
  installContext,
  type Pipeline,
  type Redaction,
  type Resource,
  registerApi,
  systemClock,
} from '@triscope/core'
import { createLogging, type Logging, setCurrentLogging } from '@triscope/logging'
import {
  createRegistry,
  diagnosticsSource,
  processRegistry,
  type Registry,
  registrySource,
  startRuntimeMetrics,
  targetInfo,
} from '@triscope/metrics'
import {
  createTracing,
  delegatingPropagator,
  delegatingProvider,
  setCurrentTracing,
  type Tracing,
} from '@triscope/tracing'
import type { Logger } from 'pino'
import { findApiCopies, reconcileApiCopies } from './api-copies.ts'
import { sayBanner } from './banner.ts'
import { type Configuration, resolveConfiguration } from './configuration.ts'
import { processEnv } from './env.ts'
import {
  createMetricsEndpoint,
  listenForMetrics,
  type MetricsEndpoint,
  type MetricsListener,
} from './metrics-endpoint.ts'
import { checkOptions, type TriscopeOptions } from './options.ts'
import { watchProcessEnd } from './process-end.ts'
import type { Req, Res } from './request-end.ts'
import { createIgnore } from './request-ignore.ts'
import { createRequestMetrics } from './request-metrics.ts'
import {
  type BeginOptions,
  createRequests,
  type RequestTelemetry,
  type ServerRequest,
} from './server-request.ts'

/** All three signals of one process, joined. `flush` and `shutdown` never reject. */
export interface Telemetry extends Pipeline {
  readonly registry: Registry
  /** `undefined` where tracing is off. */
  readonly tracing: Tracing | undefined
  readonly logging: Logging
  readonly logger: Logger
  readonly diagnostics: Diagnostics
  readonly resource: Resource
  /** Begins a request; `undefined` when it is to be ignored, or was begun before. For adapters. */
  beginRequest(req: Req, res: Res, how?: BeginOptions): ServerRequest | undefined
  /** The request that was begun for `req`. */
  requestOf(req: Req): ServerRequest | undefined
  /** Stands in `req.triscope` where no request was begun; it records nothing. */
  readonly inertRequest: RequestTelemetry
  /** Serves the metrics; `false` when `req` asks for something else. For adapters. */
  answer(req: Req, res: Res): boolean
}

const SHUTDOWN_MS = 5_000

/**
 * Creates telemetry and makes it the one in force: `span()`, `getLogger()` and OpenTelemetry's global API use it until
 * it is shut down. Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`.
 */
export function createTelemetry(options: TriscopeOptions = {}): Telemetry {
  checkOptions(options)
  const clock = options.clock ?? systemClock
  const notices: string[] = []
  let starting = true
  const diagnostics = createDiagnostics({
    clock,
    onMessage: (message) => {
      if (options.onWarning !== undefined) options.onWarning(message)
      else if (starting) notices.push(`${message.code}: ${message.message}`)
      else sayWarning(message)
    },
  })
  let logger: Logger | undefined
  const sayWarning = ({ code, message, suppressed }: DiagnosticMessage): void => {
    const fields = suppressed === 0 ? { code } : { code, suppressed }
    if (logger === undefined) process.emitWarning(message, { type: 'TriscopeWarning', code })
    else logger.warn(fields, `triscope: ${message}`)
  }
  const env = options.env ?? processEnv()
  const configuration = resolveConfiguration(options, env, diagnostics)
  const parts = assemble(options, configuration, env, diagnostics, clock)
  logger = parts.logging.logger
  starting = false
  announce(options, configuration, parts, notices)
  return parts.telemetry
}

interface Parts {
  telemetry: Telemetry
  logging: Logging
  resource: Resource
  listener: MetricsListener | undefined
}

function assemble(
  options: TriscopeOptions,
  configuration: Configuration,
  env: Readonly<Record<string, string | undefined>>,
  diagnostics: Diagnostics,
  clock: NonNullable<TriscopeOptions['clock']>,
): Parts {
  const storage = installContext()
  const redaction = createRedaction()
  const room = { diagnostics, clock, env }
  const resource = createResource({
    ...(options.service === undefined ? {} : { service: options.service }),
    ...(options.version === undefined ? {} : { version: options.version }),
    ...(options.environment === undefined ? {} : { environment: options.environment }),
    ...(options.resource === undefined ? {} : { attributes: options.resource }),
    env,
    diagnostics,
  })
  const tearDown: (() => unknown)[] = []
  const enabled = configuration.enabled

  const metricsOptions = options.metrics === false ? {} : (options.metrics ?? {})
  const registry = metricsOptions.registry ?? registryFor(metricsOptions, configuration, room)
  registry.reportTo(diagnostics)
  const logging = createLoggingFor(options, configuration, redaction, resource, room)
  tearDown.push(setCurrentLogging(logging))

  const tracing =
    enabled && configuration.tracing !== undefined
      ? createTracing({ ...configuration.tracing.options, resource, ...room })
      : undefined
  if (tracing !== undefined) {
    tearDown.push(setCurrentTracing(tracing))
    registerGlobally(storage, diagnostics)
  }

  const metricsOn = enabled && configuration.metrics !== undefined
  const requestMetrics = metricsOn ? createRequestMetrics(registry, metricsOptions.buckets) : undefined
  if (metricsOn) {
    tearDown.push(
      registry.attach(targetInfo(resource)),
      registry.attach(diagnosticsSource(diagnostics)),
      registry.attach(registrySource(registry)),
    )
    if (configuration.metrics?.runtime === true) tearDown.push(startRuntimeMetrics(registry, room))
  }
  if (tracing !== undefined && configuration.tracing?.outbound === true) {
    tearDown.push(tracing.watchClients((call) => requestMetrics?.client(call)))
  }
  const endpoint = metricsOn ? endpointFor(configuration, registry, diagnostics) : undefined
  const place = metricsOn ? configuration.metrics?.place.listener : undefined
  const listener = place === undefined ? undefined : listenForMetrics(registry, diagnostics, place)

  const requests = createRequests({
    clock,
    storage,
    diagnostics,
    redaction,
    metrics: requestMetrics,
    tracing,
    logging,
    onError: options.onError,
  })
  const ignored = createIgnore(options.ignore, diagnostics)
  const pipelines: readonly Pipeline[] = tracing === undefined ? [logging] : [tracing, logging]
  const flush = async (timeoutMs = SHUTDOWN_MS): Promise<boolean> => {
    const done = await Promise.all(pipelines.map((pipeline) => pipeline.flush(timeoutMs)))
    return done.every(Boolean)
  }
  if (enabled && options.flushAtExit !== false) {
    tearDown.push(watchProcessEnd(flush, () => tracing?.endedSpans ?? 0))
  }

  let ending: Promise<boolean> | undefined
  const telemetry: Telemetry = {
    registry,
    tracing,
    logging,
    logger: logging.logger,
    diagnostics,
    resource,
    inertRequest: requests.inert,
    beginRequest: (req, res, how) =>
      !enabled || ending !== undefined || ignored(req) ? undefined : requests.begin(req, res, how),
    requestOf: (req) => requests.of(req),
    answer: (req, res) => endpoint?.(req, res) ?? false,
    flush,
    shutdown(timeoutMs = SHUTDOWN_MS) {
      ending ??= (async () => {
        const done = await Promise.all(pipelines.map((pipeline) => pipeline.shutdown(timeoutMs)))
        for (const undo of tearDown.reverse()) undo()
        await listener?.close()
        return done.every(Boolean)
      })()
      return ending
    },
  }
  return { telemetry, logging, resource, listener }
}

type Room = {
  diagnostics: Diagnostics
  clock: NonNullable<TriscopeOptions['clock']>
  env: Readonly<Record<string, string | undefined>>
}

/** The process's registry, unless the options ask for one that is made otherwise. */
function registryFor(given: { maxSeries?: number }, configuration: Configuration, room: Room): Registry {
  const exemplars = configuration.metrics?.exemplars ?? true
  if (given.maxSeries === undefined && exemplars) return processRegistry()
  return createRegistry({
    ...room,
    exemplars,
    ...(given.maxSeries === undefined ? {} : { maxSeries: given.maxSeries }),
  })
}

function createLoggingFor(
  options: TriscopeOptions,
  configuration: Configuration,
  redaction: Redaction,
  resource: Resource,
  room: Room,
): Logging {
  if (options.logging === false || (!configuration.enabled && options.logging === undefined)) {
    return createLogging({ level: 'silent', access: 'off', redaction, ...room })
  }
  const level = options.logging?.level ?? configuration.logLevel
  return createLogging({
    ...options.logging,
    ...(level === undefined ? {} : { level }),
    service: String(resource.attributes['service.name']),
    redaction,
    ...room,
  })
}

function endpointFor(
  configuration: Configuration,
  registry: Registry,
  diagnostics: Diagnostics,
): MetricsEndpoint | undefined {
  const place = configuration.metrics?.place
  if (place?.path === undefined) return undefined
  return createMetricsEndpoint({ registry, diagnostics, path: place.path, toProxies: place.toProxies })
}

/** Registered once for the process: what is registered passes every call on to the telemetry in force. */
function registerGlobally(storage: ContextStorage, diagnostics: Diagnostics): void {
  const outcome = registerApi({
    context: storage,
    trace: delegatingProvider(),
    propagation: delegatingPropagator(),
  })
  if (outcome.trace === 'taken') {
    diagnostics.warn(
      'TRI_WARN_API_TAKEN',
      'another OpenTelemetry SDK was registered first: spans that libraries make through the API go to it, not to Triscope; remove one of the two, or start Triscope first',
    )
  }
  reconcileApiCopies(diagnostics, findApiCopies())
}

function announce(
  options: TriscopeOptions,
  configuration: Configuration,
  parts: Parts,
  notices: readonly string[],
): void {
  const wanted = options.banner ?? !configuration.underTest
  if (!wanted && notices.length === 0) return
  // On the next turn, when a listener of its own knows its port.
  setImmediate(() => {
    const terminal =
      configuration.environment !== 'production' && process.stderr.isTTY === true ? process.stderr : undefined
    const { attributes } = parts.resource
    sayBanner(
      {
        service: String(attributes['service.name']),
        version:
          attributes['service.version'] === undefined ? undefined : String(attributes['service.version']),
        environment: configuration.environment,
        metrics: metricsFact(configuration, parts.listener),
        traces: tracesFact(configuration),
        notices,
      },
      terminal,
      parts.logging.logger,
    )
  }).unref()
}

function metricsFact(configuration: Configuration, listener: MetricsListener | undefined): string {
  if (!configuration.enabled || configuration.metrics === undefined) return 'off'
  const { place } = configuration.metrics
  if (place.listener !== undefined)
    return listener?.url ?? `http://${place.listener.host}:${place.listener.port}/metrics`
  return place.path === undefined ? 'not served (metrics.path is false)' : `GET ${place.path} on this app`
}

function tracesFact(configuration: Configuration): string {
  if (!configuration.enabled || configuration.tracing === undefined) return 'off'
  const { goesTo } = configuration.tracing
  return goesTo === ''
    ? 'in log lines and exemplars; set OTEL_EXPORTER_OTLP_ENDPOINT to export spans'
    : goesTo
}
