/** What every exporter of ours is made of: a frame, a sender, and the figures that all share. */
import { type Clock, type Diagnostics, type Resource, rejectUnknownKeys } from '@triscope/core'
import { createDelivery, type Delivery, type Sender, type SenderThread } from '@triscope/delivery'
import type { ScopeTable } from '../scope.ts'

/** How spans are gathered, for each exporter alike. */
export interface BatchOptions {
  /** Bytes held, waiting and in flight; beyond, ordinary spans are dropped before failed ones. @default 8388608 */
  maxBytes?: number
  /** Spans held, waiting and in flight. @default 16384 */
  maxRecords?: number
  /** Milliseconds that the first span of a batch waits for others. @default 5000; on the console 500 */
  delayMs?: number
  /** Bytes of spans in one request, before compression. @default 1048576 */
  maxBatchBytes?: number
  /** Spans in one request. @default 4096 */
  maxBatchRecords?: number
  /** Milliseconds from the first attempt at a batch until the last. @default 60000 */
  retryForMs?: number
}

/** What all exporters of one tracing share. */
export interface ExportParts {
  readonly resource: Resource
  readonly scopes: ScopeTable
  readonly batch: BatchOptions
  readonly clock: Clock
  readonly diagnostics: Diagnostics
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where OTLP is sent from. @default 'auto' */
  readonly thread?: SenderThread | undefined
  /** The place of the exporter in the list, in the label `otel_component_name` of its counters. */
  readonly place: number
}

/** What makes one exporter different. */
export interface ExportKind {
  /** As `otel.component.type`: semantic conventions, "OpenTelemetry SDK metrics". */
  readonly type: string
  readonly sender: Sender
  readonly frame: (records: readonly Uint8Array[]) => Uint8Array
  readonly timeoutMs?: number | undefined
  /** Where `batch.delayMs` is not given. */
  readonly delayMs?: number
}

const BATCH_KEYS: readonly string[] = [
  'maxBytes',
  'maxRecords',
  'delayMs',
  'maxBatchBytes',
  'maxBatchRecords',
  'retryForMs',
]

/** Each has a queue and counters of its own. Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function createExport(parts: ExportParts, kind: ExportKind): Delivery {
  const { batch, clock, diagnostics, place } = parts
  rejectUnknownKeys('tracing.batch', batch, BATCH_KEYS)
  const { delayMs = kind.delayMs, ...figures } = batch
  return createDelivery({
    ...figures,
    signal: 'traces',
    sender: kind.sender,
    frame: kind.frame,
    component: { type: kind.type, name: `${kind.type}/${place}` },
    clock,
    diagnostics,
    ...(delayMs === undefined ? {} : { batchDelayMs: delayMs }),
    ...(kind.timeoutMs === undefined ? {} : { timeoutMs: kind.timeoutMs }),
  })
}
