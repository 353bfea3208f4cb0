/**
 * W3C Trace Context and W3C Baggage.
 *
 * Invariant: a bad `tracestate` never costs the `traceparent` (§3.3), and without a valid `traceparent` no `tracestate`
 * is read.
 */
import { propagation, type SpanContext, trace } from '@opentelemetry/api'
import { formatBaggage, parseBaggage } from './baggage.ts'
import { onlyText, type PropagationFormat, withRemoteSpan } from './propagation-format.ts'
import { formatTraceparent, isValidSpanContext, parseTraceparent } from './traceparent.ts'
import { parseTracestate } from './tracestate.ts'

/** Header names, in lower case as node shows them. */
export const TRACEPARENT = 'traceparent'
export const TRACESTATE = 'tracestate'
export const BAGGAGE = 'baggage'

/** `traceparent` and `tracestate`: W3C Trace Context Level 2. */
export const traceContextFormat: PropagationFormat = {
  fields: [TRACEPARENT, TRACESTATE],
  leading: [TRACEPARENT],
  extract(context, headers) {
    // Two headers contradict each other: a new trace begins (§3.2).
    const traceparent = onlyText(headers.get(TRACEPARENT))
    const parent = traceparent === undefined ? undefined : parseTraceparent(traceparent)
    if (parent === undefined) return context
    const lines = headers.get(TRACESTATE)
    const traceState = lines === undefined ? undefined : parseTracestate(lines)
    const spanContext: SpanContext =
      traceState === undefined ? { ...parent, isRemote: true } : { ...parent, isRemote: true, traceState }
    return withRemoteSpan(context, spanContext)
  },
  inject(context, set) {
    const spanContext = trace.getSpanContext(context)
    if (spanContext === undefined || !isValidSpanContext(spanContext)) return
    set(TRACEPARENT, formatTraceparent(spanContext))
    const state = spanContext.traceState?.serialize() ?? ''
    if (state !== '') set(TRACESTATE, state)
  },
}

/** `baggage`: W3C Baggage. @param onDropped hears how many members were malformed or beyond the limits */
export function baggageFormat(onDropped: (members: number) => void): PropagationFormat {
  return {
    fields: [BAGGAGE],
    leading: [BAGGAGE],
    extract(context, headers) {
      const lines = headers.get(BAGGAGE)
      const baggage = lines === undefined ? undefined : parseBaggage(lines, onDropped)
      return baggage === undefined ? context : propagation.setBaggage(context, baggage)
    },
    inject(context, set) {
      const baggage = propagation.getBaggage(context)
      const text = baggage === undefined ? '' : formatBaggage(baggage, onDropped)
      if (text !== '') set(BAGGAGE, text)
    },
  }
}
