/**
 * W3C Trace Context and Baggage between processes: from node's headers by the short way, and as OpenTelemetry's
 * propagator for everybody else.
 *
 * Invariant: neither direction throws, whatever the carrier is; a bad `tracestate` or `baggage` never costs the
 * `traceparent` (§3.3), and without a valid `traceparent` no `tracestate` is read.
 */
import {
  type Baggage,
  type Context,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api'
import { contextWithSpan, type Diagnostics, isUntraced } from '@triscope/core'
import { formatBaggage, parseBaggage } from './baggage.ts'
import { METRIC } from './semconv.ts'
import { formatTraceparent, isValidSpanContext, parseTraceparent } from './traceparent.ts'
import { parseTracestate } from './tracestate.ts'

/** Header names, in lower case as node shows them. */
export const TRACEPARENT = 'traceparent'
export const TRACESTATE = 'tracestate'
export const BAGGAGE = 'baggage'

/** Headers of an incoming message: node joins repeated ones with a comma, or shows them as a list. */
export type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Names looked at when a header is searched in any case; a carrier with more has it in the usual one. */
const MAX_SEARCHED_KEYS = 200

export class W3CPropagator implements TextMapPropagator {
  readonly #onDropped: (members: number) => void

  constructor(diagnostics: Diagnostics) {
    const dropped = diagnostics.counter({
      name: METRIC.baggageDropped,
      help: 'Baggage members that were malformed or beyond 64 members or 8192 bytes',
    })
    this.#onDropped = (members) => dropped.add(members)
  }

  /** The context of what sent these headers; the root where they say nothing. */
  extractHeaders(headers: IncomingHeaders): Context {
    const traceparent = headers[TRACEPARENT]
    const baggage = headers[BAGGAGE]
    if (traceparent === undefined && baggage === undefined) return ROOT_CONTEXT
    return this.#read(ROOT_CONTEXT, textsOf(traceparent), textsOf(headers[TRACESTATE]), textsOf(baggage))
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    try {
      return this.#read(
        context,
        find(carrier, getter, TRACEPARENT),
        find(carrier, getter, TRACESTATE),
        find(carrier, getter, BAGGAGE),
      )
    } catch {
      // The getter threw: by the specification nothing is extracted and nobody hears of it.
      return context
    }
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    try {
      if (isUntraced(context)) return
      const spanContext = trace.getSpanContext(context)
      if (spanContext !== undefined && isValidSpanContext(spanContext)) {
        setter.set(carrier, TRACEPARENT, formatTraceparent(spanContext))
        const state = tracestateOf(spanContext)
        if (state !== '') setter.set(carrier, TRACESTATE, state)
      }
      const baggage = this.baggageOf(context)
      if (baggage !== '') setter.set(carrier, BAGGAGE, baggage)
    } catch {
      // The carrier refused, a frozen object for instance: the message goes out without a trace.
    }
  }

  fields(): string[] {
    return [TRACEPARENT, TRACESTATE, BAGGAGE]
  }

  /** The `baggage` header of this context; `''` where there is none. */
  baggageOf(context: Context): string {
    const baggage = propagation.getBaggage(context)
    return baggage === undefined ? '' : formatBaggage(baggage, this.#onDropped)
  }

  #read(
    context: Context,
    traceparent: string | string[] | undefined,
    tracestate: string | string[] | undefined,
    baggage: string | string[] | undefined,
  ): Context {
    const entries: Baggage | undefined =
      baggage === undefined ? undefined : parseBaggage(baggage, this.#onDropped)
    const base = entries === undefined ? context : propagation.setBaggage(context, entries)
    const parent = readTraceparent(traceparent)
    if (parent === undefined) return base
    const state = tracestate === undefined ? undefined : parseTracestate(tracestate)
    const spanContext: SpanContext =
      state === undefined ? { ...parent, isRemote: true } : { ...parent, isRemote: true, traceState: state }
    return contextWithSpan(base, trace.wrapSpanContext(spanContext))
  }
}

/** The `tracestate` header of this span context; `''` where there is none. */
export function tracestateOf(spanContext: SpanContext): string {
  return spanContext.traceState?.serialize() ?? ''
}

/** Two headers contradict each other: a new trace begins (§3.2). */
function readTraceparent(value: string | string[] | undefined): ReturnType<typeof parseTraceparent> {
  if (typeof value === 'string') return parseTraceparent(value)
  if (!Array.isArray(value) || value.length !== 1) return undefined
  const only: unknown = value[0]
  return typeof only === 'string' ? parseTraceparent(only) : undefined
}

/** HTTP's names have no case, but a message queue's carriers keep the one they were written in. */
function find(carrier: unknown, getter: TextMapGetter, name: string): string | string[] | undefined {
  const found = textsOf(getter.get(carrier, name))
  if (found !== undefined) return found
  let looked = 0
  for (const key of getter.keys(carrier)) {
    if (looked++ === MAX_SEARCHED_KEYS) return undefined
    if (key.length === name.length && key !== name && key.toLowerCase() === name) {
      return textsOf(getter.get(carrier, key))
    }
  }
  return undefined
}

function textsOf(value: unknown): string | string[] | undefined {
  if (typeof value === 'string') return value
  return Array.isArray(value) && value.every((line) => typeof line === 'string') ? value : undefined
}
