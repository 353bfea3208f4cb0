/** What a delivery can be told, and what it does where it is told nothing. Checked once, when it is made. */
import { type RoomOptions, rejectOption, rejectUnknownKeys, type Signal } from '@triscope/core'
import type { Sender } from './sender.ts'

/** Options of `createDelivery`. */
export interface DeliveryOptions extends RoomOptions {
  /** The signal that losses are counted under. */
  signal: Signal
  /** Makes each attempt. The delivery owns it, and closes it at shutdown. */
  sender: Sender
  /** Makes the body of one request from records in the order they were offered; must not keep or change them. */
  frame: (records: readonly Uint8Array[]) => Uint8Array
  /**
   * Bytes of records held, waiting and in flight. Beyond, ordinary records are dropped as `QUEUE_FULL`; a single
   * record over it as `TOO_LARGE`. Up to twice as much memory may be held, for records share slabs.
   * @default 8388608 (8 MiB)
   */
  maxBytes?: number
  /** Records held, waiting and in flight; beyond, as with `maxBytes`. @default 16384 */
  maxRecords?: number
  /** Milliseconds that the first record of a batch waits for others; 0 sends as soon as possible. @default 5000 */
  batchDelayMs?: number
  /**
   * Bytes of records in one request, before framing and compression; a single record may exceed it. As much waiting
   * goes out without delay.
   * @default 1048576 (1 MiB)
   */
  maxBatchBytes?: number
  /** Records in one request. As many waiting go out without delay. @default 4096 */
  maxBatchRecords?: number
  /** Milliseconds for one attempt, from connecting to the last byte of the answer. @default 10000 (`OTEL_EXPORTER_OTLP_TIMEOUT`) */
  timeoutMs?: number
  /**
   * Milliseconds from the first attempt at a batch after which a failed attempt was the last; the batch is then
   * dropped as `RETRIES_ENDED`. A `Retry-After` that reaches beyond is still waited for, up to 5 minutes, once.
   * 0 never retries. OTLP names no figure; a minute rides out the restart of a collector, and longer outages are the
   * queue's to bear.
   * @default 60000
   */
  retryForMs?: number
  /**
   * What the exporter is called in the labels `otel_component_type` and `otel_component_name` of its series; the name is
   * unique in the process.
   * @default no such labels
   */
  component?: Component
  /** Where the jitter of the backoff comes from: 0 up to, not including, 1. @default `Math.random` */
  random?: () => number
}

/** `otel.component.type` and `otel.component.name`: semantic conventions, "OpenTelemetry SDK metrics". */
export interface Component {
  readonly type: string
  readonly name: string
}

/** The same with every answer given. */
export interface ResolvedDelivery {
  readonly signal: Signal
  readonly sender: Sender
  readonly frame: (records: readonly Uint8Array[]) => Uint8Array
  readonly maxBytes: number
  readonly maxRecords: number
  readonly batchDelayMs: number
  readonly maxBatchBytes: number
  readonly maxBatchRecords: number
  readonly timeoutMs: number
  readonly retryForMs: number
  readonly random: () => number
  readonly component: Component | undefined
}

const defaults = {
  maxBytes: 8 * 1024 * 1024,
  maxRecords: 16_384,
  batchDelayMs: 5_000,
  maxBatchBytes: 1024 * 1024,
  maxBatchRecords: 4_096,
  timeoutMs: 10_000,
  retryForMs: 60_000,
} as const

type Figure = keyof typeof defaults

/** The least each figure may be. */
const least: Readonly<Record<Figure, number>> = {
  maxBytes: 1,
  maxRecords: 1,
  batchDelayMs: 0,
  maxBatchBytes: 1,
  maxBatchRecords: 1,
  timeoutMs: 1,
  retryForMs: 0,
}

const figures = Object.keys(defaults) as Figure[]
const known = [...figures, 'signal', 'sender', 'frame', 'random', 'component', 'diagnostics', 'clock', 'env']

/** Throws `TRI_ERR_UNKNOWN_OPTION` and `TRI_ERR_OPTION`. */
export function resolveDelivery(options: DeliveryOptions): ResolvedDelivery {
  rejectUnknownKeys('', options, known)
  const { signal, sender, frame, component, random = Math.random } = options
  const resolved = { ...defaults, signal, sender, frame, component, random } as Record<Figure, number> &
    ResolvedDelivery
  const checked: Record<Figure, number> = { ...defaults }
  for (const name of figures) {
    const value = options[name]
    if (value === undefined) continue
    if (!Number.isSafeInteger(value) || value < least[name]) {
      rejectOption(name, `a whole number, ${least[name]} or more`, value)
    }
    checked[name] = value
  }
  return { ...resolved, ...checked }
}
