/**
 * The fields that join a line to its span, as raw JSON; OpenTelemetry, "Trace Context in non-OTLP Log Formats".
 *
 * Invariant: ids that are not well-formed are left out, because nothing else would keep a line whole.
 */
import type { SpanContext } from '@opentelemetry/api'
import { activeSpanContext, rejectOption, rejectUnknownKeys } from '@triscope/core'
import { SPAN_ID, TRACE_FLAGS, TRACE_ID } from './semconv.ts'

/** What the fields are called. */
export interface TraceFieldNames {
  /** @default 'trace_id' */
  traceId?: string
  /** @default 'span_id' */
  spanId?: string
  /** @default 'trace_flags' */
  traceFlags?: string
}

export interface TraceFields {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: string
  /** The ids of the active span as raw JSON that begins with a comma; empty where there is none. */
  active(): string
  /** The same for a span context. */
  of(spanContext: SpanContext): string
}

/** Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function createTraceFields(names: TraceFieldNames = {}): TraceFields {
  rejectUnknownKeys('logging.fields', names, ['traceId', 'spanId', 'traceFlags'])
  const { traceId = TRACE_ID, spanId = SPAN_ID, traceFlags = TRACE_FLAGS } = names
  for (const [key, name] of Object.entries({ traceId, spanId, traceFlags })) {
    if (typeof name !== 'string' || name === '')
      rejectOption(`logging.fields.${key}`, 'the name of a field', name)
  }
  if (new Set([traceId, spanId, traceFlags]).size < 3) {
    rejectOption('logging.fields', 'three names that differ', names)
  }
  return new JsonFields(traceId, spanId, traceFlags)
}

/** Two hex digits for each value of the flags, which are one byte: W3C Trace Context §3.2.2.5. */
const FLAGS: readonly string[] = Array.from({ length: 256 }, (_, flags) =>
  flags.toString(16).padStart(2, '0'),
)

/** W3C Trace Context §3.2.2.3 and §3.2.2.4: lower-case hex, and an id of zeros alone names nothing. */
const TRACE_ID_FORM = /^(?!0{32})[0-9a-f]{32}$/
const SPAN_ID_FORM = /^(?!0{16})[0-9a-f]{16}$/

class JsonFields implements TraceFields {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: string
  readonly #traceHead: string
  readonly #spanHead: string
  readonly #flagsHead: string
  /** Lines come in runs from the same span, so the last fragment is kept. */
  #last: SpanContext | undefined = undefined
  #fragment = ''

  constructor(traceId: string, spanId: string, traceFlags: string) {
    this.traceId = traceId
    this.spanId = spanId
    this.traceFlags = traceFlags
    this.#traceHead = `,${JSON.stringify(traceId)}:"`
    this.#spanHead = `",${JSON.stringify(spanId)}:"`
    this.#flagsHead = `",${JSON.stringify(traceFlags)}:"`
  }

  active(): string {
    const active = activeSpanContext()
    return active === undefined ? '' : this.of(active)
  }

  of(spanContext: SpanContext): string {
    if (spanContext === this.#last) return this.#fragment
    const { traceId, spanId, traceFlags } = spanContext
    const isValid = TRACE_ID_FORM.test(traceId) && SPAN_ID_FORM.test(spanId)
    this.#fragment = isValid
      ? `${this.#traceHead}${traceId}${this.#spanHead}${spanId}${this.#flagsHead}${FLAGS[traceFlags & 0xff]}"`
      : ''
    this.#last = spanContext
    return this.#fragment
  }
}
