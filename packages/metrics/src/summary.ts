/**
 * Summaries: quantiles of what was observed lately, and the count and the sum of all that ever was.
 *
 * Invariant: each observation is counted once; quantiles keep to the accuracy that was asked for, and are NaN when
 * nothing was observed lately. Prometheus, "Histograms and summaries"; OpenMetrics 1.0, "Summary".
 */
import type { FamilyWriter, SummaryPoint } from './family-writer.ts'
import { type At, Instrument, type InstrumentParts, type Removable } from './instrument.ts'
import type { Room } from './room.ts'
import { bornMsOf, Series, type SeriesHome } from './series.ts'
import { type SlidingWindow, WindowClock } from './sliding-window.ts'
import { type SummaryShape, windowOf } from './summary-accuracy.ts'
import { type BoundTimed, joined, startTimer, type Timed, timed, unitMs } from './timed.ts'

/** One series of a summary, resolved once; recording through it allocates nothing. */
export interface BoundSummary extends BoundTimed {
  /** Records `v`, which must be finite; anything else is dropped and counted as `VALUE_INVALID`. */
  observe(v: number): void
}

/** Quantiles of what was observed lately. */
export interface Summary<L extends string = never> extends Removable<L>, Timed<L> {
  /** Records `v`, which must be finite; anything else is dropped and counted as `VALUE_INVALID`. */
  observe(v: number, ...at: At<L>): void
  /** The series of these labels, to be kept: it spares the look-up. Beyond the limit it is the overflow series. */
  series(...at: At<L>): BoundSummary
}

/** What it needs of a window of either accuracy. */
type AnyWindow = Pick<SlidingWindow<never>, 'add' | 'clear'> & {
  merged(): { quantiles(wanted: readonly number[]): number[] }
}

/** What all series of a summary share. */
interface SharedShape extends SummaryShape {
  readonly clock: WindowClock
  readonly unitMs: number
}

/** What a summary adds to what every series has. */
export class SummarySeries extends Series<SharedShape> implements BoundSummary {
  readonly #window: AnyWindow
  sum = 0
  count = 0

  constructor(home: SeriesHome<SharedShape>, values: readonly unknown[], labels: string) {
    super(home, values, labels)
    this.#window = windowOf(home.shape, home.shape.clock)
  }

  observe(v: number): void {
    if (this.isAwake) this.record(v)
    else this.home.awake<SummarySeries>(this).record(v)
  }

  startTimer(): () => number {
    return startTimer(this.home.room, this.home.shape.unitMs, (passed) => this.observe(passed))
  }

  time<T>(fn: () => T): T {
    return timed(fn, this.startTimer())
  }

  /** Records to a series that is awake. */
  record(v: number): boolean {
    // One test refuses NaN, the infinities, and a sum that would become one.
    if (typeof v !== 'number' || !Number.isFinite(this.sum + v)) {
      this.home.room.invalid()
      return false
    }
    this.sum += v
    this.count++
    this.#window.add(v)
    return true
  }

  /** What is exposed of it now. */
  point(): SummaryPoint {
    const { quantiles } = this.home.shape
    const values = this.#window.merged().quantiles(quantiles)
    return { quantiles, values, sum: this.sum, count: this.count }
  }

  clear(): void {
    this.sum = 0
    this.count = 0
    this.#window.clear()
  }
}

class OverflowSummarySeries extends SummarySeries {
  readonly #onFold: () => void

  constructor(home: SeriesHome<SharedShape>, values: readonly unknown[], labels: string, onFold: () => void) {
    super(home, values, labels)
    this.#onFold = onFold
  }

  override record(v: number): boolean {
    const kept = super.record(v)
    if (kept) this.#onFold()
    return kept
  }
}

/** Takes what is recorded with labels that cannot be read; the loss was counted when it was asked for. */
const NOWHERE: BoundSummary = {
  observe: () => undefined,
  startTimer: () => () => 0,
  time: (fn) => fn(),
}

/** The summary itself; the registry hands it out as `Summary<L>`, whose types know the labels. */
export class SummaryInstrument extends Instrument<SummarySeries, SharedShape> {
  constructor(parts: InstrumentParts, room: Room, shape: SummaryShape) {
    const clock = new WindowClock(room.clock, shape.maxAgeMs, shape.ageBuckets)
    super(parts, room, {
      shape: { ...shape, clock, unitMs: unitMs(parts.head.unit) },
      series: (home, values, labels) => new SummarySeries(home, values, labels),
      overflow: (home, values, labels, onFold) => new OverflowSummarySeries(home, values, labels, onFold),
    })
  }

  observe(v: number, labels?: unknown): void {
    this.at(labels)?.observe(v)
  }

  startTimer(labels?: unknown): (rest?: unknown) => number {
    return startTimer(this.room, this.table.shape.unitMs, (passed, rest?: unknown) =>
      this.observe(passed, joined(labels, rest)),
    )
  }

  time<T>(fn: () => T, labels?: unknown): T {
    return timed(fn, this.startTimer(labels))
  }

  series(labels?: unknown): BoundSummary {
    return this.at(labels) ?? NOWHERE
  }

  protected writeSeries(series: SummarySeries, writer: FamilyWriter): void {
    writer.summary(this.table.namesOf(series), series, series.point(), bornMsOf(series))
  }
}
