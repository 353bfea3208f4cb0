/**
 * Our own traffic leaves no telemetry. The mark is the one OpenTelemetry's instrumentations honour, so that neither
 * ours nor a foreign one traces an export.
 */
import { type Context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api'
import { activeContext, installContext } from './context.ts'

/** The name is shared with `@opentelemetry/core`; `createContextKey` makes the same symbol of the same name. */
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** Runs `fn`, and everything it starts, outside of every span and unseen by every instrumentation. */
export function untraced<T>(fn: () => T): T {
  return installContext().run(ROOT_CONTEXT.setValue(SUPPRESSED, true), fn)
}

/** Whether what happens in this context must leave no span. */
export function isUntraced(context: Context = activeContext()): boolean {
  return context.getValue(SUPPRESSED) === true
}
