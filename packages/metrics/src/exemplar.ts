/**
 * Exemplars: the trace behind a number. OpenMetrics 1.0, "Exemplars".
 *
 * Invariant: only a sampled span makes one, so that every trace id on `/metrics` can be looked up; and one that is
 * kept is overwritten in place, so that a hot series allocates nothing.
 */
import type { SpanContext } from '@opentelemetry/api'
import { escapeLabelValue } from './family.ts'
import { numberText } from './number-text.ts'
import type { Room } from './room.ts'

/** OpenMetrics 1.0, "Exemplars": names and values of the labels together. */
const MAX_LABEL_CHARACTERS = 128
const NAME_CHARACTERS = 'trace_id'.length + 'span_id'.length

/** An exemplar as it is written, wherever it comes from. */
export interface ShownExemplar {
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly value: number
  /** Since 1970; `undefined` writes none. */
  readonly atMs: number | undefined
}

/** One exemplar of ours; its fields are read only when a scrape asks for exemplars. */
export class Exemplar implements ShownExemplar {
  traceId: string
  spanId: string
  value: number
  atMs: number

  constructor(traceId: string, spanId: string, value: number, atMs: number) {
    this.traceId = traceId
    this.spanId = spanId
    this.value = value
    this.atMs = atMs
  }

  get labels(): readonly (readonly [name: string, value: string])[] {
    return [
      ['trace_id', this.traceId],
      ['span_id', this.spanId],
    ]
  }
}

/** Writes `span` into `kept`, or into a new exemplar; `kept` as it was when the ids are not fit to be exposed. */
export function keepExemplar(
  room: Room,
  kept: Exemplar | undefined,
  span: SpanContext,
  value: number,
): Exemplar | undefined {
  try {
    const { traceId, spanId } = span
    if (!areFit(traceId, spanId)) {
      room.diagnostics.dropped('metrics', 'EXEMPLAR_INVALID')
      return kept
    }
    const atMs = room.clock.wallMs()
    if (kept === undefined) return new Exemplar(traceId, spanId, value, atMs)
    kept.traceId = traceId
    kept.spanId = spanId
    kept.value = value
    kept.atMs = atMs
    return kept
  } catch {
    room.diagnostics.dropped('metrics', 'EXEMPLAR_INVALID')
    return kept
  }
}

/** What follows the value on the line; the time is in seconds. */
export function exemplarText({ labels, value, atMs }: ShownExemplar): string {
  const pairs = labels.map(([name, text]) => `${name}="${escapeLabelValue(text)}"`)
  const time = atMs === undefined ? '' : ` ${(atMs / 1000).toFixed(3)}`
  return ` # {${pairs.join(',')}} ${numberText(value)}${time}`
}

/** Ids of 32 and 16 characters always are; longer ones of a foreign tracer may not be. */
function areFit(traceId: unknown, spanId: unknown): boolean {
  return (
    typeof traceId === 'string' &&
    typeof spanId === 'string' &&
    traceId !== '' &&
    spanId !== '' &&
    NAME_CHARACTERS + traceId.length + spanId.length <= MAX_LABEL_CHARACTERS
  )
}
