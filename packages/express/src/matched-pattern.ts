/**
 * Which entry of a route's path matched, where it is an array: asked of what the router itself asks.
 *
 * Invariant: the answer is one of the app's own patterns.
 */
import type { Layer, PathPattern, Route } from './mount-template.ts'

/** What a router of Express keeps on a request, as far as it is needed to match it. */
interface Matched {
  readonly url?: string | undefined
}

/** @param layer of the route, or another of the same router */
export function matchedPattern(route: Route, layer: Layer, req: Matched): PathPattern {
  const { path } = route
  if (!Array.isArray(path)) return path as PathPattern
  let entries = entriesOf.get(route)
  if (entries === undefined) {
    entries = entriesFor(path.flat(Number.POSITIVE_INFINITY) as PathPattern[], route, layer)
    entriesOf.set(route, entries)
  }
  const pathname = pathnameOf(req.url ?? '')
  const found = entries.find(({ match }) => match(pathname)) ?? entries[0]
  return found?.pattern ?? ''
}

interface Entry {
  readonly pattern: PathPattern
  match(path: string): unknown
}

const entriesOf = new WeakMap<Route, readonly Entry[]>()

/** The route's own matchers, where the router keeps one for each entry; else layers of the router's class. */
function entriesFor(patterns: readonly PathPattern[], route: Route, layer: Layer): Entry[] {
  const { matchers, regexp } = layer
  if (layer.route === route && matchers?.length === patterns.length) {
    return patterns.map((pattern, i) => ({ pattern, match: (path) => matchers[i]?.(path) }))
  }
  const LayerOf = layer.constructor as new (path: PathPattern, options: object, fn: () => void) => Entry
  const options = { sensitive: regexp?.ignoreCase === false, strict: false, end: true }
  return patterns.map((pattern) => {
    // Express 4 joins the entries to one expression, with the flags of the router.
    const joined = regexp !== undefined && pattern instanceof RegExp
    const alone = new LayerOf(joined ? new RegExp(pattern.source, regexp.flags) : pattern, options, () => {})
    return { pattern, match: (path) => alone.match(path) }
  })
}

/** The path that a router matches: the target of a request may have a scheme and a host. */
export function pathnameOf(url: string): string {
  const path = url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
  const end = path.search(/[?#]/)
  return (end < 0 ? path : path.slice(0, end)) || '/'
}
