/**
 * Paths of secrets, `user.ssn`, `items[*].card`, `*.iban`, as a tree that is walked along with a value.
 */
import { rejectOption } from './options.ts'

/** What is known of one place in a value: whether it is secret, and the paths that lead on from it. */
export interface PathNode {
  isSecret: boolean
  readonly next: Map<string, PathNode>
  /** For `*`, which stands for any key and any index. */
  any: PathNode | undefined
}

/** Paths leading on from one place; `*` makes more than one possible. */
export type Places = readonly PathNode[]

const SEGMENT = /\["((?:[^"\\]|\\.)*)"\]|\['((?:[^'\\]|\\.)*)'\]|\[(\*|\d+)\]|\.?([^.[\]]+)/y

/** Reads the paths. Throws `TRI_ERR_OPTION`. @returns `undefined` where there are none */
export function parsePaths(paths: readonly string[]): Places | undefined {
  if (paths.length === 0) return undefined
  const root = emptyNode()
  for (const path of paths) {
    let at = root
    for (const segment of segmentsOf(path)) at = segment === '*' ? wildcard(at) : child(at, segment)
    at.isSecret = true
  }
  return [root]
}

/** Where `key` leads from `places`. */
export function under(places: Places | undefined, key: string): Places | undefined {
  if (places === undefined) return undefined
  const found: PathNode[] = []
  for (const place of places) {
    const named = place.next.get(key)
    if (named !== undefined) found.push(named)
    if (place.any !== undefined) found.push(place.any)
  }
  return found.length === 0 ? undefined : found
}

/** Whether a path ends here. */
export function isSecretPlace(places: Places | undefined): boolean {
  return places?.some((place) => place.isSecret) === true
}

function segmentsOf(path: string): string[] {
  const segments: string[] = []
  SEGMENT.lastIndex = 0
  while (SEGMENT.lastIndex < path.length) {
    const match = SEGMENT.exec(path)
    if (match === null) break
    segments.push(match[1] ?? match[2] ?? match[3] ?? match[4] ?? '')
    if (SEGMENT.lastIndex === path.length) return segments
  }
  return rejectOption('redact.paths', 'paths such as user.ssn, items[*].card or headers["x-id"]', path)
}

function emptyNode(): PathNode {
  return { isSecret: false, next: new Map(), any: undefined }
}

function wildcard(node: PathNode): PathNode {
  node.any ??= emptyNode()
  return node.any
}

function child(node: PathNode, key: string): PathNode {
  const known = node.next.get(key)
  if (known !== undefined) return known
  const made = emptyNode()
  node.next.set(key, made)
  return made
}
