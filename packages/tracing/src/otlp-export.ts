/** Spans to one OTLP endpoint: http/protobuf through delivery's queue. */
import { type Clock, type Diagnostics, rejectUnknownKeys } from '@triscope/core'
import {
  createDelivery,
  createHttpSender,
  type Delivery,
  type HttpTls,
  readOtlpAnswer,
} from '@triscope/delivery'

/** An OTLP endpoint that takes http/protobuf. */
export interface OtlpExporterOptions {
  /** The whole URL, path included: `http://localhost:4318/v1/traces`. */
  url: string
  /**
   * Sent with each request; values are never shown in messages.
   * @default none
   */
  headers?: Readonly<Record<string, string>>
  /** @default 'gzip' */
  compression?: 'gzip' | 'none'
  /**
   * Milliseconds for one attempt.
   * @default 10000
   */
  timeoutMs?: number
  /**
   * Certificates for `https:`.
   * @default those of Node
   */
  tls?: HttpTls
}

/** How spans are gathered, for each endpoint alike. */
export interface BatchOptions {
  /** Bytes held, waiting and in flight; beyond, ordinary spans are dropped before failed ones. @default 8388608 */
  maxBytes?: number
  /** Spans held, waiting and in flight. @default 16384 */
  maxRecords?: number
  /** Milliseconds that the first span of a batch waits for others. @default 5000 */
  delayMs?: number
  /** Bytes of spans in one request, before compression. @default 1048576 */
  maxBatchBytes?: number
  /** Spans in one request. @default 4096 */
  maxBatchRecords?: number
  /** Milliseconds from the first attempt at a batch until the last. @default 60000 */
  retryForMs?: number
}

const EXPORTER_KEYS: readonly string[] = ['url', 'headers', 'compression', 'timeoutMs', 'tls']
const BATCH_KEYS: readonly string[] = [
  'maxBytes',
  'maxRecords',
  'delayMs',
  'maxBatchBytes',
  'maxBatchRecords',
  'retryForMs',
]

/** What every endpoint shares. */
export interface OtlpExportParts {
  readonly frame: (records: readonly Uint8Array[]) => Uint8Array
  readonly batch: BatchOptions
  readonly clock: Clock
  readonly diagnostics: Diagnostics
}

/** Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function createOtlpExport(exporter: OtlpExporterOptions, parts: OtlpExportParts): Delivery {
  const { frame, batch, clock, diagnostics } = parts
  rejectUnknownKeys('tracing.exporter', exporter, EXPORTER_KEYS)
  rejectUnknownKeys('tracing.batch', batch, BATCH_KEYS)
  const { timeoutMs, ...endpoint } = exporter
  const { delayMs, ...figures } = batch
  return createDelivery({
    ...figures,
    signal: 'traces',
    sender: createHttpSender({
      compression: 'gzip',
      ...endpoint,
      contentType: 'application/x-protobuf',
      readAnswer: readOtlpAnswer,
      diagnostics,
      clock,
    }),
    frame,
    clock,
    diagnostics,
    ...(delayMs === undefined ? {} : { batchDelayMs: delayMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
}
