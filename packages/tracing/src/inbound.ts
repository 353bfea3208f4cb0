/**
 * What the headers of an incoming request are worth. At the edge anybody may send a `traceparent`: a stranger could join
 * a trace of ours, or have all of its traces kept.
 */
import { type Context, createContextKey, propagation, type SpanContext, trace } from '@opentelemetry/api'
import { rejectOption } from '@triscope/core'
import { isValidSpanContext } from './traceparent.ts'

/** `trust` continues the caller's trace, `link` begins one with a link to it, `ignore` begins one without. */
export type Inbound = 'trust' | 'link' | 'ignore'

/** Makes what turns an extracted context into the one that a server span starts in. Throws `TRI_ERR_OPTION`. */
export function resolveInbound(option: Inbound = 'trust'): (extracted: Context) => Context {
  switch (option) {
    case 'trust':
      return (extracted) => extracted
    case 'link':
      return linked
    case 'ignore':
      return (extracted) => propagation.deleteBaggage(trace.deleteSpan(extracted))
    default:
      return rejectOption('tracing.inbound', '"trust", "link" or "ignore"', option)
  }
}

const CALLER = createContextKey('triscope.1 caller')

function linked(extracted: Context): Context {
  const caller = trace.getSpanContext(extracted)
  return caller === undefined ? extracted : trace.deleteSpan(extracted).setValue(CALLER, caller)
}

/** Whom the first span of a new trace in this context is linked to. */
export function linkedCaller(context: Context): SpanContext | undefined {
  const caller = context.getValue(CALLER) as SpanContext | undefined
  return caller !== undefined && isValidSpanContext(caller) ? caller : undefined
}
