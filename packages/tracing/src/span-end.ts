/** The end of a span that several things may bring about: the first one counts. */
import { type Span, SpanStatusCode } from '@opentelemetry/api'
import { errorMessageOf, errorTypeOf, HTTP_ATTRIBUTE, isFirstOn } from '@triscope/core'

export class SpanEnd {
  readonly span: Span
  #open = true

  constructor(span: Span) {
    this.span = span
  }

  /** Ends it; with an error where there is one. */
  settle(error?: unknown): void {
    if (error !== undefined) this.fail(error)
    else if (this.#close()) this.span.end()
  }

  /** Records what it failed with, whatever that is, and ends it. */
  fail(error: unknown): void {
    if (!this.#close()) return
    const { span } = this
    if (span.isRecording()) {
      if (isFirstOn(span, error)) span.recordException(error as Error)
      span.setAttribute(HTTP_ATTRIBUTE.errorType, errorTypeOf(error))
      const message = errorMessageOf(error)
      span.setStatus(
        message === undefined ? { code: SpanStatusCode.ERROR } : { code: SpanStatusCode.ERROR, message },
      )
    }
    span.end()
  }

  #close(): boolean {
    const wasOpen = this.#open
    this.#open = false
    return wasOpen
  }
}
