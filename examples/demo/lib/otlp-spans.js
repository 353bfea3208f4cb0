// @ts-check
/**
 * OTLP trace requests, read by the definitions that OpenTelemetry publishes and generates its own exporters from.
 * Invariant: nothing in here knows how Triscope writes them.
 */
import definitions from '@opentelemetry/otlp-transformer/build/src/generated/root.js'

/**
 * @typedef {Readonly<Record<string, string>>} Attributes
 * @typedef {object} ReceivedSpan
 * @property {string} service `service.name` of its resource
 * @property {string} traceId 32 hex digits
 * @property {string} spanId 16 hex digits
 * @property {string | undefined} parentSpanId `undefined` for the root of a trace
 * @property {string} name
 * @property {'internal' | 'server' | 'client' | 'producer' | 'consumer'} kind
 * @property {number} startMs since the epoch, exact to the microsecond
 * @property {number} durationMs
 * @property {boolean} failed status `ERROR`
 * @property {string | undefined} error what was recorded on it: type and message of its first exception
 * @property {Attributes} attributes as text
 */

/** @typedef {{ key: string, value: Record<string, unknown> | null }} KeyValue */

/**
 * What is used of the definitions, which come without types of their own.
 * @typedef {object} WireSpan
 * @property {Uint8Array} traceId
 * @property {Uint8Array} spanId
 * @property {Uint8Array} parentSpanId
 * @property {string} name
 * @property {number} kind
 * @property {string} startTimeUnixNano
 * @property {string} endTimeUnixNano
 * @property {KeyValue[]} attributes
 * @property {{ code: number } | null} status
 * @property {{ name: string, attributes: KeyValue[] }[]} events
 * @typedef {{ resourceSpans: { resource: { attributes: KeyValue[] } | null, scopeSpans: { spans: WireSpan[] }[] }[] }} WireRequest
 * @typedef {object} RequestDefinition
 * @property {(body: Uint8Array) => object} decode
 * @property {(message: object, options: object) => WireRequest} toObject
 * @property {(request: object) => { finish(): Uint8Array }} encode
 */

/**
 * @typedef {{ collector: { trace: { v1: { ExportTraceServiceRequest: RequestDefinition } } } }} Proto
 * @type {unknown}
 */
const root = definitions
/** `ExportTraceServiceRequest` of trace_service.proto. */
export const TraceRequest = /** @type {{ opentelemetry: { proto: Proto } }} */ (root).opentelemetry.proto
  .collector.trace.v1.ExportTraceServiceRequest

/** `SpanKind` of trace.proto; 0 is unspecified, which the specification says to read as internal. */
const KINDS = /** @type {const} */ (['internal', 'internal', 'server', 'client', 'producer', 'consumer'])
/** `Status.StatusCode` of trace.proto. */
const STATUS_ERROR = 2

/**
 * The spans of one request body, already decompressed. Throws when it is no `ExportTraceServiceRequest`.
 * @param {Uint8Array} body
 * @returns {ReceivedSpan[]}
 */
export function spansOf(body) {
  const request = TraceRequest.toObject(TraceRequest.decode(body), {
    longs: String,
    defaults: true,
    arrays: true,
  })
  const spans = []
  for (const { resource, scopeSpans } of request.resourceSpans) {
    const service = attributesOf(resource?.attributes ?? [])['service.name'] ?? 'unknown_service'
    for (const scope of scopeSpans) for (const span of scope.spans) spans.push(toSpan(service, span))
  }
  return spans
}

/** @param {string} service @param {WireSpan} span @returns {ReceivedSpan} */
function toSpan(service, span) {
  const start = BigInt(span.startTimeUnixNano)
  return {
    service,
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: span.parentSpanId.length === 0 ? undefined : hex(span.parentSpanId),
    name: span.name,
    kind: KINDS[span.kind] ?? 'internal',
    startMs: Number(start / 1_000n) / 1_000,
    durationMs: Number(BigInt(span.endTimeUnixNano) - start) / 1_000_000,
    failed: span.status?.code === STATUS_ERROR,
    error: errorOf(span.events),
    attributes: attributesOf(span.attributes),
  }
}

/** @param {{ name: string, attributes: KeyValue[] }[]} events */
function errorOf(events) {
  const exception = events.find(({ name }) => name === 'exception')
  if (exception === undefined) return undefined
  const attributes = attributesOf(exception.attributes)
  return [attributes['exception.type'], attributes['exception.message']].filter(Boolean).join(': ')
}

/** @param {readonly KeyValue[]} pairs @returns {Attributes} */
function attributesOf(pairs) {
  /** @type {Record<string, string>} */
  const attributes = Object.create(null)
  for (const { key, value } of pairs) attributes[key] = textOf(value)
  return attributes
}

/** One field of `AnyValue` is set; with defaults the others are there too, as `null`. @param {KeyValue['value']} value */
function textOf(value) {
  const set = Object.entries(value ?? {}).find(([field, content]) => field !== 'value' && content !== null)
  if (set === undefined) return ''
  return typeof set[1] === 'object' ? JSON.stringify(set[1]) : String(set[1])
}

/** @param {Uint8Array} bytes */
function hex(bytes) {
  return Buffer.from(bytes).toString('hex')
}
