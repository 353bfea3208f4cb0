/**
 * Counts by magnitude: bucket `i` holds what is above base^(i-1) and at most base^i, where base is 2^(2^-schema).
 * Native histograms and the sketches of summaries both stand on it. Prometheus, "Native Histograms".
 *
 * Invariant: an observation is counted in exactly one bucket, and the list is never longer than its limit.
 */

/** The finest resolution, for sketches; native histograms go to 8. */
export const MAX_SCHEMA = 9
/** The coarsest that native histograms know: base 65536. */
export const MIN_SCHEMA = -4

/** Buckets of an octave, from 2^n to 2^(n+1), in the finest schema. */
const PER_OCTAVE = 2 ** MAX_SCHEMA
const TOP_BITS = 20 - MAX_SCHEMA

/** Upper bounds within the octave from 1 to 2; the first is 1 itself. */
const BOUNDS = Float64Array.from({ length: PER_OCTAVE + 1 }, (_, k) => 2 ** (k / PER_OCTAVE))
/** The first bound to compare with, by the leading bits of the fraction; it is at most two below the right one. */
const FIRST = Uint16Array.from({ length: PER_OCTAVE }, (_, top) => {
  const least = 1 + top / PER_OCTAVE
  return BOUNDS.findIndex((bound) => least <= bound)
})

const double = new Float64Array(1)
const halves = new Uint32Array(double.buffer)
/** Where the half with sign, exponent and leading bits lies. */
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0

/** Below it a double has no exponent of its own. */
const LEAST_NORMAL = 2 ** -1022

/** Bucket of `v`, finite and above 0, in the finest schema. Arithmetic on the bits takes 3 ns, a logarithm 11. */
export function finestIndex(v: number): number {
  // Not by calling itself: what does is never inlined, and a number that is handed to a call is put on the heap.
  const isSmall = v < LEAST_NORMAL
  double[0] = isSmall ? v * 2 ** 52 : v
  const high = halves[HIGH] as number
  halves[HIGH] = (high & 0xfffff) | 0x3ff00000
  const fraction = double[0] as number
  let k = FIRST[(high & 0xfffff) >> TOP_BITS] as number
  while (fraction > (BOUNDS[k] as number)) k++
  return ((high >>> 20) - (isSmall ? 1023 + 52 : 1023)) * PER_OCTAVE + k
}

/** The bucket that holds bucket `index` in a schema coarser by `steps`. */
export function coarser(index: number, steps: number): number {
  return ((index - 1) >> steps) + 1
}

/** Upper bound of a bucket; infinity where it is beyond the largest double. */
export function upperBound(index: number, schema: number): number {
  if (schema < 0) return 2 ** (index * 2 ** -schema)
  const perOctave = 2 ** schema
  const octave = Math.floor(index / perOctave)
  return 2 ** octave * (BOUNDS[(index - octave * perOctave) << (MAX_SCHEMA - schema)] as number)
}

/** What happens when a value lies so far from the others that the list would become too long. */
export type WhenFull = 'coarsen' | 'collapse'

/** The buckets of values of one sign. */
export class ExponentialBuckets {
  /** Resolution: each step less merges pairs. */
  schema: number
  /** The bucket that `counts[0]` is. */
  start = 0
  counts: number[] = []
  readonly #maxBuckets: number
  readonly #whenFull: WhenFull
  #shift: number

  /**
   * @param schema {@link MIN_SCHEMA} to {@link MAX_SCHEMA}
   * @param whenFull `coarsen` merges pairs until all fits; `collapse` counts the smallest values in the lowest bucket
   *   that fits, which leaves the upper quantiles as exact as they were
   */
  constructor(schema: number, maxBuckets: number, whenFull: WhenFull) {
    this.schema = schema
    this.#shift = MAX_SCHEMA - schema
    this.#maxBuckets = maxBuckets
    this.#whenFull = whenFull
  }

  /** Counts `v`, finite and above 0. */
  add(v: number): void {
    const index = coarser(finestIndex(v), this.#shift)
    const at = index - this.start
    if (at >= 0 && at < this.counts.length) this.counts[at] = (this.counts[at] as number) + 1
    else this.#addOutside(index, 1)
  }

  /** Counts what the other counted; it may be of another resolution, and is left as it is. */
  merge(other: ExponentialBuckets): void {
    if (other.schema < this.schema) this.coarsenTo(other.schema)
    for (const [i, count] of other.counts.entries()) {
      // Asked for each: counting may coarsen this one further.
      if (count > 0) this.#count(coarser(other.start + i, other.schema - this.schema), count)
    }
  }

  /** Merges pairs until the resolution is `schema`. */
  coarsenTo(schema: number): void {
    const steps = this.schema - schema
    if (steps <= 0) return
    const start = coarser(this.start, steps)
    const counts: number[] = []
    for (const [i, count] of this.counts.entries()) {
      const at = coarser(this.start + i, steps) - start
      while (counts.length <= at) counts.push(0)
      counts[at] = (counts[at] as number) + count
    }
    this.start = start
    this.counts = counts
    this.schema = schema
    this.#shift = MAX_SCHEMA - schema
  }

  /** Forgets everything. @param schema the resolution from now on */
  clear(schema: number): void {
    this.start = 0
    this.counts = []
    this.schema = schema
    this.#shift = MAX_SCHEMA - schema
  }

  #addOutside(index: number, count: number): void {
    if (this.counts.length === 0) {
      this.start = index
      this.counts = [count]
      return
    }
    const low = Math.min(index, this.start)
    const high = Math.max(index, this.start + this.counts.length - 1)
    const needed = high - low + 1
    if (needed > this.#maxBuckets) {
      if (this.#whenFull === 'coarsen' && this.schema > MIN_SCHEMA) {
        this.coarsenTo(this.schema - 1)
        this.#count(coarser(index, 1), count)
        return
      }
      this.#collapseBelow(high - this.#maxBuckets + 1)
      this.#count(Math.max(index, high - this.#maxBuckets + 1), count)
      return
    }
    if (this.start > low) this.#growDown(this.start - low)
    while (this.counts.length < needed) this.counts.push(0)
    this.counts[index - low] = (this.counts[index - low] as number) + count
  }

  #count(index: number, count: number): void {
    const at = index - this.start
    if (at >= 0 && at < this.counts.length) this.counts[at] = (this.counts[at] as number) + count
    else this.#addOutside(index, count)
  }

  #growDown(by: number): void {
    this.counts = [...new Array<number>(by).fill(0), ...this.counts]
    this.start -= by
  }

  #collapseBelow(lowest: number): void {
    if (lowest <= this.start) return
    const gone = this.counts.splice(0, lowest - this.start)
    const sum = gone.reduce((total, count) => total + count, 0)
    if (this.counts.length === 0) this.counts.push(0)
    this.counts[0] = (this.counts[0] as number) + sum
    this.start = lowest
  }
}
