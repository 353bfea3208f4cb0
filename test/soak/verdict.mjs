/** What a soak must hold. */

const MIB = 1_048_576
/** Below this much growth a short run cannot tell a leak from the shape of the heap. */
const SHORT_RUN_MIB = 2
const MAX_SLOPE_MIB = 1

/** Least squares over what was held after each cycle, the first left out. */
export function slopePerTenMinutes(samples) {
  const points = samples.slice(1).map(({ atMs, heapBytes }) => [atMs / 600_000, heapBytes / MIB])
  const mean = (index) => points.reduce((sum, point) => sum + point[index], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  const across = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
  return across === 0 ? 0 : points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / across
}

/** Faults in words; none is a pass. */
export function judge({ samples, account, delivered, load, rate, minutes }) {
  const faults = []
  const [, first] = samples
  const last = samples.at(-1)
  const slope = slopePerTenMinutes(samples)
  const grownMib = (last.heapBytes - first.heapBytes) / MIB
  if (minutes >= 10 ? slope > MAX_SLOPE_MIB : grownMib > SHORT_RUN_MIB) {
    faults.push(`the heap grew by ${grownMib.toFixed(2)} MiB, ${slope.toFixed(2)} MiB per 10 minutes`)
  }
  if (last.resources > first.resources)
    faults.push(`handles grew from ${first.resources} to ${last.resources}`)
  if (last.descriptors > first.descriptors + 2) {
    faults.push(`descriptors grew from ${first.descriptors} to ${last.descriptors}`)
  }
  if (account.made !== delivered + account.counted) {
    faults.push(`made ${account.made} is not delivered ${delivered} + counted ${account.counted}`)
  }
  if (load.failed > 0) faults.push(`${load.failed} requests failed`)
  const reached = load.sent / (load.ranMs / 1_000)
  if (reached < rate * 0.9) faults.push(`only ${reached.toFixed(0)} of ${rate} requests a second were sent`)
  return faults
}
