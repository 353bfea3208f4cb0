/**
 * B3, the headers of Zipkin: one `b3` header, or several `x-b3-…`. Both are read, the one header first; which is written
 * is chosen (OpenTelemetry specification, "B3 Requirements").
 *
 * Invariant: the debug flag goes on as debug, an absent decision is the receiver's to make, and a malformed header starts
 * a new trace.
 */
import { type Context, trace } from '@opentelemetry/api'
import { isDebug, withDebug } from './debug-flag.ts'
import {
  DeferredSpanContext,
  type HeaderSource,
  onlyText,
  type PropagationFormat,
  type SetHeader,
  withRemoteSpan,
} from './propagation-format.ts'
import { isHexDigits, isValidSpanContext, SAMPLED_FLAG } from './traceparent.ts'

const SINGLE = 'b3'
const TRACE_ID = 'x-b3-traceid'
const SPAN_ID = 'x-b3-spanid'
const SAMPLED = 'x-b3-sampled'
const FLAGS = 'x-b3-flags'

/** 32 digits, 16, `d`, 16 for the parent, and three dashes: a longer header is none. */
const MAX_SINGLE = 68

/** One header: `b3: {traceId}-{spanId}-{1, 0 or d}`. */
export const b3Format: PropagationFormat = {
  fields: [SINGLE],
  leading: [SINGLE, TRACE_ID],
  extract,
  inject(context, set) {
    write(context, (traceId, spanId, sampled, debug) =>
      set(SINGLE, `${traceId}-${spanId}-${debug ? 'd' : sampled ? '1' : '0'}`),
    )
  },
}

/** Several headers: `x-b3-traceid`, `x-b3-spanid` and `x-b3-sampled`, or `x-b3-flags` for debug. */
export const b3MultiFormat: PropagationFormat = {
  fields: [TRACE_ID, SPAN_ID, SAMPLED, FLAGS],
  leading: [SINGLE, TRACE_ID],
  extract,
  inject(context, set: SetHeader) {
    write(context, (traceId, spanId, sampled, debug) => {
      set(TRACE_ID, traceId)
      set(SPAN_ID, spanId)
      if (debug) set(FLAGS, '1')
      else set(SAMPLED, sampled ? '1' : '0')
    })
  },
}

function extract(context: Context, headers: HeaderSource): Context {
  const single = onlyText(headers.get(SINGLE))
  return (single === undefined ? undefined : fromSingle(context, single)) ?? fromMulti(context, headers)
}

function fromSingle(context: Context, text: string): Context | undefined {
  if (text.length > MAX_SINGLE) return undefined
  const [traceId = '', spanId = '', state, parentId, ...rest] = text.split('-')
  if (rest.length > 0 || (parentId !== undefined && !isHexDigits(parentId, 16))) return undefined
  return joined(context, traceId, spanId, state, state === 'd')
}

function fromMulti(context: Context, headers: HeaderSource): Context {
  const traceId = onlyText(headers.get(TRACE_ID)) ?? ''
  const spanId = onlyText(headers.get(SPAN_ID)) ?? ''
  const debug = onlyText(headers.get(FLAGS)) === '1'
  return joined(context, traceId, spanId, onlyText(headers.get(SAMPLED)), debug) ?? context
}

/** `undefined` where an id or the decision is malformed. */
function joined(
  context: Context,
  shortOrLongId: string,
  spanId: string,
  state: string | undefined,
  debug: boolean,
): Context | undefined {
  // Ids of 64 bits are still sent by old tracers; zeros in front make them long.
  const traceId = shortOrLongId.length === 16 ? '0'.repeat(16) + shortOrLongId : shortOrLongId
  if (!isValidSpanContext({ traceId, spanId, traceFlags: 0 })) return undefined
  if (debug) {
    return withDebug(withRemoteSpan(context, { traceId, spanId, traceFlags: SAMPLED_FLAG, isRemote: true }))
  }
  if (state === undefined) return withRemoteSpan(context, new DeferredSpanContext(traceId, spanId, 0))
  const sampled = state === '1' || state === 'true'
  if (!sampled && state !== '0' && state !== 'false') return undefined
  return withRemoteSpan(context, { traceId, spanId, traceFlags: sampled ? SAMPLED_FLAG : 0, isRemote: true })
}

function write(
  context: Context,
  to: (traceId: string, spanId: string, sampled: boolean, debug: boolean) => void,
): void {
  const spanContext = trace.getSpanContext(context)
  if (spanContext === undefined || !isValidSpanContext(spanContext)) return
  const sampled = (spanContext.traceFlags & SAMPLED_FLAG) !== 0
  to(spanContext.traceId, spanContext.spanId, sampled, sampled && isDebug(context))
}
