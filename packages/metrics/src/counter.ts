/**
 * Counters: totals that only rise.
 *
 * Invariant: the total is finite, starts at 0 and never falls. OpenMetrics 1.0, "Counter".
 */
import type { SpanContext } from '@opentelemetry/api'
import { type Exemplar, keepExemplar } from './exemplar.ts'
import type { FamilyWriter } from './family-writer.ts'
import { type At, Instrument, type InstrumentParts, type Removable } from './instrument.ts'
import type { Room } from './room.ts'
import { bornMsOf, Series, type SeriesHome } from './series.ts'

/** One series of a counter, resolved once; recording through it allocates nothing but a first exemplar. */
export interface BoundCounter {
  /** Adds 1. */
  inc(): void
  /**
   * Adds `n`, finite and not negative; anything else is dropped and counted as `VALUE_INVALID`.
   * @param from the span whose ids the exemplar takes; the active one where none is given
   */
  add(n: number, from?: SpanContext): void
}

/** A total that only rises. It is exposed as `<name>_total`. */
export interface Counter<L extends string = never> extends Removable<L> {
  /** Adds 1. */
  inc(...at: At<L>): void
  /** Adds `n`, finite and not negative; anything else is dropped and counted as `VALUE_INVALID`. */
  add(n: number, ...at: At<L>): void
  /** The series of these labels, to be kept: it spares the look-up. Beyond the limit it is the overflow series. */
  series(...at: At<L>): BoundCounter
}

/** What a counter adds to what every series has. */
export class CounterSeries extends Series<undefined> implements BoundCounter {
  value = 0
  exemplar: Exemplar | undefined = undefined

  inc(): void {
    this.add(1)
  }

  add(n: number, from?: SpanContext): void {
    if (this.isAwake) this.record(n, from)
    else this.home.awake<CounterSeries>(this).record(n, from)
  }

  /** Records to a series that is awake. */
  record(n: number, from: SpanContext | undefined): boolean {
    const { room } = this.home
    const value = typeof n === 'number' && n >= 0 ? this.value + n : Number.POSITIVE_INFINITY
    // Refuses what is no number, infinity, and a sum that would become it.
    if (!(value < Number.POSITIVE_INFINITY)) {
      room.invalid()
      return false
    }
    this.value = value
    const span = room.sampledSpan(from)
    if (span !== undefined) this.exemplar = keepExemplar(room, this.exemplar, span, n)
    return true
  }

  clear(): void {
    this.value = 0
    this.exemplar = undefined
  }
}

class OverflowCounterSeries extends CounterSeries {
  readonly #onFold: () => void

  constructor(home: SeriesHome<undefined>, values: readonly unknown[], labels: string, onFold: () => void) {
    super(home, values, labels)
    this.#onFold = onFold
  }

  override record(n: number, from: SpanContext | undefined): boolean {
    const kept = super.record(n, from)
    if (kept) this.#onFold()
    return kept
  }
}

/** Takes what is recorded with labels that cannot be read; the loss was counted when it was asked for. */
const NOWHERE: BoundCounter = { inc: () => undefined, add: () => undefined }

/** The counter itself; the registry hands it out as `Counter<L>`, whose types know the labels. */
export class CounterInstrument extends Instrument<CounterSeries, undefined> {
  constructor(parts: InstrumentParts, room: Room) {
    super(parts, room, {
      shape: undefined,
      series: (home, values, labels) => new CounterSeries(home, values, labels),
      overflow: (home, values, labels, onFold) => new OverflowCounterSeries(home, values, labels, onFold),
    })
  }

  inc(labels?: unknown): void {
    this.at(labels)?.add(1)
  }

  add(n: number, labels?: unknown): void {
    this.at(labels)?.add(n)
  }

  series(labels?: unknown): BoundCounter {
    return this.at(labels) ?? NOWHERE
  }

  protected writeSeries(series: CounterSeries, writer: FamilyWriter): void {
    writer.value(this.table.namesOf(series), series, series.value, series.exemplar, bornMsOf(series))
  }
}
