/** Checks that options are what they are called: an option that is misspelt must not be ignored in silence. */
import { TriscopeError } from './errors.ts'

/**
 * Throws `TRI_ERR_UNKNOWN_OPTION`, with the nearest known name, when `given` has a key that is not in `known`.
 * @param path where the object stands in the options, `''` at the top
 */
export function rejectUnknownKeys(path: string, given: object, known: readonly string[]): void {
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue
    const full = path === '' ? key : `${path}.${key}`
    const near = nearest(key, known)
    const hint = near === undefined ? `known here: ${known.join(', ')}` : `did you mean "${near}"?`
    throw new TriscopeError('TRI_ERR_UNKNOWN_OPTION', `unknown option "${full}"`, { path: full, hint })
  }
}

/** Throws `TRI_ERR_OPTION`; `expected` completes the sentence "expected …". */
export function rejectOption(path: string, expected: string, received: unknown, hint?: string): never {
  throw new TriscopeError('TRI_ERR_OPTION', `${path}: expected ${expected}, got ${shown(received)}`, {
    path,
    ...(hint === undefined ? {} : { hint }),
  })
}

/** The known name that is at most a third of its length away from `word`, or `undefined`. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    // What is much longer or shorter is not near; a word of a megabyte is not compared at all.
    if (Math.abs(word.length - candidate.length) > farthest(candidate)) continue
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best !== undefined && bestDistance <= farthest(best) ? best : undefined
}

function farthest(candidate: string): number {
  return Math.max(2, Math.floor(candidate.length / 3))
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}

/** Optimal string alignment: a swap of two neighbours counts as one edit, because that is how fingers slip. */
function editDistance(a: string, b: string): number {
  const width = b.length + 1
  const rows = new Uint16Array((a.length + 1) * width)
  const at = (i: number, j: number): number => rows[i * width + j] ?? 0
  for (let i = 0; i <= a.length; i++) rows[i * width] = i
  for (let j = 0; j <= b.length; j++) rows[j] = j
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(i - 2, j - 2) + 1)
      }
      rows[i * width + j] = cost
    }
  }
  return at(a.length, b.length)
}
