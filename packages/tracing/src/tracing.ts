/**
 * Puts the room together: options in, a tracer provider, a propagator and a pipeline out.
 *
 * Invariant: after `shutdown` nothing of it runs any more, and each span that ends later is counted as dropped.
 */
import type { Context, TextMapPropagator, Tracer, TracerProvider } from '@opentelemetry/api'
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base'
import {
  createDiagnostics,
  createRedaction,
  type Pipeline,
  type Redaction,
  type Resource,
  type RoomOptions,
  rejectUnknownKeys,
  SDK_VERSION,
  systemClock,
} from '@triscope/core'
import type { SenderThread } from '@triscope/delivery'
import { type ClientCall, watchClientCalls } from './clients.ts'
import { Engine } from './engine.ts'
import type { BatchOptions } from './exporters/export-parts.ts'
import { createExports, type ExporterOption } from './exporters/exporter-option.ts'
import type { IncomingHeaders } from './header-source.ts'
import { type BaggageHosts, resolveBaggageHosts } from './hosts.ts'
import { watchHttpCalls } from './http-clients.ts'
import { type Inbound, resolveInbound } from './inbound.ts'
import { type LimitOptions, resolveLimits } from './limits.ts'
import { endAll } from './pipelines.ts'
import { Propagator } from './propagator.ts'
import { type PropagatorName, resolvePropagators } from './propagators.ts'
import { SpanTracerProvider } from './provider.ts'
import { isForeignSampler, resolveSampler, type SamplerOption } from './sampler.ts'
import { samplingHeaders } from './sampling-headers.ts'
import { ScopeTable, warnOfScopes } from './scope.ts'
import { type DetectOptions, resolveWatch } from './span-watch.ts'

export interface TracingOptions {
  /** Who is speaking: `createResource()` of `@triscope/core`. */
  resource: Resource
  /**
   * The part of new traces that is kept, 0 to 1; a trace that came in stays as its caller decided. Or settings, for
   * rules, rate limits and Jaeger's remote sampling; or a sampler written for OpenTelemetry, which is then asked for
   * every span.
   * @default 1
   */
  sampler?: SamplerOption
  /**
   * Each gets every sampled span, and fails alone.
   * @default none: spans are made and joined to logs and exemplars, but not sent
   */
  exporter?: ExporterOption | readonly ExporterOption[]
  /**
   * Where OTLP is compressed and sent from: a thread of its own, or the main one. `auto` takes a thread where two CPUs or
   * more may be used, cgroup quotas counted, and from the second request on.
   * @default 'auto'
   */
  sender?: SenderThread
  /**
   * Processors written for OpenTelemetry. What they write in `onEnding` is exported; in `onEnd` it is too late.
   * @default none
   */
  processors?: readonly SpanProcessor[]
  /**
   * In which headers a trace travels, in and out, in this order; each is used once. Where several name a span, the last
   * one counts. `[]` for none.
   * @default ['tracecontext', 'baggage']
   */
  propagators?: readonly (PropagatorName | TextMapPropagator)[]
  /**
   * What a request's headers are worth: `trust` continues the caller's trace; `link` begins a new trace with a link to
   * it and keeps the baggage; `ignore` begins a new trace and takes no baggage. For services at the edge. What the app
   * itself extracts, by `continueTrace` or the OpenTelemetry API, is trusted.
   * @default 'trust'
   */
  inbound?: Inbound
  /**
   * Hosts that are told the baggage by outgoing calls. A cloud's metadata service is never internal.
   * @default 'internal': loopback, private addresses, single labels, names that clusters use inside
   */
  baggageHosts?: BaggageHosts
  /**
   * Names, for development, spans that are never ended and spans whose context was lost, with the place where they were
   * started: `TRI_WARN_SPAN_OPEN`, `TRI_WARN_CONTEXT_LOST`, once for each span name. Costs a stack trace for each span.
   * @default false; with the sdk, true where `NODE_ENV` is `development`
   */
  detect?: boolean | DetectOptions
  /** How much one span may hold. */
  limits?: LimitOptions
  /** How spans are gathered, for each exporter of ours alike. */
  batch?: BatchOptions
  /**
   * What is hidden in attributes, by name and by form, in exceptions, statuses and URLs.
   * @default `createRedaction()` of `@triscope/core`
   */
  redaction?: Redaction
}

