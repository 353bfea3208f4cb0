/**
 * Histograms: counts of observations up to each bound, and their sum; if asked, native buckets beside them.
 *
 * Invariant: the `+Inf` bucket equals `_count`, because only the buckets are counted and the rest is added up when
 * it is written; the sum stays finite. OpenMetrics 1.0, "Histogram".
 */
import type { SpanContext } from '@opentelemetry/api'
import { type Exemplar, keepExemplar } from './exemplar.ts'
import type { FamilyWriter, HistogramPoint } from './family-writer.ts'
import { type At, Instrument, type InstrumentParts, type Removable } from './instrument.ts'
import { NativeBuckets, type NativeShape } from './native-buckets.ts'
import type { Room } from './room.ts'
import { bornMsOf, Series, type SeriesHome } from './series.ts'
import { type BoundTimed, joined, startTimer, type Timed, timed, unitMs } from './timed.ts'

/** One series of a histogram, resolved once; recording through it allocates nothing but a bucket's first exemplar. */
export interface BoundHistogram extends BoundTimed {
  /**
   * Records `v`, which must be finite; anything else is dropped and counted as `VALUE_INVALID`.
   * @param from the span whose ids the exemplar takes; the active one where none is given
   */
  observe(v: number, from?: SpanContext): void
}

/** A distribution in buckets. */
export interface Histogram<L extends string = never> extends Removable<L>, Timed<L> {
  /** Records `v`, which must be finite; anything else is dropped and counted as `VALUE_INVALID`. */
  observe(v: number, ...at: At<L>): void
  /** The series of these labels, to be kept: it spares the look-up. Beyond the limit it is the overflow series. */
  series(...at: At<L>): BoundHistogram
}

/** What all series of a histogram share. */
export interface HistogramShape {
  /** Increasing; the last is infinity. A typed array is walked a third faster than a list. */
  readonly bounds: Float64Array
  readonly unitMs: number
}

/**
 * Halving goes on until so few bounds are left to be walked over: among 13 a bucket is found in 5.0 ns, where walking
 * over all took 6.7 and halving to the end 5.8.
 */
const WALK_AT_MOST = 8

/** What a histogram adds to what every series has. */
export class HistogramSeries extends Series<HistogramShape> implements BoundHistogram, HistogramPoint {
  /**
   * Observations of each bucket alone, not added up; the last bucket is above every bound. Behind them stands the sum:
   * in a field of its own it would be a number on the heap, 16 bytes for each series.
   */
  readonly counts: number[]
  exemplars: (Exemplar | undefined)[] | undefined = undefined

  constructor(home: SeriesHome<HistogramShape>, values: readonly unknown[], labels: string) {
    super(home, values, labels)
    // Half a one makes it a list of doubles from the start, which never changes its kind.
    this.counts = new Array<number>(home.shape.bounds.length + 1).fill(0.5).fill(0)
  }

  get bounds(): Float64Array {
    return this.home.shape.bounds
  }

  get sum(): number {
    return this.counts[this.bounds.length] as number
  }

  /** Of a histogram that has them. */
  get native(): NativeBuckets | undefined {
    return undefined
  }

  observe(v: number, from?: SpanContext): void {
    if (this.isAwake) this.record(v, from)
    else this.home.awake<HistogramSeries>(this).record(v, from)
  }

  startTimer(): () => number {
    return startTimer(this.home.room, this.home.shape.unitMs, (passed) => this.observe(passed))
  }

  time<T>(fn: () => T): T {
    return timed(fn, this.startTimer())
  }

  /** Records to a series that is awake. */
  record(v: number, from: SpanContext | undefined): boolean {
    const { room, shape } = this.home
    const { bounds } = shape
    const { counts } = this
    const sum = typeof v === 'number' ? (counts[bounds.length] as number) + v : Number.NaN
    // One test refuses NaN, the infinities, and a sum that would become one.
    if (!Number.isFinite(sum)) {
      room.invalid()
      return false
    }
    const index = bucketOf(bounds, v)
    counts[bounds.length] = sum
    counts[index] = (counts[index] as number) + 1
    const span = room.sampledSpan(from)
    if (span !== undefined) {
      this.exemplars ??= new Array<Exemplar | undefined>(bounds.length).fill(undefined)
      this.exemplars[index] = keepExemplar(room, this.exemplars[index], span, v)
    }
    return true
  }

  clear(): void {
    this.counts.fill(0)
    this.exemplars = undefined
  }
}

class NativeHistogramSeries extends HistogramSeries {
  readonly #native: NativeBuckets

  constructor(
    home: SeriesHome<HistogramShape>,
    values: readonly unknown[],
    labels: string,
    native: NativeShape,
  ) {
    super(home, values, labels)
    this.#native = new NativeBuckets(native)
  }

  override get native(): NativeBuckets {
    return this.#native
  }

  override record(v: number, from: SpanContext | undefined): boolean {
    const kept = super.record(v, from)
    if (kept) this.#native.add(v)
    return kept
  }

  override clear(): void {
    super.clear()
    this.#native.clear()
  }
}

/** Counts what is folded: `series` is of either kind, and recording to it is all that is added to. */
function folding(series: HistogramSeries, onFold: () => void): HistogramSeries {
  const record = series.record.bind(series)
  series.record = (v, from) => {
    const kept = record(v, from)
    if (kept) onFold()
    return kept
  }
  return series
}

/** Takes what is recorded with labels that cannot be read; the loss was counted when it was asked for. */
const NOWHERE: BoundHistogram = {
  observe: () => undefined,
  startTimer: () => () => 0,
  time: (fn) => fn(),
}

/** The histogram itself; the registry hands it out as `Histogram<L>`, whose types know the labels. */
export class HistogramInstrument extends Instrument<HistogramSeries, HistogramShape> {
  /** What two definitions must share to be the same: bounds and native side. */
  readonly identity: string

  /** @param upperBounds without infinity; none where there are native buckets alone */
  constructor(
    parts: InstrumentParts,
    room: Room,
    upperBounds: readonly number[],
    native: NativeShape | undefined,
  ) {
    const bounds = Float64Array.of(...upperBounds, Number.POSITIVE_INFINITY)
    const shape: HistogramShape = { bounds, unitMs: unitMs(parts.head.unit) }
    const make = (
      home: SeriesHome<HistogramShape>,
      values: readonly unknown[],
      labels: string,
    ): HistogramSeries =>
      native === undefined
        ? new HistogramSeries(home, values, labels)
        : new NativeHistogramSeries(home, values, labels, native)
    super(parts, room, {
      shape,
      series: make,
      overflow: (home, values, labels, onFold) => folding(make(home, values, labels), onFold),
    })
    this.identity = histogramIdentity(upperBounds, native)
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

  series(labels?: unknown): BoundHistogram {
    return this.at(labels) ?? NOWHERE
  }

  protected writeSeries(series: HistogramSeries, writer: FamilyWriter): void {
    writer.histogram(this.table.namesOf(series), series, series, bornMsOf(series))
  }
}

/** Compares definitions. */
export function histogramIdentity(upperBounds: readonly number[], native: NativeShape | undefined): string {
  return JSON.stringify([upperBounds, native])
}

/** The first bucket whose bound is not below `v`; the last bound is infinity, so there always is one. */
function bucketOf(bounds: Float64Array, v: number): number {
  let low = 0
  let high = bounds.length - 1
  while (high - low > WALK_AT_MOST) {
    const middle = (low + high) >> 1
    if (v > (bounds[middle] as number)) low = middle + 1
    else high = middle
  }
  while (v > (bounds[low] as number)) low++
  return low
}
