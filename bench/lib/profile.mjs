/** Reads V8's CPU profiles: which functions took the time, themselves and with all they called. */

/** Time in which nothing of the app ran. */
const IDLE = new Set(['(idle)', '(program)', '(root)'])

/**
 * What is charged to each function: `self`, its own time, and `total`, that and the time of what it called, as shares of
 * all time that was not idle. What V8 put into its caller is charged to the caller.
 * @returns `{ where, self, total }` for each function, the most self time first; `where` is its name, its file after
 * `node_modules`, and its line
 */
export function chargedTimes({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parentOf = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])))
  const charged = new Map()
  let whole = 0
  for (let index = 0; index < samples.length; index++) {
    const leaf = byId.get(samples[index])
    const delta = timeDeltas[index]
    if (IDLE.has(leaf.callFrame.functionName) || delta <= 0) continue
    whole += delta
    const seen = new Set()
    for (let node = leaf; node !== undefined; node = byId.get(parentOf.get(node.id))) {
      const where = describe(node.callFrame)
      if (IDLE.has(where) || seen.has(where)) continue
      // Recursion counts once.
      seen.add(where)
      const times = charged.get(where) ?? { where, self: 0, total: 0 }
      charged.set(where, times)
      times.total += delta
      if (node === leaf) times.self += delta
    }
  }
  return [...charged.values()]
    .map(({ where, self, total }) => ({ where, self: self / whole, total: total / whole }))
    .sort((a, b) => b.self - a.self)
}

/** Self time by package, the most first; natives and the collector stand under their own names. */
export function selfByPackage(charged) {
  const shares = new Map()
  for (const { where, self } of charged) {
    const owner = packageOf(where)
    shares.set(owner, (shares.get(owner) ?? 0) + self)
  }
  return [...shares].map(([owner, self]) => ({ owner, self })).sort((a, b) => b.self - a.self)
}

function packageOf(where) {
  const [name, file] = where.split('  ')
  if (file === undefined) return name
  if (file.startsWith('node:')) return 'node'
  return /^(@[^/]+\/[^/]+|[^/]+)/.exec(file)?.[0] ?? 'the bench'
}

function describe({ functionName, url, lineNumber }) {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const inside = url.lastIndexOf('node_modules/')
  const file = inside < 0 ? url.replace(/^file:\/\//, '') : url.slice(inside + 'node_modules/'.length)
  return `${name}  ${file}:${lineNumber + 1}`
}
