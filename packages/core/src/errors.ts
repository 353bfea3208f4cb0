/** What Triscope throws, only ever while an app starts: a wrong option, a wrong name, a wrong order. */

/** What an error adds to its message; a secret value is never put in any of these. */
export interface TriscopeErrorDetails {
  /** The option or name at fault, as the user wrote it: `tracing.sampler`. */
  path?: string
  /** The way out, in one sentence. */
  hint?: string
  /** The first error, when this one was caused by another. */
  cause?: unknown
}

/**
 * Wrong use of Triscope, found at start. `code` is stable (`TRI_ERR_…`); the message names the thing, shows the
 * value and gives the rule.
 */
export class TriscopeError extends Error {
  readonly code: `TRI_ERR_${string}`
  readonly path: string | undefined
  readonly hint: string | undefined
  /** Where the code is explained: a page of this repository, and its section. */
  readonly docs: string

  constructor(code: `TRI_ERR_${string}`, message: string, details: TriscopeErrorDetails = {}) {
    const text = details.hint === undefined ? message : `${message}\n  hint: ${details.hint}`
    super(text, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'TriscopeError'
    this.code = code
    this.path = details.path
    this.hint = details.hint
    this.docs = `docs/errors.md#${code.toLowerCase()}`
  }
}
