/**
 * What an exposition consists of, whatever its format: families, and in them the points of series.
 *
 * Instruments and sources say what there is; the writers in `text-format.ts` and `protobuf-format.ts` know how it looks.
 */
import type { ShownExemplar } from './exemplar.ts'
import type { FamilyHead } from './family.ts'
import type { NativeBuckets } from './native-buckets.ts'

/** The labels of a point, as a series has them. */
export interface PointLabels {
  /** One for each label name; those without a text are left out. */
  readonly values: readonly unknown[]
  /** Names and values as they stand in the text formats, one character for each byte. */
  readonly labels: string
}

/** The state of a histogram. */
export interface HistogramPoint {
  /** Upper bounds that increase; the last is infinity. The same object for all points of an instrument. */
  readonly bounds: ArrayLike<number>
  /** Observations of each bucket alone; what comes behind them is not theirs. */
  readonly counts: readonly number[]
  readonly sum: number | undefined
  readonly exemplars: readonly (ShownExemplar | undefined)[] | undefined
  readonly native: NativeBuckets | undefined
}

/** The state of a summary. */
export interface SummaryPoint {
  readonly quantiles: readonly number[]
  /** One for each quantile. */
  readonly values: readonly number[]
  readonly sum: number | undefined
  readonly count: number | undefined
}

/** Writes families in one format; what it was given it does not keep. */
export interface FamilyWriter {
  /** Bytes written since `take`. */
  readonly length: number
  /** Begins a family; the points that follow are its. */
  begin(head: FamilyHead): void
  /**
   * A point of a type without parts: counter, gauge, info, unknown.
   * @param names of the labels, in the order of the values
   * @param bornMs when the series began, as `Room.ageMs`; a small integer, where a time of day would be a number on the
   *   heap for each series
   */
  value(
    names: readonly string[],
    at: PointLabels,
    value: number,
    exemplar: ShownExemplar | undefined,
    bornMs: number | undefined,
  ): void
  histogram(
    names: readonly string[],
    at: PointLabels,
    point: HistogramPoint,
    bornMs: number | undefined,
  ): void
  summary(names: readonly string[], at: PointLabels, point: SummaryPoint, bornMs: number | undefined): void
  /** A copy of what was written since the last call, for the reader to keep. */
  take(): Uint8Array
}
