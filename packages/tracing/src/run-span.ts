/**
 * `span()` and its kin: what an app calls by hand.
 *
 * Invariant: the app's function is called exactly once, and what it returns or throws comes back as it was: the same
 * error object, synchronous where it was synchronous. Where no tracing is in force this is all that happens.
 */
import { type Attributes, INVALID_SPAN_CONTEXT, type Span, trace } from '@opentelemetry/api'
import { activeContext, contextWithSpan, installContext, isFirstOn } from '@triscope/core'
import { asEmitter, endWithEmitter } from './emitter-span.ts'
import { exceptionAttributes } from './exception-event.ts'
import { asGenerator, endWithGenerator } from './generator-span.ts'
import { currentTracing } from './global.ts'
import { EXCEPTION_EVENT } from './semconv.ts'
import { SpanEnd } from './span-end.ts'

/** Ends the span of a callback, once; a first argument that is not `null` or `undefined` is what it failed with. */
export type SpanDone = (error?: unknown) => void

/**
 * Calls `fn` within a new span, child of the active one, that ends when the work ends:
 *
 * - with what `fn` returns or throws; with the promise, where it returns one;
 * - with the generator that it returns, sync or async: each step runs within the span;
 * - with the stream, child process or other emitter that it returns: at its `close`, `end`, `finish` or `error`. A server
 *   is no work. Of an emitter that outlives the work, a pool for instance, return nothing;
 * - where `fn` takes a second argument, when that is called: `(span, done) => readFile(path, done)`.
 *
 * What it fails with is recorded, sets the status to error, and goes on to the caller as the same object.
 *
 * A promise comes back as what its own `then` returns, so that a rejection nobody handles is still reported. A lazy
 * thenable, a query builder for instance, is started by this, inside the span. Everything else comes back as it is.
 * @param name low in variety, as `load cart`, with the variable part in the attributes
 */
export function span<T>(name: string, fn: (span: Span, done: SpanDone) => T): T
export function span<T>(name: string, attributes: Attributes, fn: (span: Span, done: SpanDone) => T): T
export function span<T>(
  name: string,
  ...rest:
    | [fn: (span: Span, done: SpanDone) => T]
    | [attributes: Attributes, fn: (span: Span, done: SpanDone) => T]
): T {
  const [attributes, fn] = rest.length === 1 ? [undefined, rest[0]] : rest
  const tracing = currentTracing()
  if (tracing === undefined) return fn(NO_SPAN, NOTHING)
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
  if (current === undefined || !current.isRecording() || !isFirstOn(current, error)) return
  current.addEvent(EXCEPTION_EVENT, { ...ownAttributes(attributes), ...exceptionAttributes(error) })
}

/** The span that is active here, or `undefined`. */
export function activeSpan(): Span | undefined {
  return trace.getSpan(activeContext())
}

const NOTHING: SpanDone = () => {}
const NO_SPAN: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)

function runWithin<T>(current: Span, fn: (span: Span, done: SpanDone) => T): T {
  const end = new SpanEnd(current)
  const isCallback = fn.length > 1
  let result: T
  try {
    result = fn(current, isCallback ? (error) => end.settle(error ?? undefined) : NOTHING)
  } catch (error) {
    end.fail(error)
    throw error
  }
  const then = thenOf(result)
  if (then !== undefined) {
    return then.call(
      result,
      (value: unknown) => {
        if (!isCallback) end.settle()
        return value
      },
      (error: unknown) => {
        end.fail(error)
        throw error
      },
    ) as T
  }
  if (isCallback) return result
  const generator = asGenerator(result)
  if (generator !== undefined && endWithGenerator(generator, end)) return result
  const emitter = asEmitter(result)
  if (emitter !== undefined && endWithEmitter(emitter, end)) return result
  end.settle()
  return result
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
