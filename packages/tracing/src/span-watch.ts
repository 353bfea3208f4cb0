/**
 * Finds, in development, two faults that show in no single span: one that is never ended, and one that began a trace of
 * its own because its context was lost on the way.
 *
 * Invariant: it holds at most 1 000 spans, names each span name once and at most 100 of them, and is not there at all
 * unless it was asked for.
 */
import { type Clock, type Diagnostics, rejectOption, rejectUnknownKeys, type Timer } from '@triscope/core'
import { callPlace } from './call-place.ts'
import { textOf } from './span-record.ts'

export interface DetectOptions {
  /** Milliseconds after which a span that has not ended is named, 1 or more. @default 60000 */
  unendedAfterMs?: number
}

/** The part of a span that is looked at. */
interface WatchedSpan {
  readonly name: string
  readonly kind: number
}

interface Started {
  readonly atMs: number
  /** Its stack is made into text only where it is shown. */
  readonly stack: Error
}

const MAX_SPANS = 1_000
const MAX_NAMES = 100
const DEFAULT_MS = 60_000
/** `SpanKind.SERVER`. */
const SERVER = 1

export class SpanWatch {
  readonly #unendedAfterMs: number
  readonly #clock: Clock
  readonly #diagnostics: Diagnostics
  readonly #open = new Map<WatchedSpan, Started>()
  readonly #namedOpen = new Set<string>()
  readonly #namedLost = new Set<string>()
  #requests = 0
  #timer: Timer | undefined

  constructor(unendedAfterMs: number, clock: Clock, diagnostics: Diagnostics) {
    this.#unendedAfterMs = unendedAfterMs
    this.#clock = clock
    this.#diagnostics = diagnostics
  }

  /** A span that records has begun. */
  started(span: WatchedSpan): void {
    if (span.kind === SERVER) this.#requests++
    if (this.#open.size >= MAX_SPANS || this.#namedOpen.has(span.name)) return
    this.#open.set(span, { atMs: this.#clock.monotonicMs(), stack: new Error('started') })
    this.#timer ??= this.#clock.timer(this.#unendedAfterMs, () => this.#look())
  }

  ended(span: WatchedSpan): void {
    if (span.kind === SERVER) this.#requests--
    this.#open.delete(span)
    if (this.#open.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** A span without a parent has begun where no context is active at all, and was not asked to be a root. */
  detached(name: unknown, kind: number): void {
    if (this.#requests === 0 || kind === SERVER || this.#namedLost.size >= MAX_NAMES) return
    const text = textOf(name)
    if (this.#namedLost.has(text)) return
    this.#namedLost.add(text)
    const requests = this.#requests === 1 ? 'a request was' : `${this.#requests} requests were`
    this.#diagnostics.warn(
      'TRI_WARN_CONTEXT_LOST',
      `span "${text}" began a trace of its own at ${callPlace(new Error('here'))} while ${requests} in flight: a callback before it lost the context, which AsyncResource.bind() around that callback keeps; a job of its own may say so by { root: true }`,
    )
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#open.clear()
  }

  /** The oldest stand first. */
  #look(): void {
    this.#timer = undefined
    const nowMs = this.#clock.monotonicMs()
    for (const [span, { atMs, stack }] of this.#open) {
      const leftMs = atMs + this.#unendedAfterMs - nowMs
      if (leftMs > 0) {
        this.#timer = this.#clock.timer(leftMs, () => this.#look())
        return
      }
      this.#open.delete(span)
      this.#name(span, stack)
    }
  }

  #name({ name }: WatchedSpan, stack: Error): void {
    if (this.#namedOpen.size >= MAX_NAMES || this.#namedOpen.has(name)) return
    this.#namedOpen.add(name)
    this.#diagnostics.warn(
      'TRI_WARN_SPAN_OPEN',
      `span "${name}", started at ${callPlace(stack)}, has not ended after ${this.#unendedAfterMs / 1_000} s: end it in a finally, or let span() end it; until then it is exported to nobody`,
    )
  }
}

/** `undefined` where nothing is to be watched. Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function resolveWatch(
  option: boolean | DetectOptions | undefined,
  clock: Clock,
  diagnostics: Diagnostics,
): SpanWatch | undefined {
  if (option === undefined || option === false) return undefined
  if (option === true) return new SpanWatch(DEFAULT_MS, clock, diagnostics)
  if (typeof option !== 'object' || option === null) {
    return rejectOption('tracing.detect', 'true, false or { unendedAfterMs }', option)
  }
  rejectUnknownKeys('tracing.detect', option, ['unendedAfterMs'])
  const { unendedAfterMs = DEFAULT_MS } = option
  if (!(Number.isFinite(unendedAfterMs) && unendedAfterMs >= 1)) {
    rejectOption('tracing.detect.unendedAfterMs', 'milliseconds, 1 or more', unendedAfterMs)
  }
  return new SpanWatch(unendedAfterMs, clock, diagnostics)
}
