/**
 * Errors told once: counted once a process however often they are logged, thrown on and reported, and recorded once on
 * each span.
 *
 * Invariant: errors and spans are held weakly. A primitive that was thrown has no identity, and counts each time.
 */
import type { Diagnostics } from './diagnostics.ts'
import { errorTypeOf, OTHER_ERROR } from './error-facts.ts'
import { processSlot } from './process-state.ts'

/** More kinds of error than a service has, and few enough for every dashboard. */
const MAX_TYPES = 100

/**
 * A function that names the type of anything that can be thrown, as a label: nothing stops an app from making names up, so
 * after 100 different ones the rest is `_OTHER`.
 */
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

/** Counts `error` in `triscope_errors_total{error_type}`, unless it was counted before. */
export function countError(diagnostics: Diagnostics, error: unknown): void {
  let counter = counters.get(diagnostics)
  if (counter === undefined) {
    counter = { typeOf: createErrorTypes(), seen: new WeakSet() }
    counters.set(diagnostics, counter)
  }
  if (typeof error === 'object' && error !== null) {
    if (counter.seen.has(error)) return
    counter.seen.add(error)
  }
  const labels = { error_type: counter.typeOf(error) }
  diagnostics.counter({ name: ERRORS_TOTAL, help: 'Errors reported or logged, by type', labels }).add()
}

/** Whether `error` is not yet recorded on `span`; from now on it is. Copies of this package remember together. */
export function isFirstOn(span: object, error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return true
  const recorded = processSlot('core.recordedErrors', () => new WeakMap<object, WeakSet<object>>())
  const errors = recorded.get(span)
  if (errors === undefined) recorded.set(span, new WeakSet([error]))
  else if (errors.has(error)) return false
  else errors.add(error)
  return true
}

const ERRORS_TOTAL = 'triscope_errors_total'
/** One for each store, so that what logs and what serves requests count together. */
const counters = new WeakMap<Diagnostics, { typeOf: (error: unknown) => string; seen: WeakSet<object> }>()
