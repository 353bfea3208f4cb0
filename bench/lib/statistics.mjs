/** The statistics of the bench: medians, their noise, percentiles, and orders in which rounds are run. */

/** The middle of `values`, the mean of the two middle ones where their count is even; NaN of nothing. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The median absolute deviation: how far a typical round is from the median. Outliers hardly move it. */
export function deviation(values) {
  const middle = median(values)
  return median(values.map((value) => Math.abs(value - middle)))
}

/** The value below which `share` (0 to 1) of `sorted` lies; nearest rank. `sorted` increases. */
export function percentile(sorted, share) {
  if (sorted.length === 0) return Number.NaN
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]
}

/** `{ median, deviation, rounds }` of one figure over all rounds. */
export function summary(values) {
  return { median: median(values), deviation: deviation(values), rounds: values.length }
}

/**
 * The ratios of two figures, round by round: both saw the same machine in a round, so what disturbed it cancels out.
 * Rounds in which either is missing, or the divisor is not positive, are left out.
 */
export function ratios(ours, theirs) {
  const found = []
  for (let round = 0; round < Math.min(ours.length, theirs.length); round++) {
    const ratio = ours[round] / theirs[round]
    if (theirs[round] > 0 && Number.isFinite(ratio)) found.push(ratio)
  }
  return found
}

/** `list` begun at another member each round, so that none is always the first or always after the same one. */
export function rotated(list, round) {
  const start = round % Math.max(1, list.length)
  return [...list.slice(start), ...list.slice(0, start)]
}