export interface Tracing extends Pipeline {
  /** For `trace.setGlobalTracerProvider`, and for libraries that take one. */
  readonly provider: TracerProvider
  /** Triscope's own tracer. */
  readonly tracer: Tracer
  /** Of the formats that were named; W3C trace context and baggage by default. */
  readonly propagator: TextMapPropagator
  /** Recording spans that have ended so far: unchanged since the last flush, there is nothing new to send. */
  readonly endedSpans: number
  /**
   * The context of whoever sent these headers, as node shows them (`req.headers`): the parent of a server span.
   * The root context where they name no valid trace. `inbound` decides what it is worth. Never throws.
   */
  extract(headers: IncomingHeaders): Context
  /**
   * Makes a client span for each call that `fetch`, undici, `node:http` or `node:https` sends, and puts `traceparent` into it.
   * @param onEnd hears of each call at its end, sampled or not; what it throws, or rejects with, is counted
   * @returns ends the watch; spans that are open end with their calls
   */
  watchClients(onEnd?: (call: ClientCall) => void): () => void
}

const OPTION_KEYS: readonly string[] = [
  'resource',
  'sampler',
  'propagators',
  'inbound',
  'baggageHosts',
  'exporter',
  'processors',
  'limits',
  'detect',
  'batch',
  'sender',
  'redaction',
  'diagnostics',
  'clock',
  'env',
]

/** The library name of spans made by `span()`, server spans and client spans. */
const TRACER_NAME = 'triscope'

/**
 * Makes a tracing. It is not yet the one in force: `setCurrentTracing` makes it that, and the sdk does.
 * Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`.
 */
export function createTracing(options: TracingOptions & RoomOptions): Tracing {
  rejectUnknownKeys('tracing', options, OPTION_KEYS)
  const clock = options.clock ?? systemClock
  const diagnostics = options.diagnostics ?? createDiagnostics({ clock })
  const scopes = new ScopeTable(() => warnOfScopes(diagnostics))
  const exports = createExports(options.exporter, {
    resource: options.resource,
    scopes,
    batch: options.batch ?? {},
    clock,
    diagnostics,
    env: options.env ?? {},
    thread: options.sender ?? 'auto',
  })
  const processors = [...(options.processors ?? []), ...exports.processors]
  const formats = resolvePropagators(options.propagators, diagnostics)
  const takesBaggage = resolveBaggageHosts(options.baggageHosts)
  const inbound = resolveInbound(options.inbound)
  const redaction = options.redaction ?? createRedaction()
  const limits = resolveLimits(options.limits, redaction)
  const watch = resolveWatch(options.detect, clock, diagnostics)
  // Made last of all that is checked, because one that asks a server begins to.
  const service = String(options.resource.attributes['service.name'] ?? '')
  const resolved = resolveSampler(options.sampler ?? 1, { service, clock, diagnostics })
  const sampler = isForeignSampler(resolved.sampler) ? undefined : resolved.sampler
  const asked = sampler?.headers ?? []
  const propagator = new Propagator(
    asked.length === 0 ? formats : [...formats, samplingHeaders(asked)],
    takesBaggage,
  )
  const engine = new Engine({
    clock,
    diagnostics,
    limits,
    sampler: resolved,
    resource: options.resource,
    processors,
    linksCallers: options.inbound === 'link',
    watch,
    sinks: exports.sinks,
  })
  const provider = new SpanTracerProvider(engine, scopes)
  const tracer = provider.getTracer(TRACER_NAME, SDK_VERSION)
  const hideLive = engine.showLive()
  const watches = new Set<() => void>()
  let shutdown: Promise<boolean> | undefined
  return {
    provider,
    tracer,
    propagator,
    get endedSpans() {
      return engine.ended
    },
    extract: (headers) => inbound(propagator.extractHeaders(headers)),
    watchClients(onEnd) {
      const watch = { tracer, propagator, clock, diagnostics, redaction, onEnd }
      const stops = [watchClientCalls(watch), watchHttpCalls(watch)]
      const stop = (): void => {
        watches.delete(stop)
        for (const stopPart of stops) stopPart()
      }
      watches.add(stop)
      return stop
    },
    flush: (timeoutMs) => endAll('flush', exports.pipelines, processors, clock, diagnostics, timeoutMs),
    shutdown(timeoutMs) {
      shutdown ??= (() => {
        sampler?.shutdown?.()
        watch?.stop()
        for (const stop of watches) stop()
        watches.clear()
        const ended = endAll('shutdown', exports.pipelines, processors, clock, diagnostics, timeoutMs)
        engine.closed = true
        hideLive()
        return ended
      })()
      return shutdown
    },
  }
}
