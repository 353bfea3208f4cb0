/**
 * The `traceparent` header: W3C Trace Context Level 2, §3.2.
 *
 * Invariant: what does not follow the grammar to the letter is refused as a whole, so that a malformed header starts
 * a new trace instead of joining a wrong one. Constant time: only the first 56 characters are ever read.
 */
import type { SpanContext } from '@opentelemetry/api'

/** The flags this version knows (§3.2.2.5): sampled, and random trace id. All others are sent as zero. */
export const SAMPLED_FLAG = 0x01
export const RANDOM_FLAG = 0x02
const KNOWN_FLAGS = SAMPLED_FLAG | RANDOM_FLAG

/** `00-` 32 digits `-` 16 digits `-` 2 digits. */
const LENGTH = 55
const DASH = 45

/** Reads the header; `undefined` where the caller must start a new trace. */
export function parseTraceparent(
  text: string,
): { traceId: string; spanId: string; traceFlags: number } | undefined {
  if (text.length < LENGTH) return undefined
  if (text.charCodeAt(2) !== DASH || text.charCodeAt(35) !== DASH || text.charCodeAt(52) !== DASH) {
    return undefined
  }
  if (!isHex(text, 0, 2) || !isHex(text, 3, 35) || !isHex(text, 36, 52) || !isHex(text, 53, 55)) {
    return undefined
  }
  if (text.startsWith('ff')) return undefined
  // §3.2.4: version 00 ends here; a later version may go on, but only behind another dash.
  if (text.length > LENGTH && (text.startsWith('00') || text.charCodeAt(LENGTH) !== DASH)) return undefined
  const traceId = text.slice(3, 35)
  const spanId = text.slice(36, 52)
  if (traceId === ZERO_TRACE_ID || spanId === ZERO_SPAN_ID) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(text.slice(53, 55), 16) & KNOWN_FLAGS }
}

/** Writes the header, always in version 00. */
export function formatTraceparent(context: SpanContext): string {
  return `00-${context.traceId}-${context.spanId}-0${context.traceFlags & KNOWN_FLAGS}`
}

/** Whether both ids are what §3.2.2 asks for; a span of another SDK, or of a test, may carry anything. */
export function isValidSpanContext(context: SpanContext): boolean {
  const { traceId, spanId } = context
  return (
    typeof traceId === 'string' &&
    typeof spanId === 'string' &&
    traceId.length === 32 &&
    spanId.length === 16 &&
    isHex(traceId, 0, 32) &&
    isHex(spanId, 0, 16) &&
    traceId !== ZERO_TRACE_ID &&
    spanId !== ZERO_SPAN_ID
  )
}

const ZERO_TRACE_ID = '0'.repeat(32)
const ZERO_SPAN_ID = '0'.repeat(16)

/** Lower case only (§3.2.2.2). */
function isHex(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return false
  }
  return true
}

/** Whether it is nothing but lower-case hex digits, from `min` to `max` of them. */
export function isHexDigits(text: string, min: number, max: number = min): boolean {
  return text.length >= min && text.length <= max && isHex(text, 0, text.length)
}
