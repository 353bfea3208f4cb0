/**
 * Joins the rooms: one registry, one tracing, one logging, one context, for one process.
 *
 * Invariant: what is created here is taken down by `shutdown`, all of it, and `shutdown` is bounded and safe twice.
 */
import {
  createDiagnostics,
  type DiagnosticMessage,
  type Diagnostics,
  type Pipeline,
  type Resource,
  settle,
  systemClock,
} from '@triscope/core'
import { type Logger, type Logging, logCrashes } from '@triscope/logging'
import {
  diagnosticsSource,
  type Registry,
  registrySource,
  startRuntimeMetrics,
  targetInfo,
} from '@triscope/metrics'
import { adoptRegistry, type ForeignRegistry } from '@triscope/metrics/prom-client'
import type { Tracing } from '@triscope/tracing'
import { type Facts, factsOf, sayBanner } from './banner.ts'
import { type Configuration, resolveConfiguration } from './configuration.ts'
import { processEnv } from './env.ts'
import {
  createMetricsEndpoint,
  listenForMetrics,
  type MetricsEndpoint,
  type MetricsListener,
} from './metrics-endpoint.ts'
import { checkOptions, registriesOf, type TriscopeOptions } from './options.ts'
import { watchProcessEnd } from './process-end.ts'
import type { Req, Res } from './request-end.ts'
import { createIgnore } from './request-ignore.ts'
import { createRequestMetrics, type RequestMetrics } from './request-metrics.ts'
import { createRouteOverride } from './request-route.ts'
import { checkMetrics, createRooms, type RoomParts, type Rooms, resourceOf } from './rooms.ts'
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
  /**
   * Serves the metrics of a prom-client registry with ours, until the returned function is called or telemetry shuts
   * down. Where both have a name ours is served, and `TRI_WARN_METRIC_DUP` names both owners; its default metrics are
   * left out where ours have the same names. Throws `TRI_ERR_OPTION` for what is no registry.
   */
  register(foreign: ForeignRegistry): () => void
  /**
   * Begins a request; `undefined` when it is to be ignored, or was begun before. For adapters.
   * @param res `undefined` where the connection is handed over with the request: an upgrade, or a tunnel
   */
  beginRequest(req: Req, res: Res | undefined, how?: BeginOptions): ServerRequest | undefined
  /** The request that was begun for `req`. */
  requestOf(req: Req): ServerRequest | undefined
  /** Stands in `req.triscope` where no request was begun; it records nothing. */
  readonly inertRequest: RequestTelemetry
  /** Whether `answer` would serve this request. For adapters. */
  owns(req: Req): boolean
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
  const voice = createVoice(options)
  const diagnostics = createDiagnostics({ clock, onMessage: voice.say })
  const env = options.env ?? processEnv()
  const parts = { diagnostics, clock, env }
  checkMetrics(options)
  const resource = resourceOf(options, parts)
  const configuration = resolveConfiguration(options, env, diagnostics, resource)
  const rooms = createRooms(options, configuration, resource, parts)
  const metrics = startMetrics(options, configuration, resource, rooms, parts)
  const telemetry = assemble(options, configuration, resource, rooms, metrics, parts)
  const notices = voice.started(rooms.logging.logger)
  announce(
    options,
    factsOf(configuration, resource, notices),
    metrics.listener,
    configuration,
    rooms.logging.logger,
  )
  return telemetry
}

function assemble(
  options: TriscopeOptions,
  { enabled, tracing: tracingSettings }: Configuration,
  resource: Resource,
  rooms: Rooms,
  metrics: RunningMetrics,
  { clock, diagnostics }: RoomParts,
): Telemetry {
  const { logging, redaction, registry, storage, tracing } = rooms
  const requests = createRequests({
    clock,
    storage,
    diagnostics,
    redaction,
    metrics: metrics.requests,
    tracing,
    logging,
    hasLines: options.logging !== false && options.logging?.access !== 'off',
    onError: options.onError,
    routeOverride: options.route && createRouteOverride(options.route, diagnostics),
  })
  const ignored = createIgnore(options.ignore, diagnostics)
  // A scrape leaves no telemetry, also where the app's own list of what to ignore does not name it.
  const owns = (req: Req): boolean => metrics.endpoint?.owns(req) ?? false
  const pipelines: readonly Pipeline[] = tracing === undefined ? [logging] : [tracing, logging]

  async function flush(timeoutMs: number = SHUTDOWN_MS): Promise<boolean> {
    const done = await Promise.all(pipelines.map((pipeline) => pipeline.flush(timeoutMs)))
    return done.every(Boolean)
  }

  async function end(timeoutMs: number): Promise<boolean> {
    const done = await Promise.all(pipelines.map((pipeline) => pipeline.shutdown(timeoutMs)))
    stopWatching?.()
    stopCrashLines?.()
    rooms.withdraw()
    await metrics.stop()
    return done.every(Boolean)
  }

  let ending: Promise<boolean> | undefined
  function shutdown(timeoutMs: number = SHUTDOWN_MS): Promise<boolean> {
    ending ??= end(timeoutMs)
    return ending
  }

  if (tracingSettings?.outbound === true) tracing?.watchClients((call) => metrics.requests?.client(call))
  const stopCrashLines =
    enabled && options.flushAtExit !== false && options.logging !== false
      ? logCrashes(() => logging.logger)
      : undefined
  const stopWatching =
    enabled && options.flushAtExit !== false
      ? watchProcessEnd(flush, shutdown, () => tracing?.endedSpans ?? 0)
      : undefined

  return {
    registry,
    tracing,
    logging,
    logger: logging.logger,
    diagnostics,
    resource,
    inertRequest: requests.inert,
    beginRequest: (req, res, how) =>
      !enabled || ending !== undefined || ignored(req) || owns(req)
        ? undefined
        : requests.begin(req, res, how),
    requestOf: (req) => requests.of(req),
    register: (foreign) => metrics.register(foreign),
    owns,
    answer: (req, res) => metrics.endpoint?.answer(req, res) ?? false,
    flush,
    shutdown,
  }
}

