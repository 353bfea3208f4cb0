/** Reads V8's CPU profiles: which functions took the time themselves. */

/**
 * Self time by function over a whole profile, the most first. Idle time is left out of the whole; what inlining put
 * into another function is counted there.
 * @returns `{ share, where }`, `where` being the function, its file after `node_modules`, and its line
 */
export function selfTimes({ nodes, samples, timeDeltas }, limit) {
  const whereOf = new Map()
  for (const { id, callFrame } of nodes) whereOf.set(id, describe(callFrame))
  const times = new Map()
  let whole = 0
  for (let index = 0; index < samples.length; index++) {
    const where = whereOf.get(samples[index])
    const delta = timeDeltas[index]
    if (where === '(idle)' || where === '(program)' || delta <= 0) continue
    whole += delta
    times.set(where, (times.get(where) ?? 0) + delta)
  }
  return [...times]
    .map(([where, time]) => ({ share: time / whole, where }))
    .sort((a, b) => b.share - a.share)
    .slice(0, limit)
}

function describe({ functionName, url, lineNumber }) {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const file = url.slice(url.lastIndexOf('node_modules/') + 1).replace(/^ode_modules\//, '')
  return `${name}  ${file.replace(/^file:\/\//, '')}:${lineNumber + 1}`
}
