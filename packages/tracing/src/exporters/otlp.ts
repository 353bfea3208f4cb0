/** Spans to one OTLP endpoint, over one of its three protocols, through delivery's queue. */
import { rejectOption, rejectUnknownKeys } from '@triscope/core'
import {
  createThreadedSender,
  type Delivery,
  type HttpTls,
  proxyFor,
  readOtlpAnswer,
  type Sender,
} from '@triscope/delivery'
import { createFrame } from '../otlp-frame.ts'
import { createExport, type ExportParts } from './export-parts.ts'
import { createJsonFrame } from './otlp-json.ts'

/** How spans are said and carried. */
export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc'

/** An OTLP endpoint. */
export interface OtlpExporterOptions {
  /**
   * The whole URL, path included: `http://localhost:4318/v1/traces`; over gRPC without one: `http://localhost:4317`, where
   * `https:` stands for TLS. These two are the defaults of `{ otlp: {} }`.
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
/** The `otel.component.type` of each. */
const TYPES: Readonly<Record<OtlpProtocol, string>> = {
  'http/protobuf': 'otlp_http_exporter',
  'http/json': 'otlp_http_json_exporter',
  grpc: 'otlp_grpc_exporter',
}

/** Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function createOtlpExport(
  given: Omit<OtlpExporterOptions, 'url'> & Partial<Pick<OtlpExporterOptions, 'url'>>,
  parts: ExportParts,
): Delivery {
  rejectUnknownKeys('tracing.exporter', given, EXPORTER_KEYS)
  const { protocol = 'http/protobuf' } = given
  if (!PROTOCOLS.includes(protocol)) {
    rejectOption('tracing.exporter.protocol', '"http/protobuf", "http/json" or "grpc"', protocol)
  }
  const { url = protocol === 'grpc' ? 'http://localhost:4317' : 'http://localhost:4318/v1/traces' } = given
  const { resource, scopes } = parts
  return createExport(parts, {
    type: TYPES[protocol],
    sender: senderOf({ ...given, url, protocol }, parts),
    frame: protocol === 'http/json' ? createJsonFrame(resource, scopes) : createFrame(resource, scopes),
    timeoutMs: given.timeoutMs,
  })
}

function senderOf(exporter: OtlpExporterOptions, { clock, diagnostics, env, thread }: ExportParts): Sender {
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
  if (protocol === 'grpc') return createThreadedSender({ grpc: { ...common, method: EXPORT_METHOD } }, thread)
  const contentType = protocol === 'http/json' ? 'application/json' : 'application/x-protobuf'
  return createThreadedSender({ http: { ...common, contentType } }, thread)
}

/** opentelemetry-proto 1.9, `trace_service.proto`. */
const EXPORT_METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
