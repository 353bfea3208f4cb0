/**
 * Spans to Zipkin as JSON: its v2 API, by "OpenTelemetry to Zipkin Transformation". Times are microseconds.
 */
import { type Resource, rejectUnknownKeys } from '@triscope/core'
import { createHttpSender, type Delivery, type HttpTls, proxyFor } from '@triscope/delivery'
import { type DecodedEvent, type DecodedSpan, decodeRecord, hexOf } from '../decoded-span.ts'
import type { ScopeTable } from '../scope.ts'
import { jsonOfAttributes, textOfValue } from './attribute-text.ts'
import { createExport, type ExportParts } from './export-parts.ts'

/** A Zipkin, or anything that takes its spans. */
export interface ZipkinExporterOptions {
  /** @default 'http://localhost:9411/api/v2/spans' */
  url?: string
  /** Sent with each request; values are never shown. */
  headers?: Readonly<Record<string, string>>
  /** Certificates for `https:`. @default those of Node */
  tls?: HttpTls
  /** Milliseconds for one attempt. @default 10000 */
  timeoutMs?: number
}

/** OTLP's kinds, whose first two have no word. */
const KINDS = [undefined, undefined, 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']

/** Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function createZipkinExport(options: ZipkinExporterOptions, parts: ExportParts): Delivery {
  rejectUnknownKeys('tracing.exporter.zipkin', options, ['url', 'headers', 'tls', 'timeoutMs'])
  const { url = 'http://localhost:9411/api/v2/spans', timeoutMs, ...rest } = options
  const { clock, diagnostics, env, resource, scopes } = parts
  const proxy = proxyFor(url, env, diagnostics)
  return createExport(parts, {
    type: 'zipkin_http_exporter',
    sender: createHttpSender({
      url,
      ...rest,
      contentType: 'application/json',
      ...(proxy === undefined ? {} : { proxy }),
      clock,
      diagnostics,
    }),
    frame: createZipkinFrame(resource, scopes),
    timeoutMs,
  })
}

/** A list of spans. */
export function createZipkinFrame(
  resource: Resource,
  scopes: ScopeTable,
): (records: readonly Uint8Array[]) => Uint8Array {
  const { 'service.name': service, ...rest } = resource.attributes
  const localEndpoint = { serviceName: String(service ?? 'unknown_service') }
  const resourceTags = Object.entries(rest).map(([key, value]) => [key, textOfValue(value)] as const)
  return (records) => {
    const spans = records.map((record) => {
      const span = decodeRecord(record)
      const tags = new Map([...resourceTags, ...tagsOf(span, scopes.of(record)?.instrumentationScope)])
      return { ...factsOf(span), localEndpoint, tags: Object.fromEntries(tags) }
    })
    return Buffer.from(JSON.stringify(spans))
  }
}

function factsOf(span: DecodedSpan): object {
  const durationUs = Number((span.endNs - span.startNs) / 1_000n)
  return {
    traceId: hexOf(span.traceId),
    id: hexOf(span.spanId),
    parentId: hexOf(span.parentSpanId) || undefined,
    name: span.name,
    kind: KINDS[span.kind],
    timestamp: Number(span.startNs / 1_000n),
    // Zipkin takes 0 for unknown.
    duration: Math.max(1, durationUs),
    remoteEndpoint: remoteOf(span),
    annotations: span.events.length === 0 ? undefined : span.events.map(annotationOf),
  }
}

function annotationOf({ attributes, name, timeNs }: DecodedEvent): { timestamp: number; value: string } {
  const timestamp = Number(timeNs / 1_000n)
  if (attributes.size === 0) return { timestamp, value: name }
  return { timestamp, value: `${JSON.stringify(name)}: ${JSON.stringify(jsonOfAttributes(attributes))}` }
}

/** Whom a client or producer called, where its attributes say so. */
function remoteOf({ attributes, kind }: DecodedSpan): object | undefined {
  if (kind !== 3 && kind !== 4) return undefined
  const name = attributes.get('peer.service') ?? attributes.get('server.address')
  const address = attributes.get('network.peer.address')
  const port = attributes.get('network.peer.port') ?? attributes.get('server.port')
  if (typeof name !== 'string' && typeof address !== 'string') return undefined
  const family = typeof address === 'string' && address.includes(':') ? 'ipv6' : 'ipv4'
  return {
    ...(typeof name === 'string' ? { serviceName: name } : {}),
    ...(typeof address === 'string' ? { [family]: address } : {}),
    ...(typeof port === 'bigint' ? { port: Number(port) } : {}),
  }
}

/** All are text; what a span says goes before what the resource says. */
function tagsOf(
  span: DecodedSpan,
  scope: { name: string; version?: string } | undefined,
): (readonly [string, string])[] {
  const tags: (readonly [string, string])[] = []
  for (const [key, value] of span.attributes) tags.push([key, textOfValue(value)])
  if (span.statusCode === 1) tags.push(['otel.status_code', 'OK'])
  if (span.statusCode === 2) tags.push(['otel.status_code', 'ERROR'], ['error', span.statusMessage])
  if (span.traceState !== '') tags.push(['w3c.tracestate', span.traceState])
  if (scope !== undefined && scope.name !== '') tags.push(['otel.scope.name', scope.name])
  if (scope?.version !== undefined) tags.push(['otel.scope.version', scope.version])
  if (span.droppedAttributes > 0) tags.push(['otel.dropped_attributes_count', String(span.droppedAttributes)])
  if (span.droppedEvents > 0) tags.push(['otel.dropped_events_count', String(span.droppedEvents)])
  if (span.droppedLinks > 0) tags.push(['otel.dropped_links_count', String(span.droppedLinks)])
  return tags
}
