/**
 * Reads a span's record back, so that it can be said in another format: off the hot path, when a batch is framed.
 *
 * Invariant: it reads what `SpanEncoder` writes, and skips fields it does not know; it is no parser of foreign bytes.
 */
import { ProtobufReader } from '@triscope/delivery'
import { SCOPE_HEADER_BYTES } from './scope.ts'

/** An `AnyValue`: text, a boolean, an integer, a float, bytes, a list, a map, or nothing. */
export type DecodedValue =
  | string
  | boolean
  | bigint
  | number
  | Uint8Array
  | null
  | readonly DecodedValue[]
  | ReadonlyMap<string, DecodedValue>

/** In the order they were set. */
export type DecodedAttributes = ReadonlyMap<string, DecodedValue>

export interface DecodedEvent {
  timeNs: bigint
  name: string
  attributes: Map<string, DecodedValue>
  droppedAttributes: number
}

export interface DecodedLink {
  traceId: Uint8Array
  spanId: Uint8Array
  traceState: string
  attributes: Map<string, DecodedValue>
  droppedAttributes: number
  flags: number
}

/** Ids are bytes, empty where there is none; times are nanoseconds since 1970; enums have OTLP's numbers. */
export interface DecodedSpan {
  traceId: Uint8Array
  spanId: Uint8Array
  parentSpanId: Uint8Array
  traceState: string
  name: string
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number
  startNs: bigint
  endNs: bigint
  attributes: Map<string, DecodedValue>
  droppedAttributes: number
  events: DecodedEvent[]
  droppedEvents: number
  links: DecodedLink[]
  droppedLinks: number
  statusMessage: string
  /** 0 unset, 1 ok, 2 error. */
  statusCode: number
  flags: number
}

const NO_ID = new Uint8Array(0)

/** The span of a record, whose scope's header is passed over. */
export function decodeRecord(record: Uint8Array): DecodedSpan {
  const reader = new ProtobufReader(record.subarray(SCOPE_HEADER_BYTES))
  const span: DecodedSpan = {
    traceId: NO_ID,
    spanId: NO_ID,
    parentSpanId: NO_ID,
    traceState: '',
    name: '',
    kind: 0,
    startNs: 0n,
    endNs: 0n,
    attributes: new Map(),
    droppedAttributes: 0,
    events: [],
    droppedEvents: 0,
    links: [],
    droppedLinks: 0,
    statusMessage: '',
    statusCode: 0,
    flags: 0,
  }
  for (let field = reader.next(); field !== 0; field = reader.next()) readSpanField(reader, field, span)
  return span
}

/** `opentelemetry.proto.trace.v1.Span`. */
function readSpanField(reader: ProtobufReader, field: number, span: DecodedSpan): void {
  switch (field) {
    case 1:
      span.traceId = reader.bytes()
      break
    case 2:
      span.spanId = reader.bytes()
      break
    case 3:
      span.traceState = reader.string()
      break
    case 4:
      span.parentSpanId = reader.bytes()
      break
    case 5:
      span.name = reader.string()
      break
    case 6:
      span.kind = reader.uint()
      break
    case 7:
      span.startNs = reader.fixed64()
      break
    case 8:
      span.endNs = reader.fixed64()
      break
    case 9:
      readAttribute(reader.message(), span.attributes)
      break
    case 10:
      span.droppedAttributes = reader.uint()
      break
    case 11:
      span.events.push(readEvent(reader.message()))
      break
    case 12:
      span.droppedEvents = reader.uint()
      break
    case 13:
      span.links.push(readLink(reader.message()))
      break
    case 14:
      span.droppedLinks = reader.uint()
      break
    case 15:
      readStatus(reader.message(), span)
      break
    case 16:
      span.flags = reader.fixed32()
      break
    default:
      reader.skip()
  }
}

function readEvent(reader: ProtobufReader): DecodedEvent {
  const event: DecodedEvent = { timeNs: 0n, name: '', attributes: new Map(), droppedAttributes: 0 }
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) event.timeNs = reader.fixed64()
    else if (field === 2) event.name = reader.string()
    else if (field === 3) readAttribute(reader.message(), event.attributes)
    else if (field === 4) event.droppedAttributes = reader.uint()
    else reader.skip()
  }
  return event
}

function readLink(reader: ProtobufReader): DecodedLink {
  const link: DecodedLink = {
    traceId: NO_ID,
    spanId: NO_ID,
    traceState: '',
    attributes: new Map(),
    droppedAttributes: 0,
    flags: 0,
  }
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) link.traceId = reader.bytes()
    else if (field === 2) link.spanId = reader.bytes()
    else if (field === 3) link.traceState = reader.string()
    else if (field === 4) readAttribute(reader.message(), link.attributes)
    else if (field === 5) link.droppedAttributes = reader.uint()
    else if (field === 6) link.flags = reader.fixed32()
    else reader.skip()
  }
  return link
}

function readStatus(reader: ProtobufReader, span: DecodedSpan): void {
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) span.statusMessage = reader.string()
    else if (field === 3) span.statusCode = reader.uint()
    else reader.skip()
  }
}

/** `KeyValue`. */
function readAttribute(reader: ProtobufReader, into: Map<string, DecodedValue>): void {
  let key = ''
  let value: DecodedValue = null
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) key = reader.string()
    else if (field === 2) value = readValue(reader.message())
    else reader.skip()
  }
  into.set(key, value)
}

/** `AnyValue`; of its fields one is set, or none. */
function readValue(reader: ProtobufReader): DecodedValue {
  let value: DecodedValue = null
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) value = reader.string()
    else if (field === 2) value = reader.uint() !== 0
    else if (field === 3) value = reader.int()
    else if (field === 4) value = reader.double()
    else if (field === 5) value = readList(reader.message())
    else if (field === 6) value = readMap(reader.message())
    else if (field === 7) value = reader.bytes()
    else reader.skip()
  }
  return value
}

function readList(reader: ProtobufReader): DecodedValue[] {
  const values: DecodedValue[] = []
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) values.push(readValue(reader.message()))
    else reader.skip()
  }
  return values
}

function readMap(reader: ProtobufReader): Map<string, DecodedValue> {
  const values = new Map<string, DecodedValue>()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) readAttribute(reader.message(), values)
    else reader.skip()
  }
  return values
}

/** An id in lower-case hexadecimal digits. */
export function hexOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString('hex')
}
