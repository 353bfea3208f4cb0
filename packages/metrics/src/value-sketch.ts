/**
 * A sketch whose quantiles are within a relative error of the exact ones, whatever the distribution.
 *
 * Values are counted by magnitude in {@link ExponentialBuckets}. Invariant: merging loses nothing, sketches of parts
 * merged are the sketch of the whole; the number of bins is bounded, and beyond it the smallest magnitudes share one.
 */
import { ExponentialBuckets, MAX_SCHEMA, MIN_SCHEMA, upperBound } from './exponential-buckets.ts'
import type { QuantileSketch } from './quantile-sketch.ts'

/**
 * Bins for each sign. At a relative error of 0.01 they reach over 32 octaves, from a microsecond to an hour, and take
 * 16 KB where all are used.
 */
const MAX_BINS = 2048

/** {@link ValueSketch}, to be sent to another process. */
export interface ValueSketchState {
  readonly schema: number
  readonly min: number
  readonly max: number
  readonly zeros: number
  readonly positive: { readonly start: number; readonly counts: readonly number[] }
  readonly negative: { readonly start: number; readonly counts: readonly number[] }
}

/** The coarsest schema whose buckets keep to the error; `undefined` when none is fine enough. */
export function schemaForError(relativeError: number): number | undefined {
  for (let schema = MIN_SCHEMA; schema <= MAX_SCHEMA; schema++) {
    const base = 2 ** (2 ** -schema)
    if ((base - 1) / (base + 1) <= relativeError) return schema
  }
  return undefined
}

/** One window of a summary, or several merged. */
export class ValueSketch implements QuantileSketch<ValueSketch> {
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY
  #zeros = 0
  readonly #positive: ExponentialBuckets
  readonly #negative: ExponentialBuckets
  readonly #schema: number

  constructor(schema: number) {
    this.#schema = schema
    this.#positive = new ExponentialBuckets(schema, MAX_BINS, 'collapse')
    this.#negative = new ExponentialBuckets(schema, MAX_BINS, 'collapse')
  }

  /** Bins in use, a measure of its memory. */
  get size(): number {
    return this.#positive.counts.length + this.#negative.counts.length
  }

  add(v: number): void {
    if (v < this.#min) this.#min = v
    if (v > this.#max) this.#max = v
    if (v > 0) this.#positive.add(v)
    else if (v < 0) this.#negative.add(-v)
    else this.#zeros++
  }

  merge(other: ValueSketch): void {
    this.#min = Math.min(this.#min, other.#min)
    this.#max = Math.max(this.#max, other.#max)
    this.#zeros += other.#zeros
    this.#positive.merge(other.#positive)
    this.#negative.merge(other.#negative)
  }

  quantiles(wanted: readonly number[]): number[] {
    const { counts: below, start: belowStart } = this.#negative
    const { counts: above, start: aboveStart } = this.#positive
    const total = sumOf(below) + this.#zeros + sumOf(above)
    return wanted.map((quantile) => {
      if (total === 0) return Number.NaN
      if (quantile === 0) return this.#min
      if (quantile === 1) return this.#max
      // The rank of the value, counted from 0: as of a sorted list of all that was observed.
      let rest = Math.floor(quantile * (total - 1))
      for (let i = below.length - 1; i >= 0; i--) {
        rest -= below[i] as number
        if (rest < 0) return this.#within(-this.#middle(belowStart + i))
      }
      rest -= this.#zeros
      if (rest < 0) return this.#within(0)
      for (const [i, count] of above.entries()) {
        rest -= count
        if (rest < 0) return this.#within(this.#middle(aboveStart + i))
      }
      return this.#max
    })
  }

  clear(): void {
    this.#min = Number.POSITIVE_INFINITY
    this.#max = Number.NEGATIVE_INFINITY
    this.#zeros = 0
    this.#positive.clear(this.#schema)
    this.#negative.clear(this.#schema)
  }

  /** What `fromState` makes the same sketch of; JSON keeps it, but for the infinities of an empty one. */
  toState(): ValueSketchState {
    const side = ({ start, counts }: ExponentialBuckets) => ({ start, counts: [...counts] })
    return {
      schema: this.#schema,
      min: this.#min,
      max: this.#max,
      zeros: this.#zeros,
      positive: side(this.#positive),
      negative: side(this.#negative),
    }
  }

  static fromState(state: ValueSketchState): ValueSketch {
    const sketch = new ValueSketch(state.schema)
    sketch.#min = state.min
    sketch.#max = state.max
    sketch.#zeros = state.zeros
    restore(sketch.#positive, state.positive)
    restore(sketch.#negative, state.negative)
    return sketch
  }

  /** The value that is the same relative distance from both bounds of a bucket. */
  #middle(index: number): number {
    const upper = upperBound(index, this.#schema)
    const lower = upperBound(index - 1, this.#schema)
    return upper === Number.POSITIVE_INFINITY ? lower : lower * (2 / (1 + lower / upper))
  }

  #within(value: number): number {
    return Math.min(Math.max(value, this.#min), this.#max)
  }
}

function sumOf(counts: readonly number[]): number {
  let sum = 0
  for (const count of counts) sum += count
  return sum
}

function restore(
  buckets: ExponentialBuckets,
  { start, counts }: { readonly start: number; readonly counts: readonly number[] },
): void {
  buckets.start = start
  buckets.counts = [...counts]
}
