// @ts-check
/**
 * The spans of one trace in the order a reader wants them: each below its parent, siblings by time.
 * Invariant: every span appears exactly once, whatever its parent: one that never arrived makes its child a root.
 */

/**
 * @typedef {import('./otlp-spans.js').ReceivedSpan} ReceivedSpan
 * @typedef {object} TreeRow
 * @property {ReceivedSpan} span
 * @property {boolean[]} branches one for each level below the root: whether a sibling follows there
 */

/**
 * The rows of a trace, depth first.
 * @param {readonly ReceivedSpan[]} spans of one trace
 * @returns {TreeRow[]}
 */
export function treeRows(spans) {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  /** @type {Map<string | undefined, ReceivedSpan[]>} */
  const children = new Map()
  for (const span of byId.values()) {
    const parent = hasRoot(span, byId) ? span.parentSpanId : undefined
    const siblings = children.get(parent)
    if (siblings === undefined) children.set(parent, [span])
    else siblings.push(span)
  }
  for (const siblings of children.values()) siblings.sort((a, b) => a.startMs - b.startMs)

  /** @type {TreeRow[]} */
  const rows = []
  /** @param {ReceivedSpan} span @param {boolean[]} branches */
  const visit = (span, branches) => {
    rows.push({ span, branches })
    const below = children.get(span.spanId) ?? []
    below.forEach((child, i) => {
      visit(child, [...branches, i < below.length - 1])
    })
  }
  for (const root of children.get(undefined) ?? []) visit(root, [])
  return rows
}

/**
 * Whether its parent is there, and the way up from it ends: spans that are each other's parents hang in the air.
 * @param {ReceivedSpan} span @param {ReadonlyMap<string, ReceivedSpan>} byId
 */
function hasRoot(span, byId) {
  const seen = new Set([span.spanId])
  let parent = span.parentSpanId
  if (parent === undefined || !byId.has(parent)) return false
  while (parent !== undefined && byId.has(parent)) {
    if (seen.has(parent)) return false
    seen.add(parent)
    parent = byId.get(parent)?.parentSpanId
  }
  return true
}
