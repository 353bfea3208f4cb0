/**
 * The headers of Jaeger's own clients: `uber-trace-id: {trace}:{span}:{parent}:{flags}` and one `uberctx-{key}` for each
 * member of baggage (Jaeger documentation, "Propagation Format").
 *
 * Invariant: what is malformed starts a new trace; baggage is bounded as W3C's is, in members and in bytes.
 */
import { type Baggage, type Context, propagation, trace } from '@opentelemetry/api'
import {
  isBaggageKey,
  MAX_BAGGAGE_BYTES,
  MAX_BAGGAGE_MEMBERS,
  percentDecoded,
  percentEncoded,
} from './baggage.ts'
import { isDebug, withDebug } from './debug-flag.ts'
import {
  type HeaderSource,
  MAX_SEARCHED_KEYS,
  onlyText,
  type PropagationFormat,
  type SetHeader,
  withRemoteSpan,
} from './propagation-format.ts'
import { isHexDigits, isValidSpanContext, SAMPLED_FLAG } from './traceparent.ts'

const UBER_TRACE_ID = 'uber-trace-id'
const BAGGAGE_PREFIX = 'uberctx-'

/** Jaeger's flags; bit 0 is W3C's. */
const DEBUG = 0x02
/** 32 digits, 16, 16, 2 and three colons, which some clients write as `%3A`. */
const MAX_TRACE_HEADER = 75

/** @param onDropped hears how many members of baggage were malformed or beyond the limits */
export function jaegerFormat(onDropped: (members: number) => void): PropagationFormat {
  return {
    fields: [UBER_TRACE_ID],
    // Baggage may come alone, under any name.
    leading: undefined,
    extract(context, headers) {
      const text = onlyText(headers.get(UBER_TRACE_ID))
      const below = text === undefined ? context : withTrace(context, text)
      return withBaggage(below, headers, onDropped)
    },
    inject(context, set) {
      const spanContext = trace.getSpanContext(context)
      if (spanContext !== undefined && isValidSpanContext(spanContext)) {
        const sampled = spanContext.traceFlags & SAMPLED_FLAG
        const flags = sampled !== 0 && isDebug(context) ? sampled | DEBUG : sampled
        set(UBER_TRACE_ID, `${spanContext.traceId}:${spanContext.spanId}:0:${flags}`)
      }
      const baggage = propagation.getBaggage(context)
      if (baggage !== undefined) writeBaggage(baggage, set, onDropped)
    },
  }
}

function withTrace(context: Context, text: string): Context {
  if (text.length > MAX_TRACE_HEADER) return context
  const parts = text.replaceAll(/%3a/gi, ':').split(':')
  const [traceId = '', spanId = '', , flags = ''] = parts
  if (parts.length !== 4 || !isHexDigits(flags, 1, 2)) return context
  // Jaeger's clients leave out zeros in front.
  const ids = { traceId: traceId.padStart(32, '0'), spanId: spanId.padStart(16, '0') }
  const bits = Number.parseInt(flags, 16)
  const debug = (bits & DEBUG) !== 0
  const traceFlags = debug || (bits & SAMPLED_FLAG) !== 0 ? SAMPLED_FLAG : 0
  const spanContext = { ...ids, traceFlags, isRemote: true }
  if (!isValidSpanContext(spanContext)) return context
  const below = withRemoteSpan(context, spanContext)
  return debug ? withDebug(below) : below
}

function withBaggage(context: Context, headers: HeaderSource, onDropped: (members: number) => void): Context {
  let baggage: Baggage | undefined
  let members = 0
  let bytes = 0
  let dropped = 0
  let looked = 0
  for (const name of headers.keys()) {
    if (looked++ === MAX_SEARCHED_KEYS) break
    if (name.length <= BAGGAGE_PREFIX.length) continue
    if (name.slice(0, BAGGAGE_PREFIX.length).toLowerCase() !== BAGGAGE_PREFIX) continue
    const key = name.slice(BAGGAGE_PREFIX.length)
    const text = onlyText(headers.get(name))
    bytes += key.length + (text?.length ?? 0)
    if (
      text === undefined ||
      !isBaggageKey(key) ||
      ++members > MAX_BAGGAGE_MEMBERS ||
      bytes > MAX_BAGGAGE_BYTES
    ) {
      dropped++
      continue
    }
    baggage ??= propagation.getBaggage(context) ?? propagation.createBaggage()
    baggage = baggage.setEntry(key, { value: percentDecoded(text) })
  }
  if (dropped > 0) onDropped(dropped)
  return baggage === undefined ? context : propagation.setBaggage(context, baggage)
}

function writeBaggage(baggage: Baggage, set: SetHeader, onDropped: (members: number) => void): void {
  let members = 0
  let bytes = 0
  let dropped = 0
  for (const [key, entry] of baggage.getAllEntries()) {
    const value =
      isBaggageKey(key) && typeof entry?.value === 'string' ? percentEncoded(entry.value) : undefined
    const length = key.length + (value?.length ?? 0)
    if (value === undefined || members === MAX_BAGGAGE_MEMBERS || bytes + length > MAX_BAGGAGE_BYTES) {
      dropped++
      continue
    }
    set(BAGGAGE_PREFIX + key, value)
    members++
    bytes += length
  }
  if (dropped > 0) onDropped(dropped)
}
