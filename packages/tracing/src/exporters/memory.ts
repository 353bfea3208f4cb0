/** Spans kept in memory, for tests and for looking at them in the process that made them. */

import type { SpanContext } from '@opentelemetry/api'
import { rejectOption } from '@triscope/core'
import { type DecodedSpan, decodeRecord, hexOf } from '../decoded-span.ts'
import { jsonOfAttributes } from './attribute-text.ts'

/** A span as it would have been sent. */
export interface MemorySpan extends Pick<SpanContext, 'traceId' | 'spanId'> {
  /** `undefined` for a root. */
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  /** Milliseconds since 1970. */
  readonly startMs: number
  readonly durationMs: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly {
    readonly name: string
    readonly attributes: Readonly<Record<string, unknown>>
  }[]
  readonly status: 'unset' | 'ok' | 'error'
  readonly statusMessage: string
}

/** Give it as an exporter: `createTracing({ resource, exporter: memory })`. */
export interface SpanMemory {
  /** In the order of their ends; at most `maxSpans`, the newest. */
  readonly spans: readonly MemorySpan[]
  /** How many made way for newer ones. */
  readonly dropped: number
  /** Takes a record over. */
  keep(record: Uint8Array): void
  /** Forgets all. */
  clear(): void
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const
const STATUSES = ['unset', 'ok', 'error'] as const

/** Makes an empty memory. Throws `TRI_ERR_OPTION`. @param maxSpans @default 1000 */
export function createSpanMemory(maxSpans = 1_000): SpanMemory {
  if (!Number.isSafeInteger(maxSpans) || maxSpans < 1)
    rejectOption('maxSpans', 'a whole number, 1 or more', maxSpans)
  let records: Uint8Array[] = []
  let dropped = 0
  return {
    get spans() {
      return records.map((record) => spanOf(decodeRecord(record)))
    },
    get dropped() {
      return dropped
    },
    keep(record) {
      // A copy: the record shares a slab with its neighbours, which may be gone long before.
      records.push(record.slice())
      if (records.length <= maxSpans) return
      records.shift()
      dropped++
    },
    clear() {
      records = []
      dropped = 0
    },
  }
}

function spanOf(span: DecodedSpan): MemorySpan {
  return {
    traceId: hexOf(span.traceId),
    spanId: hexOf(span.spanId),
    parentSpanId: hexOf(span.parentSpanId) || undefined,
    name: span.name,
    kind: KINDS[span.kind] ?? 'unspecified',
    startMs: Number(span.startNs) / 1e6,
    durationMs: Number(span.endNs - span.startNs) / 1e6,
    attributes: jsonOfAttributes(span.attributes),
    events: span.events.map(({ name, attributes }) => ({ name, attributes: jsonOfAttributes(attributes) })),
    status: STATUSES[span.statusCode] ?? 'unset',
    statusMessage: span.statusMessage,
  }
}
