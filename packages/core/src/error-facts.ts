/**
 * What telemetry says of something that was thrown, one answer for spans, series and lines. Anything can be thrown, also
 * by another realm or another copy of a library, and reading it may throw again: nothing here does.
 */

/**
 * `error.type`: a system error's code (`ECONNREFUSED`), else the class (`PaymentDeclined`), else `_OTHER`. A word of the
 * code's, never a message; at most 100 characters. Semantic conventions 1.45, "Errors".
 */
export function errorTypeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return OTHER_ERROR
  const code = textOf(thrown, 'code')
  if (code !== undefined && CODE.test(code)) return code
  const name = errorClassOf(thrown)
  return name !== undefined && name.length <= MAX_NAME ? name : OTHER_ERROR
}

/** The class of an error object, or the name it gives itself; the type of anything else. */
export function errorClassOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return thrown === undefined ? undefined : typeof thrown
  const name = textOf(thrown, 'name')
  if (name !== undefined && name !== 'Error') return name
  try {
    const constructed: unknown = thrown.constructor?.name
    return typeof constructed === 'string' && constructed !== '' ? constructed : name
  } catch {
    // A proxy, or a constructor behind a getter: the plain name is what is left.
    return name
  }
}

/** The message; anything that is no object is its own message. */
export function errorMessageOf(thrown: unknown): string | undefined {
  if (typeof thrown === 'object' && thrown !== null) return textOf(thrown, 'message')
  if (thrown === undefined) return undefined
  try {
    return String(thrown)
  } catch {
    // A function whose own `toString` throws, or a proxy of one.
    return undefined
  }
}

/** The stack of an error object. */
export function errorStackOf(thrown: unknown): string | undefined {
  return typeof thrown === 'object' && thrown !== null ? textOf(thrown, 'stack') : undefined
}

/** By the conventions, what stands where there is no better word. */
export const OTHER_ERROR = '_OTHER'

const CODE = /^[A-Z][A-Z0-9_]{1,63}$/
/** A longer name is made up by a program; class names of libraries end at about 60. */
const MAX_NAME = 100

function textOf(thrown: object, key: string): string | undefined {
  try {
    const value = (thrown as Record<string, unknown>)[key]
    return typeof value === 'string' && value !== '' ? value : undefined
  } catch {
    // The app's getter threw; there is nothing to say of this part.
    return undefined
  }
}
