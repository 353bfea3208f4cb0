/**
 * What every span that was started in this process has: its ids, and its context once somebody asks for it. Also the
 * span that is not sampled, which is nothing more than that.
 */
import type { Span, SpanContext, TraceState } from '@opentelemetry/api'
import { hexOf, nonZeroWord, randomWord, type TraceIdentity } from './ids.ts'

/** What the encoder needs of a span besides what it has recorded. */
export interface SpanIds {
  readonly trace: TraceIdentity
  readonly idWord0: number
  readonly idWord1: number
  readonly traceFlags: number
  readonly traceState: TraceState | undefined
}

/** Ids as words; the hex strings of `spanContext()` are made at its first call. */
export abstract class LocalSpan implements SpanIds {
  readonly trace: TraceIdentity
  /** The eight bytes of the span id, big-endian. */
  readonly idWord0: number
  readonly idWord1: number
  readonly traceFlags: number
  readonly traceState: TraceState | undefined
  #context: SpanContext | undefined

  constructor(trace: TraceIdentity, traceFlags: number, traceState: TraceState | undefined) {
    this.trace = trace
    this.idWord0 = nonZeroWord()
    this.idWord1 = randomWord()
    this.traceFlags = traceFlags
    this.traceState = traceState
    this.#context = undefined
  }

  spanContext(): SpanContext {
    this.#context ??= contextOf(this.trace, this.idWord0, this.idWord1, this.traceFlags, this.traceState)
    return this.#context
  }
}

/** Puts a span context together from words. */
export function contextOf(
  trace: TraceIdentity,
  idWord0: number,
  idWord1: number,
  traceFlags: number,
  traceState: TraceState | undefined,
): SpanContext {
  const spanId = hexOf(idWord0) + hexOf(idWord1)
  return traceState === undefined
    ? { traceId: trace.hex, spanId, traceFlags }
    : { traceId: trace.hex, spanId, traceFlags, traceState }
}

/** A span that nobody will see: it carries its ids on, so that the whole trace is left out alike. */
export class UnsampledSpan extends LocalSpan implements Span {
  setAttribute(): this {
    return this
  }

  setAttributes(): this {
    return this
  }

  addEvent(): this {
    return this
  }

  addLink(): this {
    return this
  }

  addLinks(): this {
    return this
  }

  setStatus(): this {
    return this
  }

  updateName(): this {
    return this
  }

  end(): void {}

  isRecording(): boolean {
    return false
  }

  recordException(): void {}
}
