/**
 * The debug flag of B3 and Jaeger: "keep this trace, whatever samplers say". It goes on as it came, and on the way it is
 * a sampled trace.
 */
import { type Context, createContextKey } from '@opentelemetry/api'

/** The name is shared with `@opentelemetry/propagator-b3`: `createContextKey` makes the same symbol of the same name. */
const DEBUG = createContextKey('OpenTelemetry Context Key B3 Debug Flag')

/** `context` of a trace under debug. */
export function withDebug(context: Context): Context {
  // `@opentelemetry/propagator-b3` keeps the header's value there, and asks for this one.
  return context.setValue(DEBUG, '1')
}

/** Whether the trace came in under debug. */
export function isDebug(context: Context): boolean {
  return context.getValue(DEBUG) === '1'
}
