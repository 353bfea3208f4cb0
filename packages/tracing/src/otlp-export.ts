/** Spans to one OTLP endpoint, over one of its three protocols, through delivery's queue. */
import { type Clock, type Diagnostics, type Resource, rejectOption, rejectUnknownKeys } from '@triscope/core'
import {
  createDelivery,
  createGrpcSender,
  createHttpSender,
  type Delivery,
  type HttpTls,
  proxyFor,
  readOtlpAnswer,
  type Sender,
} from '@triscope/delivery'
import { createJsonFrame } from './exporters/otlp-json.ts'
import { createFrame } from './otlp-frame.ts'
import type { ScopeTable } from './scope.ts'

/** How spans are said and carried. */
export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc'

/** An OTLP endpoint. */
export interface OtlpExporterOptions {
  /**
   * The whole URL, path included: `http://localhost:4318/v1/traces`; over gRPC without one: `http://localhost:4317`, where
   * `https:` stands for TLS.
   */
  url: string
  /** @default 'http/protobuf' */
  protocol?: OtlpProtocol
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
  /**
   * The URL of a proxy; `false` goes without.
   * @default `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` in `env`
   */
  proxy?: string | false
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

const EXPORTER_KEYS: readonly string[] = [
  'url',
  'protocol',
  'headers',
  'compression',
  'timeoutMs',
  'tls',
  'proxy',
]
const PROTOCOLS: readonly string[] = ['http/protobuf', 'http/json', 'grpc']
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
  readonly resource: Resource
  readonly scopes: ScopeTable
  readonly batch: BatchOptions
  readonly clock: Clock
  readonly diagnostics: Diagnostics
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function createOtlpExport(exporter: OtlpExporterOptions, parts: OtlpExportParts): Delivery {
  const { batch, clock, diagnostics, resource, scopes } = parts
  rejectUnknownKeys('tracing.exporter', exporter, EXPORTER_KEYS)
  rejectUnknownKeys('tracing.batch', batch, BATCH_KEYS)
  const { protocol = 'http/protobuf', timeoutMs } = exporter
  if (!PROTOCOLS.includes(protocol)) {
    rejectOption('tracing.exporter.protocol', '"http/protobuf", "http/json" or "grpc"', protocol)
  }
  const { delayMs, ...figures } = batch
  return createDelivery({
    ...figures,
    signal: 'traces',
    sender: senderOf(exporter, parts),
    frame: protocol === 'http/json' ? createJsonFrame(resource, scopes) : createFrame(resource, scopes),
    clock,
    diagnostics,
    ...(delayMs === undefined ? {} : { batchDelayMs: delayMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
}

function senderOf(exporter: OtlpExporterOptions, { clock, diagnostics, env }: OtlpExportParts): Sender {
  const { protocol, timeoutMs: _delivery, proxy: given, ...endpoint } = exporter
  const proxy = given === false ? undefined : (given ?? proxyFor(endpoint.url, env, diagnostics))
  const common = {
    compression: 'gzip' as const,
    ...endpoint,
    ...(proxy === undefined ? {} : { proxy }),
    readAnswer: readOtlpAnswer,
    diagnostics,
    clock,
  }
  if (protocol === 'grpc') return createGrpcSender({ ...common, method: EXPORT_METHOD })
  const contentType = protocol === 'http/json' ? 'application/json' : 'application/x-protobuf'
  return createHttpSender({ ...common, contentType })
}

/** opentelemetry-proto 1.9, `trace_service.proto`. */
const EXPORT_METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
