/**
 * Spans as Jaeger's Thrift has them: jaeger.thrift, by "OpenTelemetry to Jaeger Transformation". Times are microseconds;
 * an id of 128 bits is two halves.
 */
import type { Resource } from '@triscope/core'
import { type DecodedEvent, type DecodedSpan, type DecodedValue, decodeRecord } from '../decoded-span.ts'
import type { ScopeTable } from '../scope.ts'
import { textOfValue } from './attribute-text.ts'
import type { ThriftWriter } from './thrift-writer.ts'

/** `SpanRefType`. */
const FOLLOWS_FROM = 1
/** `TagType`. */
const STRING = 0
const DOUBLE = 1
const BOOL = 2
const LONG = 3
const BINARY = 4
/** OTLP's kinds, whose first two need no word. */
const KINDS = ['', '', 'server', 'client', 'producer', 'consumer']

type Tag = readonly [key: string, value: DecodedValue]

/** The struct `Process`. */
export function processOf(resource: Resource, writer: ThriftWriter): Uint8Array {
  const { 'service.name': service, ...rest } = resource.attributes
  writer.string(1, String(service ?? 'unknown_service'))
  writeTags(writer, 2, Object.entries(rest))
  writer.end()
  return writer.finish()
}

/** The struct `Span` of a record. */
export function spanOf(record: Uint8Array, scopes: ScopeTable, writer: ThriftWriter): Uint8Array {
  const span = decodeRecord(record)
  writer.i64(1, half(span.traceId, 8))
  writer.i64(2, half(span.traceId, 0))
  writer.i64(3, half(span.spanId, 0))
  writer.i64(4, half(span.parentSpanId, 0))
  writer.string(5, span.name)
  if (span.links.length > 0) {
    writer.structs(6, span.links.length)
    for (const link of span.links) {
      writer.element()
      writer.i32(1, FOLLOWS_FROM)
      writer.i64(2, half(link.traceId, 8))
      writer.i64(3, half(link.traceId, 0))
      writer.i64(4, half(link.spanId, 0))
      writer.end()
    }
  }
  writer.i32(7, span.flags & 1)
  writer.i64(8, span.startNs / 1_000n)
  writer.i64(9, positive(span.endNs - span.startNs) / 1_000n)
  writeTags(writer, 10, tagsOf(span, scopes.of(record)?.instrumentationScope))
  if (span.events.length > 0) {
    writer.structs(11, span.events.length)
    for (const event of span.events) writeLog(writer, event)
  }
  writer.end()
  return writer.finish()
}

function tagsOf(span: DecodedSpan, scope: { name: string; version?: string } | undefined): Tag[] {
  const tags: Tag[] = [...span.attributes]
  const kind = KINDS[span.kind] ?? ''
  if (kind !== '') tags.push(['span.kind', kind])
  if (span.statusCode === 1) tags.push(['otel.status_code', 'OK'])
  if (span.statusCode === 2) tags.push(['otel.status_code', 'ERROR'], ['error', true])
  if (span.statusMessage !== '') tags.push(['otel.status_description', span.statusMessage])
  if (span.traceState !== '') tags.push(['w3c.tracestate', span.traceState])
  if (scope !== undefined && scope.name !== '') tags.push(['otel.scope.name', scope.name])
  if (scope?.version !== undefined) tags.push(['otel.scope.version', scope.version])
  if (span.droppedAttributes > 0) tags.push(['otel.dropped_attributes_count', BigInt(span.droppedAttributes)])
  if (span.droppedEvents > 0) tags.push(['otel.dropped_events_count', BigInt(span.droppedEvents)])
  if (span.droppedLinks > 0) tags.push(['otel.dropped_links_count', BigInt(span.droppedLinks)])
  return tags
}

/** The name of an event is its field `event`, unless it has an attribute of that name. */
function writeLog(writer: ThriftWriter, event: DecodedEvent): void {
  const fields: Tag[] = [...event.attributes]
  if (!event.attributes.has('event')) fields.unshift(['event', event.name])
  if (event.droppedAttributes > 0) {
    fields.push(['otel.dropped_attributes_count', BigInt(event.droppedAttributes)])
  }
  writer.element()
  writer.i64(1, event.timeNs / 1_000n)
  // Unlike the tags of a span they are not optional.
  writer.structs(2, fields.length)
  for (const [key, value] of fields) writeTag(writer, key, value)
  writer.end()
}

function writeTags(writer: ThriftWriter, field: number, tags: readonly Tag[]): void {
  if (tags.length === 0) return
  writer.structs(field, tags.length)
  for (const [key, value] of tags) writeTag(writer, key, value)
}

function writeTag(writer: ThriftWriter, key: string, value: DecodedValue): void {
  writer.element()
  writer.string(1, key)
  if (typeof value === 'boolean') {
    writer.i32(2, BOOL)
    writer.bool(5, value)
  } else if (typeof value === 'bigint' || Number.isSafeInteger(value)) {
    writer.i32(2, LONG)
    writer.i64(6, BigInt(value as bigint | number))
  } else if (typeof value === 'number') {
    writer.i32(2, DOUBLE)
    writer.double(4, value)
  } else if (value instanceof Uint8Array) {
    writer.i32(2, BINARY)
    writer.binary(7, value)
  } else {
    writer.i32(2, STRING)
    writer.string(3, textOfValue(value))
  }
  writer.end()
}

/** Eight bytes as a signed integer; 0 where there are none. */
function half(id: Uint8Array, from: number): bigint {
  if (id.length < from + 8) return 0n
  return new DataView(id.buffer, id.byteOffset + from, 8).getBigInt64(0)
}

function positive(ns: bigint): bigint {
  return ns > 0n ? ns : 0n
}