/** All parts are missing where metrics are off. */
interface RunningMetrics {
  readonly requests: RequestMetrics | undefined
  readonly endpoint: MetricsEndpoint | undefined
  readonly listener: MetricsListener | undefined
  register(foreign: ForeignRegistry): () => void
  stop(): Promise<void>
}

function startMetrics(
  options: TriscopeOptions,
  { enabled, metrics }: Configuration,
  resource: Resource,
  { registry }: Rooms,
  parts: RoomParts,
): RunningMetrics {
  if (!enabled || metrics === undefined) {
    const nothing = { requests: undefined, endpoint: undefined, listener: undefined, stop: async () => {} }
    return { ...nothing, register: () => () => {} }
  }
  const { diagnostics } = parts
  const { listener: ownListener, path, toProxies } = metrics.place
  const { buckets, bodySizes } = options.metrics === false ? {} : (options.metrics ?? {})
  const undo = [
    registry.attach(targetInfo(resource)),
    registry.attach(diagnosticsSource(diagnostics)),
    registry.attach(registrySource(registry)),
    ...(metrics.runtime === undefined
      ? []
      : [startRuntimeMetrics(registry, { ...metrics.runtime, ...parts })]),
  ]
  const defaultMetrics = metrics.runtime === undefined || metrics.runtime.naming === 'semconv'
  const register = adopting(registry, defaultMetrics)
  for (const foreign of registriesOf((options.metrics || undefined)?.promClient)) undo.push(register(foreign))
  const listener =
    ownListener === undefined ? undefined : listenForMetrics(registry, diagnostics, ownListener)
  return {
    requests: createRequestMetrics(registry, buckets, bodySizes),
    endpoint:
      path === undefined ? undefined : createMetricsEndpoint({ registry, diagnostics, path, toProxies }),
    listener,
    register(foreign) {
      const detach = register(foreign)
      undo.push(detach)
      return detach
    },
    async stop() {
      for (const detach of undo) detach()
      await listener?.close()
    },
  }
}

/** Adopts each foreign registry once, however often it is named. */
function adopting(registry: Registry, defaultMetrics: boolean): (foreign: ForeignRegistry) => () => void {
  const adopted = new Map<ForeignRegistry, () => void>()
  return (foreign) => {
    const there = adopted.get(foreign)
    if (there !== undefined) return there
    const detach = registry.attach(adoptRegistry(foreign, { defaultMetrics }))
    const release = (): void => {
      adopted.delete(foreign)
      detach()
    }
    adopted.set(foreign, release)
    return release
  }
}

/** Where warnings go: gathered for the banner while starting, to the log afterwards, to the app's own hook if it has one. */
interface Voice {
  say(message: DiagnosticMessage): void
  /** From now on warnings go to `logger`. @returns what was said until now */
  started(logger: Logger): readonly string[]
}

function createVoice({ onWarning, logging }: TriscopeOptions): Voice {
  const notices: string[] = []
  let logger: Logger | undefined
  return {
    say(warning) {
      const { code, message, suppressed } = warning
      if (onWarning !== undefined) settle(onWarning(warning), () => {})
      else if (logger === undefined) notices.push(`${code}: ${message}`)
      // A logger that is switched off would swallow it, and one that cannot write cannot say so.
      else if (logging === false || code === 'TRI_ERR_LOG_DESTINATION')
        process.emitWarning(message, { type: 'TriscopeWarning', code })
      else logger.warn(suppressed === 0 ? { code } : { code, suppressed }, `triscope: ${message}`)
    },
    started(to) {
      logger = to
      return notices
    },
  }
}

function announce(
  options: TriscopeOptions,
  facts: (metricsUrl: string | undefined) => Facts,
  listener: MetricsListener | undefined,
  { isProduction, underTest }: Configuration,
  logger: Logger,
): void {
  const wanted = options.banner ?? !underTest
  const { notices } = facts(undefined)
  if (!wanted && notices.length === 0) return
  const terminal = !isProduction && process.stderr.isTTY === true ? process.stderr : undefined
  // On the next turn, when a listener of its own knows its port.
  setImmediate(() => sayBanner(facts(listener?.url), terminal, logger)).unref()
}
