/**
 * `span()` and its kin: what an app calls by hand.
 *
 * Invariant: the app's function is called exactly once, and what it returns or throws comes back as it was: the same
 * error object, synchronous where it was synchronous. Where no tracing is in force this is all that happens.
 */
import { type Attributes, INVALID_SPAN_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  activeContext,
  contextWithSpan,
  errorMessageOf,
  errorTypeOf,
  HTTP_ATTRIBUTE,
  installContext,
} from '@triscope/core'
import { exceptionAttributes } from './exception-event.ts'
import { currentTracing } from './global.ts'
import { EXCEPTION_EVENT } from './semconv.ts'

/**
 * Calls `fn` within a new span, child of the active one, that ends when `fn` returns or its promise settles.
 * What `fn` throws is recorded, sets the status to error, and goes on to the caller as the same object.
 *
 * A promise comes back as what its own `then` returns, so that a rejection nobody handles is still reported. A lazy
 * thenable, a query builder for instance, is started by this, inside the span.
 * @param name low in variety, as `load cart`, with the variable part in the attributes
 */
export function span<T>(name: string, fn: (span: Span) => T): T
export function span<T>(name: string, attributes: Attributes, fn: (span: Span) => T): T
export function span<T>(
  name: string,
  ...rest: [fn: (span: Span) => T] | [attributes: Attributes, fn: (span: Span) => T]
): T {
  const [attributes, fn] = rest.length === 1 ? [undefined, rest[0]] : rest
  const tracing = currentTracing()
  if (tracing === undefined) return fn(NO_SPAN)
  const parent = activeContext()
  const current = tracing.tracer.startSpan(
    name,
    attributes === undefined ? undefined : { attributes },
    parent,
  )
  return installContext().run(contextWithSpan(parent, current), () => runWithin(current, fn))
}

/**
 * Records a failure that was handled, as an `exception` event of the active span. The span's status stays as it is:
 * what was handled did not fail. Does nothing where no span is active.
 */
export function recordError(error: unknown, attributes?: Attributes): void {
  const current = activeSpan()
  if (current === undefined || !current.isRecording()) return
  current.addEvent(EXCEPTION_EVENT, { ...ownAttributes(attributes), ...exceptionAttributes(error) })
}

/** The span that is active here, or `undefined`. */
export function activeSpan(): Span | undefined {
  return trace.getSpan(activeContext())
}

const NO_SPAN: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)

function runWithin<T>(current: Span, fn: (span: Span) => T): T {
  let result: T
  try {
    result = fn(current)
  } catch (error) {
    fail(current, error)
    throw error
  }
  const then = thenOf(result)
  if (then === undefined) {
    current.end()
    return result
  }
  return then.call(
    result,
    (value: unknown) => {
      current.end()
      return value
    },
    (error: unknown) => {
      fail(current, error)
      throw error
    },
  ) as T
}

function fail(current: Span, error: unknown): void {
  if (current.isRecording()) {
    current.recordException(error as Error)
    current.setAttribute(HTTP_ATTRIBUTE.errorType, errorTypeOf(error))
    const message = errorMessageOf(error)
    current.setStatus(
      message === undefined ? { code: SpanStatusCode.ERROR } : { code: SpanStatusCode.ERROR, message },
    )
  }
  current.end()
}

type Then = (onValue: (value: unknown) => unknown, onError: (error: unknown) => unknown) => unknown

/** `then` is read once: a getter may count, or throw, in which case the value is nobody's promise. */
function thenOf(value: unknown): Then | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined
  try {
    const then: unknown = (value as { then?: unknown }).then
    return typeof then === 'function' ? (then as Then) : undefined
  } catch {
    // Not for us to report: the app gets its value back untouched.
    return undefined
  }
}

function ownAttributes(attributes: Attributes | undefined): Attributes {
  try {
    return { ...attributes }
  } catch {
    // A getter or proxy that throws: the error itself is still recorded.
    return {}
  }
}
