/**
 * The native side of a histogram: exponential buckets for both signs, and one for zero.
 * Prometheus, "Native Histograms"; the limit works as OpenTelemetry's "Base2 Exponential Bucket Histogram" does.
 */
import { rejectOption, rejectUnknownKeys } from '@triscope/core'
import { ExponentialBuckets, MIN_SCHEMA } from './exponential-buckets.ts'

/** How a histogram's native side is made. */
export interface NativeOptions {
  /**
   * Resolution to begin with, -4 (each bucket 65536 times the one before) to 8 (1.0027 times). A quantile is at most
   * half a bucket off.
   * @default what `growthFactor` says
   */
  schema?: number
  /**
   * The most that one bucket's bound may be above the one before, above 1; the coarsest schema that keeps to it is
   * taken.
   * @default 1.1, which is schema 3
   */
  growthFactor?: number
  /**
   * Buckets for each sign, from the smallest value to the largest, 10 or more. Where values lie so far apart that more
   * would be needed, neighbours are merged and the resolution halves, as often as necessary.
   * @default 160
   */
  maxBuckets?: number
  /**
   * Values up to here, on either side of 0, are counted as 0.
   * @default 2^-128
   */
  zeroThreshold?: number
}

/** {@link NativeOptions}, resolved. */
export interface NativeShape {
  readonly schema: number
  readonly maxBuckets: number
  readonly zeroThreshold: number
}

/** Native histograms have no finer one. */
const MAX_NATIVE_SCHEMA = 8
/** A list with more is a mistake: a thousand of them are more than a scrape can carry. */
const MAX_NATIVE_BUCKETS = 1000

const defaults = { growthFactor: 1.1, maxBuckets: 160, zeroThreshold: 2 ** -128 } as const

/** Throws `TRI_ERR_OPTION` naming the field. */
export function checkNative(owner: string, given: unknown): NativeShape | undefined {
  if (given === undefined || given === false) return undefined
  const path = `${owner}.native`
  const options = given === true ? {} : (given as NativeOptions)
  if (typeof options !== 'object' || options === null) {
    return rejectOption(path, 'true, false, or an object', given)
  }
  rejectUnknownKeys(path, options, ['schema', 'growthFactor', 'maxBuckets', 'zeroThreshold'])
  const { maxBuckets = defaults.maxBuckets, zeroThreshold = defaults.zeroThreshold } = options
  if (!(Number.isSafeInteger(maxBuckets) && maxBuckets >= 10 && maxBuckets <= MAX_NATIVE_BUCKETS)) {
    rejectOption(`${path}.maxBuckets`, `a whole number from 10 to ${MAX_NATIVE_BUCKETS}`, maxBuckets)
  }
  if (!(typeof zeroThreshold === 'number' && zeroThreshold >= 0 && zeroThreshold < Infinity)) {
    rejectOption(`${path}.zeroThreshold`, 'a number of 0 or more', zeroThreshold)
  }
  return { schema: schemaOf(path, options), maxBuckets, zeroThreshold }
}

/** One per series. */
export class NativeBuckets {
  readonly zeroThreshold: number
  zeroCount = 0
  readonly positive: ExponentialBuckets
  readonly negative: ExponentialBuckets
  readonly #schema: number

  constructor({ schema, maxBuckets, zeroThreshold }: NativeShape) {
    this.#schema = schema
    this.zeroThreshold = zeroThreshold
    this.positive = new ExponentialBuckets(schema, maxBuckets, 'coarsen')
    this.negative = new ExponentialBuckets(schema, maxBuckets, 'coarsen')
  }

  /** The resolution of both signs. */
  get schema(): number {
    return this.positive.schema
  }

  /** Counts `v`, which must be finite. */
  add(v: number): void {
    const { negative, positive, zeroThreshold } = this
    if (v > zeroThreshold) {
      positive.add(v)
      if (positive.schema < negative.schema) negative.coarsenTo(positive.schema)
    } else if (v < -zeroThreshold) {
      negative.add(-v)
      if (negative.schema < positive.schema) positive.coarsenTo(negative.schema)
    } else {
      this.zeroCount++
    }
  }

  /** Forgets everything; the resolution is the first one again. */
  clear(): void {
    this.zeroCount = 0
    this.positive.clear(this.#schema)
    this.negative.clear(this.#schema)
  }
}

/** The buckets of one sign as the protocol counts them. */
export interface Spans {
  /** Pairs of offset and length: how many empty buckets come before, and how many follow that are told. */
  readonly spans: readonly (readonly [offset: number, length: number])[]
  /** Each bucket's count less that of the one before it. */
  readonly deltas: readonly number[]
}

/** A span costs some five bytes, an empty bucket one: so short a gap is told as empty buckets. */
const GAP_TOLD = 2

/** Prometheus, "Native Histograms", "Spans" and "Delta encoding". */
export function toSpans({ start, counts }: ExponentialBuckets): Spans {
  const spans: [number, number][] = []
  const deltas: number[] = []
  let before = 0
  /** The bucket after the last one told; the first offset is counted from bucket 0. */
  let next = 0
  for (const [i, count] of counts.entries()) {
    if (count === 0) continue
    const index = start + i
    const last = spans.at(-1)
    if (last !== undefined && index - next <= GAP_TOLD) {
      for (; next < index; next++) {
        last[1]++
        deltas.push(-before)
        before = 0
      }
      last[1]++
    } else {
      spans.push([index - next, 1])
    }
    deltas.push(count - before)
    before = count
    next = index + 1
  }
  return { spans, deltas }
}

function schemaOf(path: string, { schema, growthFactor = defaults.growthFactor }: NativeOptions): number {
  if (schema !== undefined) {
    if (Number.isInteger(schema) && schema >= MIN_SCHEMA && schema <= MAX_NATIVE_SCHEMA) return schema
    return rejectOption(`${path}.schema`, `a whole number from ${MIN_SCHEMA} to ${MAX_NATIVE_SCHEMA}`, schema)
  }
  if (!(typeof growthFactor === 'number' && growthFactor > 1)) {
    return rejectOption(`${path}.growthFactor`, 'a number above 1', growthFactor)
  }
  for (let found = MIN_SCHEMA; found < MAX_NATIVE_SCHEMA; found++) {
    if (2 ** (2 ** -found) <= growthFactor) return found
  }
  return MAX_NATIVE_SCHEMA
}
