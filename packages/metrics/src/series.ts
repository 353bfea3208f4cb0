/** What every kind of series has: its labels, its age, and the way back when it was let go. */
import type { Room } from './room.ts'

/** Where a series lives: its instrument's table. */
export interface SeriesHome<T> {
  readonly room: Room
  /** What all series of the instrument share. */
  readonly shape: T
  /** Whole milliseconds since the room was made. */
  ageMs(): number
  /** The series that takes what is recorded to `series`: itself, or the one that took its place. */
  awake<S extends Series<T>>(series: S): S
}

/** {@link Series.bornMs} of a series that was removed or has expired. */
export const GONE: number = -1

/**
 * One series of an instrument.
 *
 * Invariant: a handle that outlives its series loses nothing. Recording first looks at `isAwake`; where it is not, what
 * is recorded goes to the series that {@link SeriesHome.awake} returns.
 */
export abstract class Series<T> {
  protected readonly home: SeriesHome<T>
  /** As the caller gave them, in the order of the label names. */
  readonly values: readonly unknown[]
  /**
   * `a="x",b="y"`, escaped, labels without a value left out; each character stands for one byte of UTF-8, so that a
   * scrape copies it without encoding.
   */
  readonly labels: string
  /**
   * When it began, as {@link SeriesHome.ageMs}; below 0 when it is not awake: -2 less that, or {@link GONE}. One small
   * integer takes 8 bytes where a time of day takes 24.
   */
  bornMs: number

  constructor(home: SeriesHome<T>, values: readonly unknown[], labels: string) {
    this.home = home
    this.values = values
    this.labels = labels
    this.bornMs = home.ageMs()
  }

  /** Whether it is recorded to without further ado. */
  get isAwake(): boolean {
    return this.bornMs >= 0
  }

  /** Back to nothing recorded. */
  abstract clear(): void
}

/** When it began, whether it is awake or not. */
export function bornMsOf({ bornMs }: { readonly bornMs: number }): number {
  return bornMs >= 0 ? bornMs : -2 - bornMs
}
