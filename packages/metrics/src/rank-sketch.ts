/**
 * A sketch whose quantiles are within an error of rank: of all that was observed, the value that is returned for
 * quantile q has a place within (q ± error) of the whole.
 *
 * The way: "Effective Computation of Biased Quantiles over Data Streams" (Cormode, Korn, Muthukrishnan, Srivastava,
 * 2005), targeted quantiles. A sorted list of samples, each with the number of values it stands for and how uncertain
 * its rank is; neighbours are merged where the targets allow. Invariant: each sample's width and spread together stay
 * within the allowance at its rank, or it stands for a single value.
 */
import type { QuantileSketch } from './quantile-sketch.ts'

/** A quantile, and how far in rank the answer may be off. */
export interface Target {
  readonly quantile: number
  readonly error: number
}

/** {@link RankSketch}, to be sent to another process. */
export interface RankSketchState {
  readonly values: readonly number[]
  readonly widths: readonly number[]
  readonly spreads: readonly number[]
}

/** Observations that are sorted in at once: the engine's sort takes 40 ns for each, one insertion many times that. */
const BATCH = 512

/** One window of a summary, or several merged. */
export class RankSketch implements QuantileSketch<RankSketch> {
  readonly #targets: readonly Target[]
  readonly #batch = new Float64Array(BATCH)
  #batched = 0
  #total = 0
  #values: number[] = []
  /** How many values a sample stands for: those after the sample before it, up to itself. */
  #widths: number[] = []
  /** How much higher the rank of a sample may be than its widths say. */
  #spreads: number[] = []

  constructor(targets: readonly Target[]) {
    // The least and the greatest value are always kept, so 0 and 1 ask for nothing.
    this.#targets = targets.filter(({ quantile }) => quantile > 0 && quantile < 1)
  }

  /** Samples kept, a measure of its memory. */
  get size(): number {
    return this.#values.length + this.#batched
  }

  add(v: number): void {
    this.#batch[this.#batched++] = v
    if (this.#batched === BATCH) this.#flush()
  }

  merge(other: RankSketch): void {
    this.#flush()
    other.#flush()
    this.#mergeIn(other.#values, other.#widths, other.#spreads)
  }

  quantiles(wanted: readonly number[]): number[] {
    this.#flush()
    return wanted.map((quantile) => this.#quantile(quantile))
  }

  clear(): void {
    this.#batched = 0
    this.#total = 0
    this.#values = []
    this.#widths = []
    this.#spreads = []
  }

  /** What `fromState` makes the same sketch of; JSON keeps it. */
  toState(): RankSketchState {
    this.#flush()
    return { values: [...this.#values], widths: [...this.#widths], spreads: [...this.#spreads] }
  }

  static fromState(targets: readonly Target[], state: RankSketchState): RankSketch {
    const sketch = new RankSketch(targets)
    sketch.#mergeIn(state.values, state.widths, state.spreads)
    return sketch
  }

  #quantile(quantile: number): number {
    const values = this.#values
    if (values.length === 0) return Number.NaN
    // The first and the last sample are never merged away: they are the least and the greatest value.
    if (quantile === 0) return values[0] as number
    if (quantile === 1) return values[values.length - 1] as number
    const wanted = Math.ceil(quantile * this.#total)
    const most = wanted + this.#allowance(wanted) / 2
    let rank = 0
    for (let i = 1; i < values.length; i++) {
      rank += this.#widths[i - 1] as number
      if (rank + (this.#widths[i] as number) + (this.#spreads[i] as number) > most) {
        return values[i - 1] as number
      }
    }
    return values[values.length - 1] as number
  }

  /**
   * How much width and spread together a sample of this rank may have; the smallest that any target allows. It is half
   * of what the paper grants, because errors on both sides of a target add up when sketches are merged.
   */
  #allowance(rank: number): number {
    const total = this.#total
    let least = Number.POSITIVE_INFINITY
    for (const { quantile, error } of this.#targets) {
      const allowed =
        rank >= quantile * total ? (error * rank) / quantile : (error * (total - rank)) / (1 - quantile)
      if (allowed < least) least = allowed
    }
    return least
  }

  #flush(): void {
    const count = this.#batched
    if (count === 0) return
    this.#batched = 0
    const sorted = this.#batch.subarray(0, count).sort()
    this.#mergeIn(sorted, undefined, undefined)
  }

  /**
   * Puts two sorted lists together and merges neighbours. A sample that comes between two of the other list may rank as
   * high as what the next of those stands for, which adds to its spread.
   * @param widths `undefined` for values that stand for themselves
   */
  #mergeIn(
    values: ArrayLike<number>,
    widths: ArrayLike<number> | undefined,
    spreads: ArrayLike<number> | undefined,
  ): void {
    const mine = { values: this.#values, widths: this.#widths, spreads: this.#spreads }
    const outValues: number[] = []
    const outWidths: number[] = []
    const outSpreads: number[] = []
    let a = 0
    let b = 0
    let added = 0
    while (a < mine.values.length || b < values.length) {
      const takeMine =
        b >= values.length || (a < mine.values.length && (mine.values[a] as number) <= (values[b] as number))
      if (takeMine) {
        const beyond = b < values.length ? (widths?.[b] ?? 1) + (spreads?.[b] ?? 0) - 1 : 0
        outValues.push(mine.values[a] as number)
        outWidths.push(mine.widths[a] as number)
        // Before the first and after the last of the other list its rank is certain.
        outSpreads.push((mine.spreads[a] as number) + (b > 0 ? beyond : 0))
        a++
      } else {
        const beyond =
          a < mine.values.length ? (mine.widths[a] as number) + (mine.spreads[a] as number) - 1 : 0
        const width = widths?.[b] ?? 1
        outValues.push(values[b] as number)
        outWidths.push(width)
        outSpreads.push((spreads?.[b] ?? 0) + (a > 0 ? beyond : 0))
        added += width
        b++
      }
    }
    this.#total += added
    this.#values = outValues
    this.#widths = outWidths
    this.#spreads = outSpreads
    this.#compress()
  }

  /** From the top down: a sample goes into the one above it where the allowance is kept. The ends stay. */
  #compress(): void {
    const values = this.#values
    const widths = this.#widths
    const spreads = this.#spreads
    if (values.length < 3) return
    let above = values.length - 1
    let rank = this.#total - (widths[above] as number)
    // What is kept is moved to the end of the lists, and cut out at last.
    let kept = above
    for (let i = above - 1; i >= 1; i--) {
      const width = widths[i] as number
      rank -= width
      const joint = width + (widths[kept] as number)
      if (joint + (spreads[kept] as number) <= this.#allowance(rank)) {
        widths[kept] = joint
      } else {
        kept--
        values[kept] = values[i] as number
        widths[kept] = width
        spreads[kept] = spreads[i] as number
      }
    }
    above = kept - 1
    values[above] = values[0] as number
    widths[above] = widths[0] as number
    spreads[above] = spreads[0] as number
    values.splice(0, above)
    widths.splice(0, above)
    spreads.splice(0, above)
  }
}
