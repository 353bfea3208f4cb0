/** What every kind of series has: its labels, its age, and the way back when it was let go. */
import type { Room } from './room.ts'

/** Where a series lives: its instrument's table. */
export interface SeriesHome {
  readonly room: Room
  /** Whole milliseconds since the room was made. */
  ageMs(): number
  /** The series that takes what is recorded to `series`: itself, or the one that took its place. */
  awake<S extends Series>(series: S): S
}

/** {@link Series.idle} of a series that is recorded to without further ado. */
export const AWAKE = 0
/** {@link Series.idle} of a series that was removed or has expired. */
export const GONE = -1

/**
 * One series of an instrument.
 *
 * Invariant: a handle that outlives its series loses nothing. Recording first looks at `idle`; where that is not
 * {@link AWAKE}, what is recorded goes to the series that {@link SeriesHome.awake} returns.
 */
export abstract class Series {
  protected readonly home: SeriesHome
  /** As the caller gave them, in the order of the label names. */
  readonly values: readonly unknown[]
  /**
   * `a="x",b="y"`, escaped, labels without a value left out; each character stands for one byte of UTF-8, so that a
   * scrape copies it without encoding.
   */
  readonly labels: string
  /** When it began, as {@link SeriesHome.ageMs}: a small integer takes 8 bytes where a time of day takes 24. */
  bornMs: number
  /** {@link AWAKE}, {@link GONE}, or when a sweep first found it without a new recording. */
  idle: number = AWAKE

  constructor(home: SeriesHome, values: readonly unknown[], labels: string) {
    this.home = home
    this.values = values
    this.labels = labels
    this.bornMs = home.ageMs()
  }

  /** Back to nothing recorded. */
  abstract clear(): void
}
