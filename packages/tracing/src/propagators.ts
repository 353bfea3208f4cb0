/** The propagators that can be named, and how an option or a variable names them. */
import type { TextMapPropagator } from '@opentelemetry/api'
import { type Diagnostics, rejectOption } from '@triscope/core'
import { b3Format, b3MultiFormat } from './b3.ts'
import { jaegerFormat } from './jaeger-format.ts'
import type { HeaderSource, PropagationFormat } from './propagation-format.ts'
import { METRIC } from './semconv.ts'
import { baggageFormat, traceContextFormat } from './w3c-format.ts'

/** Names as in `OTEL_PROPAGATORS`. */
export const PROPAGATOR_NAMES = ['tracecontext', 'baggage', 'b3', 'b3multi', 'jaeger'] as const

/** One of ours by its name; both `b3` and `b3multi` read both forms, and write their own. */
export type PropagatorName = (typeof PROPAGATOR_NAMES)[number]

/** OpenTelemetry specification, "Global Propagators". */
const DEFAULT: readonly PropagatorName[] = ['tracecontext', 'baggage']

/** The formats in their order, each once. Throws `TRI_ERR_OPTION`. */
export function resolvePropagators(
  given: readonly (PropagatorName | TextMapPropagator)[] | undefined,
  diagnostics: Diagnostics,
): readonly PropagationFormat[] {
  const option = given ?? DEFAULT
  if (!Array.isArray(option)) rejectOption('tracing.propagators', 'a list of propagators', option)
  const dropped = diagnostics.counter({
    name: METRIC.baggageDropped,
    help: 'Baggage members that were malformed or beyond 64 members or 8192 bytes',
  })
  const onDropped = (members: number): void => dropped.add(members)
  const formats: Record<PropagatorName, () => PropagationFormat> = {
    tracecontext: () => traceContextFormat,
    baggage: () => baggageFormat(onDropped),
    b3: () => b3Format,
    b3multi: () => b3MultiFormat,
    jaeger: () => jaegerFormat(onDropped),
  }
  return [...new Set(option)].map((entry: PropagatorName | TextMapPropagator, index) => {
    if (typeof entry === 'string' && Object.hasOwn(formats, entry)) return formats[entry]()
    if (isPropagator(entry)) return foreignFormat(entry)
    return rejectOption(
      `tracing.propagators[${index}]`,
      `one of ${PROPAGATOR_NAMES.join(', ')}, or a TextMapPropagator`,
      entry,
    )
  })
}

function isPropagator(given: unknown): given is TextMapPropagator {
  if (typeof given !== 'object' || given === null) return false
  const { inject, extract, fields } = given as Record<string, unknown>
  return [inject, extract, fields].every((method) => typeof method === 'function')
}

/** A propagator written for OpenTelemetry; one that throws costs itself only. */
function foreignFormat(propagator: TextMapPropagator): PropagationFormat {
  return {
    fields: propagator.fields().map((field) => field.toLowerCase()),
    // Its fields are what it writes; what it reads is its own affair.
    leading: undefined,
    extract(context, headers) {
      try {
        return propagator.extract(context, headers, THROUGH_SOURCE)
      } catch {
        // By the specification a propagator must not throw; nothing was extracted.
        return context
      }
    },
    inject(context, set) {
      try {
        propagator.inject(context, set, { set: (_, name, value) => set(name, value) })
      } catch {
        // The other formats still write theirs.
      }
    },
  }
}

const THROUGH_SOURCE = {
  get: (source: HeaderSource, name: string) => source.get(name.toLowerCase()),
  keys: (source: HeaderSource) => [...source.keys()],
}
