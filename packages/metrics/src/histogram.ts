/**
 * Classic histograms: counts of observations up to each bound, and their sum.
 *
 * Invariant: the `+Inf` bucket equals `_count`, because only the buckets are counted and the rest is added up when
 * it is written; the sum stays finite. OpenMetrics 1.0, "Histogram".
 */
import type { SpanContext } from '@opentelemetry/api'
import { bucketSuffixes } from './buckets.ts'
import { type Exemplar, exemplarText, keepExemplar } from './exemplar.ts'
import type { FamilyHead, Format } from './family.ts'
import { type At, Instrument } from './instrument.ts'
import type { Room } from './room.ts'
import { Series } from './series-table.ts'
import type { TextWriter } from './text-writer.ts'

/** One series of a histogram, resolved once; recording through it allocates nothing but a bucket's first exemplar. */
export interface BoundHistogram {
  /**
   * Records `v`, which must be finite; anything else is dropped and counted as `VALUE_INVALID`.
   * @param from the span whose ids the exemplar takes; the active one where none is given
   */
  observe(v: number, from?: SpanContext): void
}

/** A distribution in buckets. */
export interface Histogram<L extends string = never> {
  /** Records `v`, which must be finite; anything else is dropped and counted as `VALUE_INVALID`. */
  observe(v: number, ...at: At<L>): void
  /** The series of these labels, to be kept: it spares the look-up. Beyond the limit it is the overflow series. */
  series(...at: At<L>): BoundHistogram
}

/** Above this many bounds halving beats walking; a walk over the usual 14 costs less than the halving's branches. */
const WALK_AT_MOST = 48

/** What a histogram adds to what every series has. */
export class HistogramSeries extends Series implements BoundHistogram {
  readonly #room: Room
  readonly #bounds: readonly number[]
  sum = 0
  /** Observations of each bucket alone, not added up; the last is above every bound. */
  readonly counts: number[]
  exemplars: (Exemplar | undefined)[] | undefined = undefined

  constructor(room: Room, bounds: readonly number[], values: readonly unknown[], labels: string) {
    super(values, labels)
    this.#room = room
    this.#bounds = bounds
    this.counts = new Array<number>(bounds.length).fill(0)
  }

  observe(v: number, from?: SpanContext): void {
    this.record(v, from)
  }

  /** Whether the observation was kept. */
  protected record(v: number, from: SpanContext | undefined): boolean {
    const room = this.#room
    // One test refuses NaN, the infinities, and a sum that would become one.
    if (typeof v !== 'number' || !Number.isFinite(this.sum + v)) {
      room.invalid()
      return false
    }
    const index = bucketOf(this.#bounds, v)
    this.sum += v
    this.counts[index] = (this.counts[index] as number) + 1
    const span = room.sampledSpan(from)
    if (span !== undefined) {
      this.exemplars ??= new Array<Exemplar | undefined>(this.counts.length).fill(undefined)
      this.exemplars[index] = keepExemplar(room, this.exemplars[index], span, v)
    }
    return true
  }
}

class OverflowHistogramSeries extends HistogramSeries {
  readonly #onFold: () => void

  constructor(room: Room, bounds: readonly number[], labels: string, onFold: () => void) {
    super(room, bounds, [], labels)
    this.#onFold = onFold
  }

  override observe(v: number, from?: SpanContext): void {
    if (this.record(v, from)) this.#onFold()
  }
}

/** Takes what is recorded with labels that cannot be read; the loss was counted when it was asked for. */
const NOWHERE: BoundHistogram = { observe: () => undefined }

/** The histogram itself; the registry hands it out as `Histogram<L>`, whose types know the labels. */
export class HistogramInstrument extends Instrument<HistogramSeries> {
  /** As they were given, without infinity. */
  readonly upperBounds: readonly number[]
  readonly #suffixes: Readonly<Record<Format, readonly string[]>>
  readonly #names: { bucket: string; sum: string; count: string }

  constructor(
    head: FamilyHead,
    labelNames: readonly string[],
    maxSeries: number | undefined,
    room: Room,
    upperBounds: readonly number[],
  ) {
    const bounds = [...upperBounds, Number.POSITIVE_INFINITY]
    super(head, labelNames, maxSeries, room, {
      series: (values, labels) => new HistogramSeries(room, bounds, values, labels),
      overflow: (labels, onFold) => new OverflowHistogramSeries(room, bounds, labels, onFold),
    })
    this.upperBounds = upperBounds
    this.#suffixes = {
      text: bucketSuffixes(upperBounds, 'text'),
      openmetrics: bucketSuffixes(upperBounds, 'openmetrics'),
    }
    this.#names = { bucket: `${head.base}_bucket{`, sum: `${head.base}_sum`, count: `${head.base}_count` }
  }

  observe(v: number, labels?: unknown): void {
    this.at(labels)?.observe(v)
  }

  series(labels?: unknown): BoundHistogram {
    return this.at(labels) ?? NOWHERE
  }

  protected writeSeries(series: HistogramSeries, writer: TextWriter, format: Format): void {
    const suffixes = this.#suffixes[format]
    const { counts, exemplars, labels, sum } = series
    let total = 0
    for (let i = 0; i < counts.length; i++) {
      total += counts[i] as number
      writer.text(this.#names.bucket)
      if (labels !== '') {
        writer.text(labels)
        writer.text(',')
      }
      writer.text(suffixes[i] as string)
      writer.number(total)
      const exemplar = format === 'openmetrics' ? exemplars?.[i] : undefined
      if (exemplar !== undefined) writer.text(exemplarText(exemplar))
      writer.endLine()
    }
    // OpenMetrics 1.0, "Histogram": a sum that can fall is no counter and must be left out, and the count with it.
    if (format === 'openmetrics' && (sum < 0 || (this.upperBounds[0] as number) < 0)) return
    writer.text(this.#names.sum)
    writer.labels(labels)
    writer.number(sum)
    writer.endLine()
    writer.text(this.#names.count)
    writer.labels(labels)
    writer.number(total)
    writer.endLine()
  }
}

/** The first bucket whose bound is not below `v`; the last bound is infinity, so there always is one. */
function bucketOf(bounds: readonly number[], v: number): number {
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
