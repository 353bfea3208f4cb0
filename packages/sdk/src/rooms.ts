/** Makes the rooms of one telemetry from its options, and lets them be found: through OpenTelemetry's API and ours. */
import {
  adoptContext,
  type Clock,
  type ContextStorage,
  createRedaction,
  createResource,
  type Diagnostics,
  installContext,
  type Redaction,
  type Resource,
  registerApi,
  replaceContext,
} from '@triscope/core'
import { createLogging, type Logging, setCurrentLogging } from '@triscope/logging'
import { createRegistry, processRegistry, type Registry } from '@triscope/metrics'
import {
  createTracing,
  delegatingPropagator,
  delegatingProvider,
  setCurrentTracing,
  type Tracing,
} from '@triscope/tracing'
import { findApiCopies, reconcileApiCopies } from './api-copies.ts'
import type { Configuration } from './configuration.ts'
import type { Env } from './env.ts'
import type { TriscopeOptions } from './options.ts'
import { createRequestMetrics } from './request-metrics.ts'

/** What every room takes. */
export interface RoomParts {
  readonly diagnostics: Diagnostics
  readonly clock: Clock
  readonly env: Env
}

export interface Rooms {
  /** `undefined` where nobody in the process makes spans. */
  readonly storage: ContextStorage | undefined
  readonly redaction: Redaction
  readonly registry: Registry
  readonly logging: Logging
  readonly tracing: Tracing | undefined
  /** Takes them out of force again. */
  withdraw(): void
}

/**
 * Makes them, and puts them in force once all are made. Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`; then nothing
 * has changed.
 */
export function createRooms(
  options: TriscopeOptions,
  configuration: Configuration,
  resource: Resource,
  parts: RoomParts,
): Rooms {
  const redaction = createRedaction(options.redact)
  const tracing =
    configuration.enabled && configuration.tracing !== undefined
      ? createTracing({ ...configuration.tracing.options, resource, redaction, ...parts })
      : undefined
  const logging = loggingOf(options, configuration, redaction, resource, parts)
  const registry = registryOf(options, configuration, parts)
  const withdrawContext =
    tracing === undefined ? undefined : chooseContext(options.context, parts.diagnostics)
  const storage = tracing === undefined ? adoptContext() : installContext()
  const withdrawLogging = setCurrentLogging(logging)
  const withdrawTracing = tracing === undefined ? undefined : setCurrentTracing(tracing)
  if (tracing !== undefined)
    registerGlobally(installContext(), options.context !== undefined, parts.diagnostics)
  return {
    storage,
    redaction,
    registry,
    logging,
    tracing,
    withdraw() {
      withdrawTracing?.()
      withdrawLogging()
      withdrawContext?.()
    },
  }
}

/** Who is speaking: options over environment over what the process knows of itself. */
export function resourceOf(
  { service, version, environment, resource }: TriscopeOptions,
  parts: RoomParts,
): Resource {
  return createResource({
    ...(service === undefined ? {} : { service }),
    ...(version === undefined ? {} : { version }),
    ...(environment === undefined ? {} : { environment }),
    ...(resource === undefined ? {} : { attributes: resource }),
    env: parts.env,
    diagnostics: parts.diagnostics,
  })
}

/** Checked on a registry that is thrown away, so that a wrong limit or bound throws before anything is changed. */
export function checkMetrics({ metrics }: TriscopeOptions): void {
  if (metrics === undefined || metrics === false) return
  const { buckets, maxSeries } = metrics
  const scratch = createRegistry(maxSeries === undefined ? {} : { maxSeries })
  createRequestMetrics(scratch, buckets)
}

/** The process's registry is told the limits too: instruments may have been made in it before. */
function registryOf(
  { metrics }: TriscopeOptions,
  configuration: Configuration,
  { diagnostics }: RoomParts,
): Registry {
  const given = metrics === false ? undefined : metrics
  const registry = given?.registry ?? processRegistry()
  registry.configure({
    diagnostics,
    exemplars: configuration.metrics?.exemplars ?? true,
    lint: configuration.metrics?.lint ?? 'off',
    ...(given?.maxSeries === undefined ? {} : { maxSeries: given.maxSeries }),
    ...(given?.maxTotalSeries === undefined ? {} : { maxTotalSeries: given.maxTotalSeries }),
  })
  return registry
}

/** Switched off by `logging: false` it is silent; where only telemetry is disabled, the app's own lines go on. */
function loggingOf(
  options: TriscopeOptions,
  configuration: Configuration,
  redaction: Redaction,
  resource: Resource,
  parts: RoomParts,
): Logging {
  if (options.logging === false) return createLogging({ level: 'silent', access: 'off', redaction, ...parts })
  const level = options.logging?.level ?? configuration.logLevel
  return createLogging({
    service: String(resource.attributes['service.name']),
    // Signals are watched, so what a turn has gathered is written at each end of the process.
    sync: !configuration.enabled || options.flushAtExit === false,
    ...options.logging,
    ...(level === undefined ? {} : { level }),
    otlp: configuration.enabled && (configuration.logExporter ?? false),
    resource,
    ...(configuration.enabled ? {} : { access: 'off' }),
    redaction,
    ...parts,
  })
}

/** The storage that the options name, where they name one; the returned function puts back the one before. */
function chooseContext(
  storage: ContextStorage | undefined,
  diagnostics: Diagnostics,
): (() => void) | undefined {
  if (storage === undefined) return undefined
  storage.onFailure = (error) => diagnostics.failed('TRI_WARN_CONTEXT', error)
  return replaceContext(storage)
}

/** Registered once for the process: what is registered passes every call on to the telemetry in force. */
function registerGlobally(storage: ContextStorage, isChosen: boolean, diagnostics: Diagnostics): void {
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
  if (isChosen && outcome.context === 'taken') {
    diagnostics.warn(
      'TRI_WARN_API_TAKEN',
      'a context manager was registered with OpenTelemetry first: what libraries make active through the API is not seen in the storage of the option "context"; remove one of the two, or start Triscope first',
      'context',
    )
  }
  reconcileApiCopies(diagnostics, findApiCopies())
}
