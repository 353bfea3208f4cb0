/**
 * Patterns for names, paths and header values: `*` stands for any characters, and `:name`, in a route, for one part of a
 * path.
 *
 * Invariant: no regular expression and no deep backtracking: a text that a stranger sent costs at most its length, which
 * is cut, times that of the pattern.
 */

/** A longer path or header value is compared by its beginning. */
const MAX_TEXT = 1_024

/** A piece of text, any characters, or a part of a path. */
type Piece = string | typeof ANY | typeof PART
const ANY = Symbol('*')
const PART = Symbol(':')

/** Makes the question whether a text fits the pattern. */
export function textPattern(pattern: string): (text: string) => boolean {
  return matcher(pattern.split(/(\*+)/).flatMap(pieceOf))
}

/** As `textPattern`, for a route: `/users/:id`, `/health*`. */
export function routePattern(pattern: string): (path: string) => boolean {
  return matcher(pattern.split(/(\*+|(?<=\/):[^/]+)/).flatMap(pieceOf))
}

function pieceOf(text: string): Piece[] {
  if (text === '') return []
  return [text.startsWith('*') ? ANY : text.startsWith(':') ? PART : text]
}

function matcher(pieces: readonly Piece[]): (text: string) => boolean {
  const only = pieces[0]
  if (pieces.length === 1 && typeof only === 'string') return (text) => text === only
  return (text) => fits(text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text, pieces)
}

/** Greedy, with one place to come back to: behind a later `*`, an earlier one needs to stretch no further. */
function fits(text: string, pieces: readonly Piece[]): boolean {
  let at = 0
  let next = 0
  let star = -1
  let starAt = 0
  for (;;) {
    const piece = pieces[next]
    if (piece === ANY) {
      star = next++
      starAt = at
      continue
    }
    const end = piece === undefined ? (at === text.length ? at : -1) : endOf(text, at, piece)
    if (end >= 0) {
      if (piece === undefined) return true
      at = end
      next++
    } else {
      if (star < 0 || starAt >= text.length) return false
      at = ++starAt
      next = star + 1
    }
  }
}

/** Where the piece ends that begins at `at`; -1 where it does not stand there. */
function endOf(text: string, at: number, piece: string | typeof PART): number {
  if (piece !== PART) return text.startsWith(piece, at) ? at + piece.length : -1
  const slash = text.indexOf('/', at)
  const end = slash < 0 ? text.length : slash
  return end > at ? end : -1
}
