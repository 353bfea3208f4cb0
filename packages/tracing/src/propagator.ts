/**
 * Carries a trace from process to process in one or several formats: from node's headers by the short way, and as
 * OpenTelemetry's propagator for everybody else.
 *
 * Invariant: neither direction throws, whatever the carrier is. Formats are asked in the order in which they were named;
 * where two of them name a span, the last one counts, as in OpenTelemetry's composite propagator.
 */
import {
  type Context,
  propagation,
  ROOT_CONTEXT,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api'
import { isUntraced } from '@triscope/core'
import { GetterHeaders, type IncomingHeaders, NodeHeaders } from './header-source.ts'
import type { HeaderSource, PropagationFormat } from './propagation-format.ts'
import { BAGGAGE } from './w3c-format.ts'

export class Propagator implements TextMapPropagator {
  readonly #formats: readonly PropagationFormat[]
  readonly #fields: readonly string[]
  /** Without any of these there is nothing to read; `undefined` where all headers must be looked at. */
  readonly #leading: readonly string[] | undefined
  readonly #takesBaggage: (host: string) => boolean
  /** Those of `fields` that name a trace. A message that has one of them is left alone: its trace was given by hand. */
  readonly traceFields: readonly string[]

  /** @param takesBaggage whether a host may be told the baggage */
  constructor(formats: readonly PropagationFormat[], takesBaggage: (host: string) => boolean) {
    this.#formats = formats
    this.#takesBaggage = takesBaggage
    this.#fields = [...new Set(formats.flatMap(({ fields }) => fields))]
    this.traceFields = this.#fields.filter((field) => field !== BAGGAGE)
    this.#leading = formats.every(({ leading }) => leading !== undefined)
      ? [...new Set(formats.flatMap(({ leading }) => leading ?? []))]
      : undefined
  }

  /** The context of what sent these headers; the root where they say nothing. */
  extractHeaders(headers: IncomingHeaders): Context {
    try {
      const leading = this.#leading
      if (leading !== undefined) {
        let i = 0
        while (i < leading.length && headers[leading[i] as string] === undefined) i++
        if (i === leading.length) return ROOT_CONTEXT
      }
      return this.#extract(ROOT_CONTEXT, new NodeHeaders(headers))
    } catch {
      // No headers after all, or a getter that throws: as if they said nothing.
      return ROOT_CONTEXT
    }
  }

  extract<C>(context: Context, carrier: C, getter: TextMapGetter<C>): Context {
    try {
      return this.#extract(context, new GetterHeaders(carrier, getter))
    } catch {
      // The carrier threw: by the specification nothing is extracted and nobody hears of it.
      return context
    }
  }

  inject<C>(context: Context, carrier: C, setter: TextMapSetter<C>): void {
    try {
      if (isUntraced(context)) return
      for (const format of this.#formats) {
        format.inject(context, (name, value) => setter.set(carrier, name, value))
      }
    } catch {
      // The carrier refused, a frozen object for instance: the message goes out without a trace.
    }
  }

  /** Into a call to `host`, which hears the baggage only where it may. */
  injectFor<C>(host: string, context: Context, carrier: C, setter: TextMapSetter<C>): void {
    const tells = propagation.getBaggage(context) === undefined || this.#takesBaggage(host)
    this.inject(tells ? context : propagation.deleteBaggage(context), carrier, setter)
  }

  /** Header names that an outgoing message may get, in lower case. */
  fields(): string[] {
    return [...this.#fields]
  }

  #extract(context: Context, headers: HeaderSource): Context {
    let extracted = context
    for (const format of this.#formats) extracted = format.extract(extracted, headers)
    return extracted
  }
}
