/** What every instrument of one registry shares. */
import type { SpanContext } from '@opentelemetry/api'
import { activeSpanContext, type Clock, type Diagnostics } from '@triscope/core'

/** W3C Trace Context §3.2.2.5.1: the `sampled` flag. */
const SAMPLED = 1

/** The registry's means; one object, so that what changes in it changes for all instruments at once. */
export class Room {
  diagnostics: Diagnostics
  readonly clock: Clock
  exemplars: boolean
  /** For instruments that name no limit of their own. */
  maxSeries: number
  /** For all instruments together; `undefined` follows `maxSeries`. */
  ownTotalLimit: number | undefined
  /** Label sets of all instruments. Invariant: who adds a series to a table or takes one away counts it here. */
  totalSeries = 0
  /** The wall clock when the room was made: what ages are counted from. */
  readonly #startWallMs: number
  readonly #startMs: number
  /** Milliseconds this registry kept the event loop busy to collect and render, in all. */
  busyMs = 0

  constructor(
    diagnostics: Diagnostics,
    clock: Clock,
    exemplars: boolean,
    maxSeries: number,
    ownTotalLimit: number | undefined,
  ) {
    this.diagnostics = diagnostics
    this.clock = clock
    this.exemplars = exemplars
    this.maxSeries = maxSeries
    this.ownTotalLimit = ownTotalLimit
    this.#startWallMs = clock.wallMs()
    this.#startMs = clock.monotonicMs()
  }

  /** Ten instruments at their limit: what exploded in one place must not cost the others. */
  get maxTotalSeries(): number {
    return this.ownTotalLimit ?? this.maxSeries * 10
  }

  /** Whether no instrument may have a further label set. */
  get isFull(): boolean {
    return this.totalSeries >= this.maxTotalSeries
  }

  /** Whole milliseconds since the room was made. */
  ageMs(): number {
    return Math.round(this.clock.monotonicMs() - this.#startMs)
  }

  /** The time of day of an age, the same at each scrape: a created timestamp that moved would be a reset. */
  wallMsOf(ageMs: number): number {
    return this.#startWallMs + ageMs
  }

  /** Counts a recording that could not be kept. */
  invalid(): void {
    this.diagnostics.dropped('metrics', 'VALUE_INVALID')
  }

  /** The span an exemplar is to name: `from`, else the active one; `undefined` unless it is sampled. */
  sampledSpan(from: SpanContext | undefined): SpanContext | undefined {
    if (!this.exemplars) return undefined
    try {
      const span = from ?? activeSpanContext()
      return span !== undefined && (span.traceFlags & SAMPLED) !== 0 ? span : undefined
    } catch {
      // A span of somebody else's making that cannot be read: the observation is kept, the exemplar is counted.
      this.diagnostics.dropped('metrics', 'EXEMPLAR_INVALID')
      return undefined
    }
  }
}
