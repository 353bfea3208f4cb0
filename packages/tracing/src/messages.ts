/**
 * A trace through a queue: `inject` on the side that sends, `continueTrace` on the side that works.
 *
 * Invariant: neither throws for a carrier that is not what it seems, and what `fn` returns or throws comes back as it
 * was; where no tracing is in force, calling `fn` is all that happens.
 */
import { propagation, trace } from '@opentelemetry/api'
import { activeContext, installContext } from '@triscope/core'
import { type Carrier, carrierGetter, carrierSetter, removeHeader } from './carrier.ts'
import { currentTracing } from './global.ts'
import { TRACEPARENT, TRACESTATE } from './w3c-format.ts'

/**
 * Writes the active trace and its baggage into the headers of a message or the data of a job, and returns them.
 * @param carrier a plain object, a `Map`, `Headers`, or a list of name and value; a header that is there is replaced
 */
export function inject<C extends Carrier>(carrier: C): C {
  const written: string[] = []
  currentTracing()?.propagator.inject(activeContext(), carrier, {
    set(to, name, value) {
      carrierSetter.set(to, name, value)
      written.push(name)
    },
  })
  // A message that is sent on must not bring the state of another trace along.
  if (written.includes(TRACEPARENT) && !written.includes(TRACESTATE)) removeState(carrier)
  return carrier
}

/**
 * Calls `fn` below the trace that `carrier` names: spans, lines and outgoing calls in it belong to that trace, and
 * `inject` carries it on. Where it names none, a span in `fn` begins a new trace, whatever was active outside. It makes
 * no span itself: `span()` within says what is done.
 * @param carrier what `inject` has written into, as it arrived; values may be bytes
 */
export function continueTrace<T>(carrier: Carrier | null | undefined, fn: () => T): T {
  const tracing = currentTracing()
  if (tracing === undefined) return fn()
  const outside = propagation.deleteBaggage(trace.deleteSpan(activeContext()))
  return installContext().run(tracing.propagator.extract(outside, carrier, carrierGetter), fn)
}

function removeState(carrier: Carrier): void {
  try {
    removeHeader(carrier, TRACESTATE)
  } catch {
    // The carrier refuses to let go of it; its readers hold it against the `traceparent` that stands beside it.
  }
}
