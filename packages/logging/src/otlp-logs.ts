/** Lines to an OTLP endpoint, http/protobuf, through delivery's bounded queue: what is lost there is counted there. */
import { type Clock, type Diagnostics, type Resource, rejectUnknownKeys, SDK_VERSION } from '@triscope/core'
import {
  createDelivery,
  createHttpSender,
  type Delivery,
  type HttpTls,
  proxyFor,
  readOtlpAnswer,
} from '@triscope/delivery'
import { type FormatLine, toFormatLine } from './line-format.ts'
import type { LineParts } from './line-maker.ts'
import { createLogRecordEncoder } from './otlp-record.ts'
import type { TraceFields } from './trace-fields.ts'

/** An OTLP endpoint that takes log records by http/protobuf. */
export interface OtlpLogsOptions {
  /** The whole URL, path included. @default 'http://localhost:4318/v1/logs' */
  url?: string
  /** Sent with each request; values are never shown in messages. @default none */
  headers?: Readonly<Record<string, string>>
  /** @default 'gzip' */
  compression?: 'gzip' | 'none'
  /** Milliseconds for one attempt. @default 10000 */
  timeoutMs?: number
  /** Certificates for `https:`. @default those of Node */
  tls?: HttpTls
  /** The URL of a proxy; `false` goes without. @default `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` in `env` */
  proxy?: string | false
  /** Milliseconds that the first record of a batch waits for others. @default 1000 */
  delayMs?: number
  /** Records held, waiting and in flight; beyond, they are dropped and counted. @default 2048 */
  maxRecords?: number
  /** Records in one request. @default 512 */
  maxBatchRecords?: number
}

export interface OtlpLogsParts {
  readonly resource: Resource
  readonly traceFields: TraceFields
  readonly clock: Clock
  readonly diagnostics: Diagnostics
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The way of lines to the endpoint. */
export interface OtlpLogs {
  readonly delivery: Delivery
  add(parts: LineParts): void
}

const OPTION_KEYS: readonly string[] = [
  'url',
  'headers',
  'compression',
  'timeoutMs',
  'tls',
  'proxy',
  'delayMs',
  'maxRecords',
  'maxBatchRecords',
]

/** OpenTelemetry specification, "Batching processor": `OTEL_BLRP_*`. */
const defaults = { delayMs: 1_000, maxRecords: 2_048, maxBatchRecords: 512 } as const

/** Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function createOtlpLogs(options: OtlpLogsOptions, parts: OtlpLogsParts): OtlpLogs {
  rejectUnknownKeys('logging.otlp', options, OPTION_KEYS)
  const { clock, diagnostics, env, resource, traceFields } = parts
  const {
    url = 'http://localhost:4318/v1/logs',
    timeoutMs,
    proxy: givenProxy,
    headers,
    compression,
    tls,
  } = options
  const proxy = givenProxy === false ? undefined : (givenProxy ?? proxyFor(url, env, diagnostics))
  const encoder = createLogRecordEncoder(resource, { name: 'triscope', version: SDK_VERSION })
  const delivery = createDelivery({
    signal: 'logs',
    sender: createHttpSender({
      url,
      compression: compression ?? 'gzip',
      ...(headers === undefined ? {} : { headers }),
      ...(tls === undefined ? {} : { tls }),
      ...(proxy === undefined ? {} : { proxy }),
      contentType: 'application/x-protobuf',
      readAnswer: readOtlpAnswer,
      clock,
      diagnostics,
    }),
    frame: (records) => encoder.frame(records),
    batchDelayMs: options.delayMs ?? defaults.delayMs,
    maxRecords: options.maxRecords ?? defaults.maxRecords,
    maxBatchRecords: options.maxBatchRecords ?? defaults.maxBatchRecords,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    clock,
    diagnostics,
  })
  return {
    delivery,
    add(line) {
      const record: FormatLine = toFormatLine(line, '', traceFields)
      // What failed is worth more than what went well.
      delivery.offer(encoder.encode(record, clock.wallMs()), line.level >= 50)
    },
  }
}
