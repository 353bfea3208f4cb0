/**
 * The type of an error as a label.
 *
 * Invariant: bounded. An error's name is code's, not a client's, but nothing stops an app from making names up; after
 * so many different ones the rest is `_OTHER`.
 */

const MAX_TYPES = 100
const MAX_LENGTH = 64
/** The well-known value of `error.type` for everything that has no bounded name. */
const OTHER = '_OTHER'

/** A function that names the type of anything that can be thrown; it remembers the names it has given out. */
export function createErrorTypes(): (error: unknown) => string {
  const given = new Set<string>()
  return (error) => {
    const name = nameOf(error)
    if (given.has(name)) return name
    if (given.size >= MAX_TYPES) return OTHER
    given.add(name)
    return name
  }
}

function nameOf(error: unknown): string {
  try {
    if (typeof error !== 'object' || error === null) return typeof error
    const { name } = error as { name?: unknown }
    if (typeof name === 'string' && name !== '' && name.length <= MAX_LENGTH) return name
    const made = error.constructor?.name
    return typeof made === 'string' && made !== '' && made.length <= MAX_LENGTH ? made : OTHER
  } catch {
    // A getter or a proxy that throws: its type is not to be had.
    return OTHER
  }
}
