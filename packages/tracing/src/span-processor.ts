/**
 * Our way from a span to bytes, for a provider that is not ours: a `SpanProcessor` for the stock `BasicTracerProvider` of
 * sdk-trace-base 2.x and the `TracerProvider` of sdk-trace 3.x.
 *
 * Invariant: a sampled span is encoded once, when it ends, and nothing of it is held after that; made = sent + counted.
 */
import type { Attributes } from '@opentelemetry/api'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base'
import {
  createDiagnostics,
  createRedaction,
  type Redaction,
  type RoomOptions,
  rejectUnknownKeys,
  systemClock,
} from '@triscope/core'
import type { BatchOptions } from './exporters/export-parts.ts'
import { createExports, type ExporterOption } from './exporters/exporter-option.ts'
import { readForeignSpan } from './foreign-span.ts'
import { resolveLimits } from './limits.ts'
import { endAll } from './pipelines.ts'
import { ScopeTable, warnOfScopes } from './scope.ts'
import { SpanEncoder } from './span-encoder.ts'
import { SAMPLED_FLAG } from './traceparent.ts'

export interface SpanProcessorOptions {
  /** That of the provider: its attributes as they are now, so wait for those that are detected asynchronously. */
  resource: { readonly attributes: Attributes }
  /** Each gets every sampled span, and fails alone. */
  exporter: ExporterOption | readonly ExporterOption[]
  /** How spans are gathered, for each exporter of ours alike. */
  batch?: BatchOptions
  /**
   * What is hidden in attributes.
   * @default `createRedaction()` of `@triscope/core`
   */
  redaction?: Redaction
}

const KEYS: readonly string[] = ['resource', 'exporter', 'batch', 'redaction', 'diagnostics', 'clock', 'env']

/** The provider has limits of its own. */
const NO_LIMITS = {
  attributes: Number.POSITIVE_INFINITY,
  events: Number.POSITIVE_INFINITY,
  links: Number.POSITIVE_INFINITY,
}

/**
 * Makes a processor whose spans are queued, sent and counted as Triscope's own are. Its promises never reject.
 * Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`.
 */
export function createSpanProcessor(options: SpanProcessorOptions & RoomOptions): SpanProcessor {
  rejectUnknownKeys('spanProcessor', options, KEYS)
  const clock = options.clock ?? systemClock
  const diagnostics = options.diagnostics ?? createDiagnostics({ clock })
  const limits = resolveLimits(NO_LIMITS, options.redaction ?? createRedaction())
  const scopes = new ScopeTable(() => warnOfScopes(diagnostics))
  const known = new Map<string, ReturnType<ScopeTable['add']>>()
  const encoder = new SpanEncoder()
  const exports = createExports(options.exporter, {
    resource: { attributes: scalarsOf(options.resource.attributes) },
    scopes,
    batch: options.batch ?? {},
    clock,
    diagnostics,
    env: options.env ?? {},
  })
  const onInvalid = (): void => diagnostics.dropped('traces', 'VALUE_INVALID')
  let closed: Promise<boolean> | undefined

  const scopeOf = ({ name, version, schemaUrl }: ReadableSpan['instrumentationScope']) => {
    const key = JSON.stringify([name, version, schemaUrl])
    const found = known.get(key)
    if (found !== undefined) return found
    const scope = scopes.add(name, version, schemaUrl)
    if (known.size < MAX_KNOWN) known.set(key, scope)
    return scope
  }

  const exportBytes = (span: ReadableSpan): void => {
    if (exports.sinks.length === 0) return
    const read = readForeignSpan(span, scopeOf(span.instrumentationScope), limits, onInvalid)
    if (read === undefined) {
      onInvalid()
      return
    }
    const bytes = encoder.encode(read.ids, read.record)
    for (const sink of exports.sinks) sink(bytes, span.status.code === ERROR)
  }

  return {
    onStart() {},
    onEnd(span) {
      if ((span.spanContext().traceFlags & SAMPLED_FLAG) === 0) return
      if (closed !== undefined) {
        diagnostics.dropped('traces', 'SHUTDOWN')
        return
      }
      try {
        exportBytes(span)
      } catch (error) {
        onInvalid()
        diagnostics.failed('TRI_ERR_SPAN_ENCODE', error)
      }
      for (const processor of exports.processors) processor.onEnd(span)
    },
    async forceFlush() {
      await endAll('flush', exports.pipelines, exports.processors, clock, diagnostics)
    },
    async shutdown() {
      closed ??= endAll('shutdown', exports.pipelines, exports.processors, clock, diagnostics)
      await closed
    },
  }
}

/** As many as there are scopes. */
const MAX_KNOWN = 1_000

/** `SpanStatusCode.ERROR`. */
const ERROR = 2

/** Of lists, the entries joined: a resource of ours has single values. */
function scalarsOf(attributes: Attributes): Record<string, string | number | boolean> {
  const scalars: Record<string, string | number | boolean> = {}
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null)
      scalars[key] = Array.isArray(value) ? value.join(',') : (value as string)
  }
  return scalars
}
