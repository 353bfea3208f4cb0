/**
 * Why an attempt to send failed, in words for a human.
 *
 * Invariant: no credential is in the message: a sender redacts URLs and the texts of backends before they come here.
 */
import { OTHER } from './semconv.ts'

/** The cause in a `SendResult`; its message names the endpoint, what happened, and the way out where one is known. */
export class ExportError extends Error {
  /** Low in cardinality, for the label `error_type`: an HTTP status, a system error code, `timeout`. */
  readonly errorType: string

  constructor(errorType: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ExportError'
    this.errorType = errorType
  }
}

/** The `error_type` of any cause; `_OTHER` where it has none that could be a label. */
export function errorTypeOf(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null) return OTHER
  try {
    const { errorType, code } = cause as { errorType?: unknown; code?: unknown }
    const type = errorType ?? code
    return typeof type === 'string' && /^\w{1,60}$/.test(type) ? type : OTHER
  } catch {
    // A getter that throws has no name for us.
    return OTHER
  }
}
