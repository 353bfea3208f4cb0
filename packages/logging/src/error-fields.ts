/**
 * An error as fields, in pino's standard form: `type`, `message` and `stack` with the chain of causes, `aggregateErrors`,
 * and what else the error carries.
 *
 * Invariant: bounded in depth, in number and in text, also where errors name each other in a circle, and the error is left
 * as it is. Within the limits it is what pino writes, so that a logger of the app and ours say the same.
 */
import { messageOf } from '@triscope/core'

/** Causes that are followed; the tenth of a chain helps nobody. */
const MAX_CAUSES = 10
/** Errors of one aggregate. */
const MAX_AGGREGATED = 20
/** Errors in errors, and all of them together. */
const MAX_DEPTH = 5
const MAX_ERRORS = 50
/** Characters of all stacks and messages together; those beyond are left out. */
const MAX_TEXT = 65_536

/** Anything that is no error is returned as it is, as a plain object where it is one. Never throws. */
export function serializeError(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  try {
    // A plain copy, because the redaction policy looks into plain objects only.
    return isErrorLike(value) ? new ErrorFields().of(value, 0) : { ...value }
  } catch {
    // With a getter that throws: what identifies it is read field by field.
    return { type: readText(value, 'name'), message: messageOf(value), stack: readText(value, 'stack') }
  }
}

interface ErrorLike {
  readonly message: string
  readonly stack?: unknown
  readonly cause?: unknown
  readonly errors?: unknown
}

/** All that is said of one error and those in it. */
class ErrorFields {
  readonly #open = new Set<object>()
  #errors = 0
  #room = MAX_TEXT

  of(error: ErrorLike, depth: number): Record<string, unknown> {
    this.#open.add(error)
    this.#errors++
    const fields: Record<string, unknown> = {
      type: typeOf(error),
      message: this.#text(messages(error)),
      stack: this.#text(stacks(error)),
    }
    const { errors } = error
    if (Array.isArray(errors)) fields['aggregateErrors'] = this.#aggregated(errors, depth)
    for (const key in error) {
      if (fields[key] !== undefined || key === 'raw') continue
      const value = (error as unknown as Record<string, unknown>)[key]
      if (!isErrorLike(value)) define(fields, key, value)
      else if (key !== 'cause' && !this.#open.has(value) && this.#hasRoom(depth))
        define(fields, key, this.of(value, depth + 1))
    }
    this.#open.delete(error)
    return fields
  }

  #aggregated(errors: readonly unknown[], depth: number): unknown[] {
    const shown: unknown[] = []
    for (const one of errors) {
      if (shown.length >= MAX_AGGREGATED || !this.#hasRoom(depth)) {
        shown.push(`… ${errors.length - shown.length} more`)
        break
      }
      if (!isErrorLike(one)) shown.push(one)
      else shown.push(this.#open.has(one) ? CIRCULAR : this.of(one, depth + 1))
    }
    return shown
  }

  #hasRoom(depth: number): boolean {
    return depth < MAX_DEPTH && this.#errors < MAX_ERRORS
  }

  #text(text: string): string {
    const short = text.length <= this.#room ? text : `${text.slice(0, this.#room)}…`
    this.#room -= Math.min(text.length, this.#room)
    return short
  }
}

const CIRCULAR = '[Circular]'

function messages(error: ErrorLike): string {
  let text = error.message
  const seen = new Set<object>([error])
  let at = error
  for (;;) {
    const cause = causeOf(at)
    if (cause === undefined) return text
    if (seen.size > MAX_CAUSES) return `${text}: ...`
    // A cause that is a function is VError's, whose message has that of its cause in it.
    if (typeof at.cause !== 'function') text += `: ${cause.message}`
    if (seen.has(cause)) return `${text}: ...`
    seen.add(cause)
    at = cause
  }
}

function stacks(error: ErrorLike): string {
  let text = stackOf(error)
  const seen = new Set<object>([error])
  let at = error
  for (;;) {
    const cause = causeOf(at)
    if (cause === undefined) return text
    if (seen.size > MAX_CAUSES) return `${text}\n...`
    text += `\ncaused by: ${stackOf(cause)}`
    if (seen.has(cause)) return `${text}\ncauses have become circular...`
    seen.add(cause)
    at = cause
  }
}

function causeOf(error: ErrorLike): ErrorLike | undefined {
  const { cause } = error
  const found: unknown =
    typeof cause === 'function' ? (error as unknown as { cause(): unknown }).cause() : cause
  return isErrorLike(found) ? found : undefined
}

function stackOf({ stack }: ErrorLike): string {
  return typeof stack === 'string' ? stack : ''
}

function typeOf(error: object): unknown {
  const maker: unknown = error.constructor
  return typeof maker === 'function' ? maker.name : (error as { name?: unknown }).name
}

function isErrorLike(value: unknown): value is ErrorLike {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { message?: unknown }).message === 'string'
  )
}

/** Defined, not assigned: a key called `__proto__` stays a key. */
function define(fields: object, key: string, value: unknown): void {
  Object.defineProperty(fields, key, { value, enumerable: true, writable: true, configurable: true })
}

function readText(value: object, key: string): string | undefined {
  try {
    const text = (value as Record<string, unknown>)[key]
    return typeof text === 'string' ? text : undefined
  } catch {
    // The getter throws; the other fields still say which error it was.
    return undefined
  }
}
