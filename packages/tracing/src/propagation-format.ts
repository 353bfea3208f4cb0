/**
 * One way of writing a trace into headers, and what every format reads them through.
 *
 * Invariant: a format leaves the context as it is where the headers say nothing that is valid; what headers throw, the
 * propagator catches.
 */
import { type Context, type SpanContext, trace } from '@opentelemetry/api'
import { contextWithSpan } from '@triscope/core'

/** Headers of one message, in whatever it keeps them. */
export interface HeaderSource {
  /** The value, or the lines in their order; names are in lower case and found in any. */
  get(name: string): string | string[] | undefined
  /** The names, as the carrier spells them; at most `MAX_SEARCHED_KEYS` are looked at. */
  keys(): Iterable<string>
}

/** Puts one header into a message. */
export type SetHeader = (name: string, value: string) => void

export interface PropagationFormat {
  /** Header names, in lower case, that it may write. */
  readonly fields: readonly string[]
  /** Those of which at least one must be there; `undefined` where that is not known before all are looked at. */
  readonly leading: readonly string[] | undefined
  extract(context: Context, headers: HeaderSource): Context
  inject(context: Context, set: SetHeader): void
}

/** Names that are looked at in one carrier; what has more headers has those of a trace in their usual spelling. */
export const MAX_SEARCHED_KEYS = 200

/** `context` below the span that a header named. */
export function withRemoteSpan(context: Context, spanContext: SpanContext): Context {
  return contextWithSpan(context, trace.wrapSpanContext(spanContext))
}

/**
 * A caller that left the sampling decision to whoever is called (B3, "Deferred"). It reads as not sampled; the tracer
 * knows better.
 */
export class DeferredSpanContext implements SpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
  readonly isRemote = true

  constructor(traceId: string, spanId: string, traceFlags: number) {
    this.traceId = traceId
    this.spanId = spanId
    this.traceFlags = traceFlags
  }
}

/** The one text of a header that may stand only once; two of them contradict each other, and none counts. */
export function onlyText(value: string | string[] | undefined): string | undefined {
  if (typeof value === 'string') return value
  return Array.isArray(value) && value.length === 1 ? value[0] : undefined
}
