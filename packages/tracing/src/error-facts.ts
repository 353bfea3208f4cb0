/**
 * What telemetry says of something that was thrown. Anything can be thrown, and reading it may throw again.
 */
import { ATTRIBUTE } from './semconv.ts'

/** Attributes of the `exception` event: semantic conventions 1.45, "Exceptions". Empty where nothing can be read. */
export function exceptionAttributes(thrown: unknown): Record<string, string> {
  const attributes: Record<string, string> = {}
  if (typeof thrown === 'object' && thrown !== null) {
    const type = typeName(thrown)
    const message = textOf(thrown, 'message')
    const stack = textOf(thrown, 'stack')
    if (type !== undefined) attributes[ATTRIBUTE.exceptionType] = type
    if (message !== undefined) attributes[ATTRIBUTE.exceptionMessage] = message
    if (stack !== undefined) attributes[ATTRIBUTE.exceptionStacktrace] = stack
  } else if (thrown !== undefined) {
    attributes[ATTRIBUTE.exceptionType] = typeof thrown
    attributes[ATTRIBUTE.exceptionMessage] = String(thrown)
  }
  return attributes
}

/** `error.type`: a system error's code (`ECONNREFUSED`), else the class; a bounded set of words, never a message. */
export function errorTypeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return OTHER_ERROR
  const code = textOf(thrown, 'code')
  if (code !== undefined && CODE.test(code)) return code
  const name = typeName(thrown)
  return name !== undefined && name.length <= MAX_NAME ? name : OTHER_ERROR
}

/** The message for a span's status. */
export function errorMessageOf(thrown: unknown): string | undefined {
  if (typeof thrown === 'object' && thrown !== null) return textOf(thrown, 'message')
  return thrown === undefined ? undefined : String(thrown)
}

/** By the conventions, what stands where there is no better word. */
const OTHER_ERROR = '_OTHER'
const CODE = /^[A-Z][A-Z0-9_]{1,63}$/
const MAX_NAME = 100

function typeName(thrown: object): string | undefined {
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

function textOf(thrown: object, key: string): string | undefined {
  try {
    const value = (thrown as Record<string, unknown>)[key]
    return typeof value === 'string' && value !== '' ? value : undefined
  } catch {
    // The app's getter threw; there is nothing to say of this part.
    return undefined
  }
}
