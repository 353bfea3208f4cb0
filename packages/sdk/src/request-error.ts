/**
 * The type of an error as a label.
 *
 * Invariant: bounded. An error's name is code's, not a client's, but nothing stops an app from making names up; after
 * so many different ones the rest is `_OTHER`.
 */
import { errorTypeOf, OTHER_ERROR } from '@triscope/core'

/** More kinds of error than a service has, and few enough for every dashboard. */
const MAX_TYPES = 100

/** A function that names the type of anything that can be thrown; it remembers the names it has given out. */
export function createErrorTypes(): (error: unknown) => string {
  const given = new Set<string>()
  return (error) => {
    const name = errorTypeOf(error)
    if (given.has(name)) return name
    if (given.size >= MAX_TYPES) return OTHER_ERROR
    given.add(name)
    return name
  }
}
