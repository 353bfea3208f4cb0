/**
 * A batch of records as OTLP in JSON: OTLP 1.10, "JSON Protobuf Encoding". Ids are hexadecimal digits, enums numbers, and
 * 64-bit integers text; what has its default is left out.
 */
import type { Resource } from '@triscope/core'
import {
  type DecodedAttributes,
  type DecodedEvent,
  type DecodedLink,
  type DecodedSpan,
  type DecodedValue,
  decodeRecord,
  hexOf,
} from '../decoded-span.ts'
import { recordsByScope, type ScopeTable } from '../scope.ts'

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined }

/** Makes the text of one `ExportTraceServiceRequest` from records, on one line. */
export function createOtlpJson(
  resource: Resource,
  scopes: ScopeTable,
): (records: readonly Uint8Array[]) => string {
  const encodedResource = { attributes: attributesOf(new Map(Object.entries(resource.attributes))) }
  return (records) => {
    const scopeSpans = recordsByScope(records).map((group) => scopeSpansOf(group, scopes))
    return JSON.stringify({ resourceSpans: [{ resource: encodedResource, scopeSpans }] })
  }
}

/** The same as bytes, for a request. */
export function createJsonFrame(
  resource: Resource,
  scopes: ScopeTable,
): (records: readonly Uint8Array[]) => Uint8Array {
  const toJson = createOtlpJson(resource, scopes)
  return (records) => Buffer.from(toJson(records))
}

function scopeSpansOf(group: readonly Uint8Array[], scopes: ScopeTable): Json {
  const first = group[0]
  const scope = first === undefined ? undefined : scopes.of(first)?.instrumentationScope
  return {
    scope: { name: scope?.name ?? '', version: scope?.version },
    spans: group.map((record) => spanOf(decodeRecord(record))),
    schemaUrl: scope?.schemaUrl,
  }
}

function spanOf(span: DecodedSpan): Json {
  return {
    traceId: hexOf(span.traceId),
    spanId: hexOf(span.spanId),
    traceState: span.traceState || undefined,
    parentSpanId: hexOf(span.parentSpanId) || undefined,
    flags: span.flags || undefined,
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: String(span.startNs),
    endTimeUnixNano: String(span.endNs),
    attributes: attributesOf(span.attributes),
    droppedAttributesCount: span.droppedAttributes || undefined,
    events: listOf(span.events, eventOf),
    droppedEventsCount: span.droppedEvents || undefined,
    links: listOf(span.links, linkOf),
    droppedLinksCount: span.droppedLinks || undefined,
    status:
      span.statusCode === 0 ? undefined : { code: span.statusCode, message: span.statusMessage || undefined },
  }
}

function eventOf(event: DecodedEvent): Json {
  return {
    timeUnixNano: String(event.timeNs),
    name: event.name,
    attributes: attributesOf(event.attributes),
    droppedAttributesCount: event.droppedAttributes || undefined,
  }
}

function linkOf(link: DecodedLink): Json {
  return {
    traceId: hexOf(link.traceId),
    spanId: hexOf(link.spanId),
    traceState: link.traceState || undefined,
    attributes: attributesOf(link.attributes),
    droppedAttributesCount: link.droppedAttributes || undefined,
    flags: link.flags || undefined,
  }
}

function listOf<T>(list: readonly T[], write: (item: T) => Json): Json | undefined {
  return list.length === 0 ? undefined : list.map(write)
}

function attributesOf(attributes: DecodedAttributes): Json | undefined {
  return listOf([...attributes], ([key, value]) => ({ key, value: anyValueOf(value) }))
}

/** One field of an `AnyValue`, or none for nothing. */
function anyValueOf(value: DecodedValue): Json {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint') return { intValue: String(value) }
  if (typeof value === 'number') return numberOf(value)
  if (value === null) return {}
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') }
  if (value instanceof Map) return { kvlistValue: { values: attributesOf(value) ?? [] } }
  return { arrayValue: { values: (value as readonly DecodedValue[]).map(anyValueOf) } }
}

/** A resource has numbers as JavaScript has them. ProtoJSON: what JSON has no number for is text. */
function numberOf(value: number): Json {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return { intValue: String(value) }
  if (Object.is(value, -0)) return { doubleValue: '-0' }
  return { doubleValue: Number.isFinite(value) ? value : String(value) }
}
