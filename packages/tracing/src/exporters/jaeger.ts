/** Spans to Jaeger in its own Thrift: to an agent's UDP port, or to the collector over HTTP. */
import { rejectOption, rejectUnknownKeys } from '@triscope/core'
import {
  createHttpSender,
  createUdpSender,
  type Delivery,
  type HttpTls,
  MAX_DATAGRAM_BYTES,
  proxyFor,
} from '@triscope/delivery'
import { createExport, type ExportParts } from './export-parts.ts'
import { createBatchFrame, createDatagramFrame } from './jaeger-frame.ts'
import { BinaryThriftWriter } from './thrift-binary.ts'
import { CompactThriftWriter } from './thrift-compact.ts'

/** How spans reach Jaeger: Thrift compact or binary over UDP, or binary over HTTP. */
export type JaegerTransport = 'udp-compact' | 'udp-binary' | 'http'

/**
 * A Jaeger that takes Thrift. Over UDP nobody answers: what was handed to the network counts as delivered, and a span too
 * large for one datagram is counted as dropped, `TOO_LARGE`.
 */
export interface JaegerExporterOptions {
  /** @default 'http' where `url` is given, else 'udp-compact' */
  transport?: JaegerTransport
  /** Of the agent, for UDP. @default 'localhost' */
  host?: string
  /** Of the agent, for UDP. @default 6831 for `udp-compact`, 6832 for `udp-binary` */
  port?: number
  /** Bytes of a datagram, at most 65507. @default 65000 */
  maxDatagramBytes?: number
  /** Of the collector, for HTTP, path included. @default 'http://localhost:14268/api/traces' */
  url?: string
  /** Sent with each request, for HTTP; values are never shown. */
  headers?: Readonly<Record<string, string>>
  /** For basic authorization over HTTP. */
  user?: string
  /** Goes with `user`. */
  password?: string
  /** Certificates for `https:`. @default those of Node */
  tls?: HttpTls
  /** Milliseconds for one attempt. @default 10000 */
  timeoutMs?: number
}

const KEYS: readonly (keyof JaegerExporterOptions)[] = [
  'transport',
  'host',
  'port',
  'maxDatagramBytes',
  'url',
  'headers',
  'user',
  'password',
  'tls',
  'timeoutMs',
]

/** Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function createJaegerExport(options: JaegerExporterOptions, parts: ExportParts): Delivery {
  rejectUnknownKeys('tracing.exporter.jaeger', options, KEYS)
  const { transport = options.url === undefined ? 'udp-compact' : 'http' } = options
  if (transport === 'http') return overHttp(options, parts)
  if (transport !== 'udp-compact' && transport !== 'udp-binary') {
    rejectOption('tracing.exporter.jaeger.transport', '"udp-compact", "udp-binary" or "http"', transport)
  }
  return overUdp(transport, options, parts)
}

function overUdp(
  transport: 'udp-compact' | 'udp-binary',
  options: JaegerExporterOptions,
  parts: ExportParts,
): Delivery {
  const compact = transport === 'udp-compact'
  const {
    host = 'localhost',
    port = compact ? 6831 : 6832,
    maxDatagramBytes = MAX_DATAGRAM_BYTES,
    timeoutMs,
  } = options
  const writer = compact ? new CompactThriftWriter() : new BinaryThriftWriter()
  return createExport(parts, {
    type: compact ? 'jaeger_udp_compact_exporter' : 'jaeger_udp_binary_exporter',
    sender: createUdpSender({ host, port, maxDatagramBytes, clock: parts.clock }),
    frame: createDatagramFrame(parts.resource, parts.scopes, writer, maxDatagramBytes),
    timeoutMs,
  })
}

function overHttp(options: JaegerExporterOptions, parts: ExportParts): Delivery {
  const { url = 'http://localhost:14268/api/traces', headers, user, password = '', tls, timeoutMs } = options
  const { clock, diagnostics, env, resource, scopes } = parts
  const proxy = proxyFor(url, env, diagnostics)
  const authorization =
    user === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
  return createExport(parts, {
    type: 'jaeger_http_exporter',
    sender: createHttpSender({
      url,
      headers: { ...authorization, ...headers },
      contentType: 'application/vnd.apache.thrift.binary',
      ...(tls === undefined ? {} : { tls }),
      ...(proxy === undefined ? {} : { proxy }),
      clock,
      diagnostics,
    }),
    frame: createBatchFrame(resource, scopes),
    timeoutMs,
  })
}
