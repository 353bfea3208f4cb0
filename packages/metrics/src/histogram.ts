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
import { AWAKE, Series, type SeriesHome } from './series.ts'
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
  /** `undefined` has classic buckets alone. */
  readonly native: NativeShape | undefined
  readonly unitMs: number
}

/** Above this many bounds halving beats walking; a walk over the usual 14 costs less than the halving's branches. */
const WALK_AT_MOST = 48

/** What a histogram adds to what every series has. */
export class HistogramSeries extends Series implements BoundHistogram, HistogramPoint {
  readonly #shape: HistogramShape
  readonly bounds: Float64Array
  sum = 0
  /** Observations of each bucket alone, not added up; the last is above every bound. */
  readonly counts: number[]
  readonly native: NativeBuckets | undefined
  exemplars: (Exemplar | undefined)[] | undefined = undefined

  constructor(home: SeriesHome, values: readonly unknown[], labels: string, shape: HistogramShape) {
    super(home, values, labels)
    this.#shape = shape
    this.bounds = shape.bounds
    this.counts = new Array<number>(shape.bounds.length).fill(0)
    this.native = shape.native === undefined ? undefined : new NativeBuckets(shape.native)
  }

  observe(v: number, from?: SpanContext): void {
    if (this.idle === AWAKE) this.record(v, from)
    else this.home.awake<HistogramSeries>(this).record(v, from)
  }

  startTimer(): () => number {
    return startTimer(this.home.room, this.#shape.unitMs, (passed) => this.observe(passed))
  }

  time<T>(fn: () => T): T {
    return timed(fn, this.startTimer())
  }

  /** Records to a series that is awake. */
  record(v: number, from: SpanContext | undefined): boolean {
    const { room } = this.home
    // One test refuses NaN, the infinities, and a sum that would become one.
    if (typeof v !== 'number' || !Number.isFinite(this.sum + v)) {
      room.invalid()
      return false
    }
    const index = bucketOf(this.bounds, v)
    this.sum += v
    this.counts[index] = (this.counts[index] as number) + 1
    if (this.native !== undefined) this.native.add(v)
    const span = room.sampledSpan(from)
    if (span !== undefined) {
      this.exemplars ??= new Array<Exemplar | undefined>(this.counts.length).fill(undefined)
      this.exemplars[index] = keepExemplar(room, this.exemplars[index], span, v)
    }
    return true
  }

  clear(): void {
    this.sum = 0
    this.counts.fill(0)
    this.exemplars = undefined
    this.native?.clear()
  }
}

class OverflowHistogramSeries extends HistogramSeries {
  readonly #onFold: () => void

  constructor(
    home: SeriesHome,
    values: readonly unknown[],
    labels: string,
    shape: HistogramShape,
    onFold: () => void,
  ) {
    super(home, values, labels, shape)
    this.#onFold = onFold
  }

  override record(v: number, from: SpanContext | undefined): boolean {
    const kept = super.record(v, from)
    if (kept) this.#onFold()
    return kept
  }
}

/** Takes what is recorded with labels that cannot be read; the loss was counted when it was asked for. */
const NOWHERE: BoundHistogram = {
  observe: () => undefined,
  startTimer: () => () => 0,
  time: (fn) => fn(),
}

/** The histogram itself; the registry hands it out as `Histogram<L>`, whose types know the labels. */
export class HistogramInstrument extends Instrument<HistogramSeries> {
  /** What two definitions must share to be the same: bounds and native side. */
  readonly identity: string
  readonly #unitMs: number

  /** @param upperBounds without infinity; none where there are native buckets alone */
  constructor(
    parts: InstrumentParts,
    room: Room,
    upperBounds: readonly number[],
    native: NativeShape | undefined,
  ) {
    const bounds = Float64Array.of(...upperBounds, Number.POSITIVE_INFINITY)
    const shape: HistogramShape = { bounds, native, unitMs: unitMs(parts.head.unit) }
    super(parts, room, {
      series: (home, values, labels) => new HistogramSeries(home, values, labels, shape),
      overflow: (home, values, labels, onFold) =>
        new OverflowHistogramSeries(home, values, labels, shape, onFold),
    })
    this.identity = histogramIdentity(upperBounds, native)
    this.#unitMs = shape.unitMs
  }

  observe(v: number, labels?: unknown): void {
    this.at(labels)?.observe(v)
  }

  startTimer(labels?: unknown): (rest?: unknown) => number {
    return startTimer(this.room, this.#unitMs, (passed, rest?: unknown) =>
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
    writer.histogram(this.table.namesOf(series), series, series, this.room.wallMsOf(series.bornMs))
  }
}

/** Compares definitions. */
export function histogramIdentity(upperBounds: readonly number[], native: NativeShape | undefined): string {
  return JSON.stringify([upperBounds, native])
}

/** The first bucket whose bound is not below `v`; the last bound is infinity, so there always is one. */
function bucketOf(bounds: Float64Array, v: number): number {
  let low = 0
  if (bounds.length > WALK_AT_MOST) {
    let high = bounds.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (v > (bounds[middle] as number)) low = middle + 1
      else high = middle
    }
    return low
  }
  while (v > (bounds[low] as number)) low++
  return low
}
