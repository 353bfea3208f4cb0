// @ts-check
/** Quantiles from cumulative histogram buckets, computed as Prometheus' `histogram_quantile` does for classic ones. */

/** @typedef {{ upperBound: number, count: number }} Bucket cumulative: observations at or below the bound */

/**
 * The value below which the share `q` of the observations lies, interpolated within its bucket. `NaN` when nothing was
 * observed; the highest finite bound when it lies beyond it, as nothing more is known.
 * @param {number} q 0 to 1
 * @param {readonly Bucket[]} buckets in any order, with one for `+Inf`
 */
export function quantile(q, buckets) {
  const sorted = [...buckets].sort((a, b) => a.upperBound - b.upperBound)
  const total = sorted.at(-1)
  if (total === undefined || total.upperBound !== Number.POSITIVE_INFINITY || total.count === 0)
    return Number.NaN
  const rank = q * total.count
  const at = sorted.findIndex(({ count }) => count >= rank)
  const bucket = sorted[at]
  if (bucket === undefined) return Number.NaN
  const below = sorted[at - 1]
  if (bucket.upperBound === Number.POSITIVE_INFINITY) return below?.upperBound ?? Number.NaN
  const lowerBound = below?.upperBound ?? Math.min(0, bucket.upperBound)
  const inside = bucket.count - (below?.count ?? 0)
  if (inside === 0) return bucket.upperBound
  return lowerBound + ((bucket.upperBound - lowerBound) * (rank - (below?.count ?? 0))) / inside
}

/**
 * The buckets of several series, added up. Series of one histogram have the same bounds.
 * @param {Iterable<Bucket>} buckets
 * @returns {Bucket[]}
 */
export function addUp(buckets) {
  /** @type {Map<number, number>} */
  const counts = new Map()
  for (const { upperBound, count } of buckets) counts.set(upperBound, (counts.get(upperBound) ?? 0) + count)
  return [...counts].map(([upperBound, count]) => ({ upperBound, count }))
}
