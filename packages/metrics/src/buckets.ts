/** Upper bounds of classic histograms: checked once, written once. */
import { TriscopeError } from '@triscope/core'
import type { Format } from './family.ts'
import { canonicalFloat, numberText } from './number-text.ts'

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

/** `le="0.1"} ` for each bound and for infinity, so that a scrape need not write a number twice. */
export function bucketSuffixes(bounds: readonly number[], format: Format): readonly string[] {
  const write = format === 'openmetrics' ? canonicalFloat : numberText
  return [...bounds, Number.POSITIVE_INFINITY].map((bound) => `le="${write(bound)}"} `)
}

function refuse(owner: string, rule: string): never {
  throw new TriscopeError('TRI_ERR_METRIC_BUCKETS', `${owner}: ${rule}`)
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'an empty list'
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value)
}
