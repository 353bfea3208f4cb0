/**
 * A finished span as OTLP protobuf bytes: `opentelemetry.proto.trace.v1.Span`, opentelemetry-proto 1.9.
 *
 * Invariant: a record is the scope's header followed by the fields of the span without their length prefix, so that
 * further fields can be appended to it, and a batch is put together by copying.
 */
import {
  type Attributes,
  type AttributeValue,
  type Link,
  type SpanContext,
  SpanStatusCode,
} from '@opentelemetry/api'
import type { TimedEvent } from '@opentelemetry/sdk-trace-base'
import { ProtobufWriter } from '@triscope/delivery'
import type { TraceIdentity } from './ids.ts'
import type { LocalSpan } from './local-span.ts'
import type { ParentIds, SpanRecord } from './span-record.ts'

/** `SpanFlags`: bits 8 and 9 say whether it is known that the parent, or the linked span, is remote, and if it is. */
const HAS_IS_REMOTE = 0x100
const IS_REMOTE = 0x200

/** The enum's values are one above the API's: 0 is `UNSPECIFIED`. */
const KIND_OFFSET = 1

export class SpanEncoder {
  readonly #writer = new ProtobufWriter()
  readonly #traceId = new Uint8Array(16)
  readonly #spanId = new Uint8Array(8)
  readonly #traceIdView = new DataView(this.#traceId.buffer)
  readonly #spanIdView = new DataView(this.#spanId.buffer)

  /** The record of a span that has ended. */
  encode(span: LocalSpan, record: SpanRecord): Uint8Array {
    const writer = this.#writer
    try {
      writer.raw(record.scope.header)
      this.#writeTraceId(span.trace)
      this.#writeSpanId(2, span.idWord0, span.idWord1)
      if (span.traceState !== undefined) writer.string(3, span.traceState.serialize())
      if (record.parent !== undefined) this.#writeParent(record.parent)
      writer.string(5, record.name)
      writer.uint(6, record.kind + KIND_OFFSET)
      writer.time(7, record.startTime[0], record.startTime[1])
      writer.time(8, record.endTime[0], record.endTime[1])
      const { pairs, dropped } = record.attributes
      for (let i = 0; i < pairs.length; i += 2) {
        writeAttribute(writer, 9, pairs[i] as string, pairs[i + 1] as AttributeValue)
      }
      if (dropped > 0) writer.uint(10, dropped)
      if (record.events !== undefined) for (const event of record.events) writeEvent(writer, event)
      if (record.droppedEvents > 0) writer.uint(12, record.droppedEvents)
      if (record.links !== undefined) for (const link of record.links) writeLink(writer, link)
      if (record.droppedLinks > 0) writer.uint(14, record.droppedLinks)
      if (record.statusCode !== SpanStatusCode.UNSET) writeStatus(writer, record)
      writer.fixed32(16, flagsOf(span.traceFlags, record.parent?.foreign?.isRemote))
      return writer.finish()
    } catch (error) {
      writer.reset()
      throw error
    }
  }

  #writeTraceId(trace: TraceIdentity): void {
    const view = this.#traceIdView
    view.setInt32(0, trace.word0)
    view.setInt32(4, trace.word1)
    view.setInt32(8, trace.word2)
    view.setInt32(12, trace.word3)
    this.#writer.bytes(1, this.#traceId)
  }

  #writeSpanId(field: number, word0: number, word1: number): void {
    this.#spanIdView.setInt32(0, word0)
    this.#spanIdView.setInt32(4, word1)
    this.#writer.bytes(field, this.#spanId)
  }

  #writeParent(parent: ParentIds): void {
    if (parent.foreign === undefined) this.#writeSpanId(4, parent.idWord0, parent.idWord1)
    else this.#writer.hex(4, parent.foreign.spanId)
  }
}

/** Writes a `KeyValue`. */
export function writeAttribute(
  writer: ProtobufWriter,
  field: number,
  key: string,
  value: AttributeValue,
): void {
  const attribute = writer.begin(field)
  writer.string(1, key)
  const any = writer.begin(2)
  writeValue(writer, value)
  writer.end(any)
  writer.end(attribute)
}

/** Writes the one field of an `AnyValue`. Whole numbers are integers, which is what OpenTelemetry JS sends. */
function writeValue(writer: ProtobufWriter, value: AttributeValue): void {
  if (typeof value === 'string') writer.string(1, value)
  else if (typeof value === 'boolean') writer.bool(2, value)
  else if (typeof value === 'number') {
    // Beyond 2^53 an integer has no exact varint here; minus zero has none anywhere.
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) writer.int(3, value)
    else writer.double(4, value)
  } else {
    const array = writer.begin(5)
    for (const item of value) {
      const element = writer.begin(1)
      // An empty AnyValue stands for null.
      if (item !== null && item !== undefined) writeValue(writer, item)
      writer.end(element)
    }
    writer.end(array)
  }
}

function writeAttributes(writer: ProtobufWriter, field: number, attributes: Attributes): void {
  for (const key of Object.keys(attributes)) {
    const value = attributes[key]
    if (value !== undefined) writeAttribute(writer, field, key, value)
  }
}

function writeEvent(writer: ProtobufWriter, event: TimedEvent): void {
  const message = writer.begin(11)
  writer.time(1, event.time[0], event.time[1])
  writer.string(2, event.name)
  if (event.attributes !== undefined) writeAttributes(writer, 3, event.attributes)
  if (event.droppedAttributesCount) writer.uint(4, event.droppedAttributesCount)
  writer.end(message)
}

function writeLink(writer: ProtobufWriter, link: Link): void {
  const { context } = link
  const message = writer.begin(13)
  writer.hex(1, context.traceId)
  writer.hex(2, context.spanId)
  const traceState = stateOf(context)
  if (traceState !== '') writer.string(3, traceState)
  if (link.attributes !== undefined) writeAttributes(writer, 4, link.attributes)
  if (link.droppedAttributesCount) writer.uint(5, link.droppedAttributesCount)
  writer.fixed32(6, flagsOf(context.traceFlags, context.isRemote))
  writer.end(message)
}

function writeStatus(writer: ProtobufWriter, record: SpanRecord): void {
  const status = writer.begin(15)
  if (record.statusMessage !== undefined) writer.string(2, record.statusMessage)
  writer.uint(3, record.statusCode)
  writer.end(status)
}

function flagsOf(traceFlags: number, isRemote: boolean | undefined): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (isRemote === true ? IS_REMOTE : 0)
}

function stateOf(context: SpanContext): string {
  return context.traceState?.serialize() ?? ''
}
