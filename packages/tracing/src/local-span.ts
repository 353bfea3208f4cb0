/**
 * What every span that was started in this process has: its ids, and its context once somebody asks for it. Also the
 * span that is not sampled, which is nothing more than that.
 */
import type { Span, SpanContext, TraceState } from '@opentelemetry/api'
import {
  hexOf,
  newTraceIdentity,
  nonZeroWord,
  randomWord,
  type TraceIdentity,
  type TraceRandomness,
} from './ids.ts'

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
  abstract readonly trace: TraceIdentity
  /** The eight bytes of the span id, big-endian. */
  abstract readonly idWord0: number
  abstract readonly idWord1: number
  readonly traceFlags: number
  readonly traceState: TraceState | undefined
  #context: SpanContext | undefined

  constructor(traceFlags: number, traceState: TraceState | undefined) {
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

/**
 * A span that nobody will see: it carries its ids on, so that the whole trace is left out alike. They are drawn when
 * somebody asks for them, because where all is unsampled mostly nobody does: that halves what such a span costs.
 */
export class UnsampledSpan extends LocalSpan implements Span {
  #trace: TraceIdentity | undefined
  readonly #word2: number
  readonly #word3: number
  #idWord0 = 0
  #idWord1 = 0

  /** @param random the last bytes of the trace id, read here, where `trace` is not made yet */
  constructor(
    trace: TraceIdentity | undefined,
    random: TraceRandomness,
    traceFlags: number,
    traceState: TraceState | undefined,
  ) {
    super(traceFlags, traceState)
    this.#trace = trace
    this.#word2 = random.word2
    this.#word3 = random.word3
  }

  get trace(): TraceIdentity {
    this.#trace ??= newTraceIdentity({ word2: this.#word2, word3: this.#word3 })
    return this.#trace
  }

  get idWord0(): number {
    if (this.#idWord0 === 0) {
      this.#idWord0 = nonZeroWord()
      this.#idWord1 = randomWord()
    }
    return this.#idWord0
  }

  get idWord1(): number {
    // Both are drawn together.
    return this.idWord0 === 0 ? 0 : this.#idWord1
  }

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
