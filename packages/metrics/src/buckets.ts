/** Upper bounds of classic histograms: checked once, written once. */
import { TriscopeError } from '@triscope/core'

/** More would cost a scrape more lines than a reader can use; it is mostly a generator gone wrong. */
const MAX_BUCKETS = 300

/** Seconds. Semantic conventions 1.45, `http.server.request.duration`. */
export const DEFAULT_BUCKETS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]

/** Throws `TRI_ERR_METRIC_BUCKETS` naming the first bound at fault; returns a copy. */
export function checkBuckets(owner: string, given: unknown): readonly number[] {
  if (!Array.isArray(given) || given.length === 0) {
    return refuse(owner, `buckets must be a list of at least one number, got ${shown(given)}`)
  }
  if (given.length > MAX_BUCKETS) {
    return refuse(owner, `buckets must be at most ${MAX_BUCKETS}, got ${given.length}`)
  }
  const bounds: number[] = []
  for (const [index, bound] of (given as readonly unknown[]).entries()) {
    if (bound === Number.POSITIVE_INFINITY) {
      return refuse(owner, `bucket ${index + 1} is Infinity, which is always added; leave it out`)
    }
    if (typeof bound !== 'number' || !Number.isFinite(bound)) {
      return refuse(owner, `buckets must be finite numbers, but bucket ${index + 1} is ${shown(bound)}`)
    }
    const before = bounds.at(-1)
    if (before !== undefined && bound <= before) {
      return refuse(
        owner,
        `buckets must increase, but bucket ${index + 1} (${bound}) is not above bucket ${index} (${before})`,
      )
    }
    bounds.push(bound)
  }
  return bounds
}

/**
 * `count` upper bounds, each `width` above the one before: `linearBuckets(10, 5, 3)` is 10, 15, 20.
 * Throws `TRI_ERR_METRIC_BUCKETS`.
 * @param width above 0
 * @param count 1 to 300
 */
export function linearBuckets(start: number, width: number, count: number): number[] {
  return generate('linearBuckets', count, (index) => start + width * index)
}

/**
 * `count` upper bounds, each `factor` times the one before: `exponentialBuckets(1, 2, 4)` is 1, 2, 4, 8.
 * Throws `TRI_ERR_METRIC_BUCKETS`.
 * @param start above 0
 * @param factor above 1
 * @param count 1 to 300
 */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  return generate('exponentialBuckets', count, (index) => start * factor ** index)
}

function generate(owner: string, count: number, bound: (index: number) => number): number[] {
  if (!(Number.isSafeInteger(count) && count >= 1 && count <= MAX_BUCKETS)) {
    return refuse(owner, `count must be a whole number from 1 to ${MAX_BUCKETS}, got ${shown(count)}`)
  }
  // Fifteen digits are what a double keeps of a decimal fraction: 0.1 and two steps of 0.1 are 0.3.
  const bounds = Array.from({ length: count }, (_, index) => Number(bound(index).toPrecision(15)))
  return [...checkBuckets(owner, bounds)]
}

function refuse(owner: string, rule: string): never {
  throw new TriscopeError('TRI_ERR_METRIC_BUCKETS', `${owner}: ${rule}`)
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'an empty list'
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value)
}
