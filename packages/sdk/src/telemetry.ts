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
import { createClientAddress } from './client-address.ts'
import { type Configuration, resolveConfiguration } from './configuration.ts'
import { processEnv } from './env.ts'
import { createHealth, type Health, type HealthReport } from './health.ts'
import {
  createMetricsEndpoint,
  listenForMetrics,
  type MetricsEndpoint,
  type MetricsListener,
} from './metrics-endpoint.ts'
import { checkOptions } from './option-checks.ts'
import { registriesOf, type TriscopeOptions } from './options.ts'
import { watchProcessEnd } from './process-end.ts'
import { createCapture } from './request-capture.ts'
import type { Req, Res } from './request-end.ts'
import { createRequestIds } from './request-id.ts'
import { createIgnore } from './request-ignore.ts'
import { createRequestMetrics, type RequestMetrics } from './request-metrics.ts'
import { createRouteOverride } from './request-route.ts'
import { checkMetrics, createRooms, type RoomParts, type Rooms, resourceOf } from './rooms.ts'
import { createServerDrain } from './server-drain.ts'
import {
  type BeginOptions,
  createRequests,
  type RequestTelemetry,
  type ServerRequest,
} from './server-request.ts'
import { describeSettings, type SettingInForce } from './setting-report.ts'

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
  /** Whether the service is ready, as `/readyz?verbose` says it. With `health: false` it always is. */
  health(): Promise<HealthReport>
  /** Every setting with the value in force and where it came from: code, a variable, or the default. No secrets. */
  describe(): readonly SettingInForce[]
  /** Serves the metrics and the health checks; `false` when `req` asks for something else. For adapters. */
  answer(req: Req, res: Res): boolean
}

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
  const health = healthOf(configuration, rooms, parts)
  const metrics = startMetrics(options, configuration, resource, rooms, health, parts)
  const telemetry = assemble(options, configuration, resource, rooms, health, metrics, parts)
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

function healthOf(
  { health, isProduction }: Configuration,
  { redaction }: Rooms,
  { clock, diagnostics }: RoomParts,
): Health | undefined {
  return health && createHealth(health, { clock, diagnostics, redaction, detailsToProxies: !isProduction })
}

function assemble(
  options: TriscopeOptions,
  configuration: Configuration,
  resource: Resource,
  rooms: Rooms,
  health: Health | undefined,
  metrics: RunningMetrics,
  { clock, diagnostics }: RoomParts,
): Telemetry {
  const { enabled, shutdown: times, tracing: tracingSettings } = configuration
  const { logging, redaction, registry, storage, tracing } = rooms
  const servers = createServerDrain(clock)
  const requests = createRequests({
    clock,
    storage,
    diagnostics,
    redaction,
    metrics: metrics.requests,
    tracing,
    capture: tracingSettings?.capture ?? createCapture(),
    logging,
    hasLines: options.logging !== false && options.logging?.access !== 'off',
    onError: options.onError,
    clientAddressOf: createClientAddress(options.trustProxy),
    requestIds: createRequestIds(options.requestId),
    routeOverride: options.route && createRouteOverride(options.route, diagnostics),
  })
  const ignored = createIgnore(options.ignore, diagnostics)
  // A scrape leaves no telemetry, also where the app's own list of what to ignore does not name it.
  const { endpoint } = metrics
  const healthOnApp = configuration.metrics?.place.listener === undefined ? health : undefined
  const owns = (req: Req): boolean => endpoint?.owns(req) === true || healthOnApp?.owns(req) === true
  const pipelines: readonly Pipeline[] = tracing === undefined ? [logging] : [tracing, logging]

  async function flush(timeoutMs: number = times.flushMs): Promise<boolean> {
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
  function shutdown(timeoutMs: number = times.flushMs): Promise<boolean> {
    health?.drain()
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
      ? watchProcessEnd(flush, shutdown, () => tracing?.endedSpans ?? 0, {
          announce: () => health?.drain(),
          drain: () => servers.drain(times.delayMs, times.requestsMs),
          drainMs: times.delayMs + times.requestsMs,
          flushMs: times.flushMs,
        })
      : undefined

  return {
    registry,
    tracing,
    logging,
    logger: logging.logger,
    diagnostics,
    resource,
    inertRequest: requests.inert,
    beginRequest(req, res, how) {
      if (!enabled || ending !== undefined) return undefined
      servers.saw(req)
      return ignored(req) || owns(req) ? undefined : requests.begin(req, res, how)
    },
    requestOf: (req) => requests.of(req),
    register: (foreign) => metrics.register(foreign),
    owns,
    answer: (req, res) => endpoint?.answer(req, res) === true || healthOnApp?.answer(req, res) === true,
    health: async () => (await health?.report()) ?? { status: 'ready', checks: {} },
    describe: () => describeSettings(options, configuration, resource),
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
  health: Health | undefined,
  parts: RoomParts,
): RunningMetrics {
  const { diagnostics } = parts
  const address = metrics?.place.listener
  const beside = health === undefined ? [] : [health]
  if (!enabled || metrics === undefined) {
    // Who probes the health of a service would end it, if it went with the telemetry.
    const listener = address && health && listenForMetrics(beside, diagnostics, address)
    return {
      requests: undefined,
      endpoint: undefined,
      listener,
      register: () => () => {},
      stop: async () => listener?.close(),
    }
  }
  const { guard, path, toProxies } = metrics.place
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
  const endpointAt = (at: string, proxies: boolean): MetricsEndpoint =>
    createMetricsEndpoint({ registry, diagnostics, path: at, toProxies: proxies, guard })
  const listener =
    address && listenForMetrics([endpointAt(address.path, true), ...beside], diagnostics, address)
  return {
    requests: createRequestMetrics(registry, buckets, bodySizes),
    endpoint: path === undefined ? undefined : endpointAt(path, toProxies),
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
