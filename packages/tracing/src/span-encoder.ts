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
import { isWorth, type RememberedKey, repeats } from './attribute-memory.ts'
import type { AttributeKey } from './attributes.ts'
import type { SpanIds } from './local-span.ts'
import type { ParentIds, SpanRecord } from './span-record.ts'

/** `SpanFlags`: bits 8 and 9 say whether it is known that the parent, or the linked span, is remote, and if it is. */
const HAS_IS_REMOTE = 0x100
const IS_REMOTE = 0x200

/** The enum's values are one above the API's: 0 is `UNSPECIFIED`. */
const KIND_OFFSET = 1

/**
 * A record that has grown to this takes no further attribute, event or link; they are counted in it like those beyond
 * the limits. A delivery holds 8 MiB by default, and a larger record would be lost as a whole.
 */
const FULL_BYTES = 4 * 1024 * 1024
/** A name or a message that is longer was never meant to be one. */
const MAX_TEXT = 65_536

export class SpanEncoder {
  readonly #writer = new ProtobufWriter()

  /** The record of a span that has ended. */
  encode(span: SpanIds, record: SpanRecord): Uint8Array {
    const writer = this.#writer
    try {
      writer.raw(record.scope.header)
      const { trace } = span
      writer.words4(1, trace.word0, trace.word1, trace.word2, trace.word3)
      writer.words2(2, span.idWord0, span.idWord1)
      if (span.traceState !== undefined) writer.string(3, span.traceState.serialize())
      if (record.parent !== undefined) writeParent(writer, record.parent)
      writer.string(5, bounded(record.name))
      writer.uint(6, record.kind + KIND_OFFSET)
      writer.time(7, record.startSeconds, record.startNanos)
      writer.time(8, record.endSeconds, record.endNanos)
      const { pairs } = record.attributes
      let { dropped } = record.attributes
      for (let i = 0; i < pairs.length; i += 2) {
        if (writer.length >= FULL_BYTES) dropped++
        else writeOwn(writer, pairs[i] as AttributeKey, pairs[i + 1] as AttributeValue)
      }
      if (dropped > 0) writer.uint(10, dropped)
      const droppedEvents = record.droppedEvents + writeEach(writer, record.events, writeEvent)
      if (droppedEvents > 0) writer.uint(12, droppedEvents)
      const droppedLinks = record.droppedLinks + writeEach(writer, record.links, writeLink)
      if (droppedLinks > 0) writer.uint(14, droppedLinks)
      if (record.statusCode !== SpanStatusCode.UNSET) writeStatus(writer, record)
      writer.fixed32(16, flagsOf(span.traceFlags, record.parent?.foreign?.isRemote))
      return writer.finish()
    } catch (error) {
      writer.reset()
      throw error
    }
  }
}

/** Writes an attribute of the span itself, from memory where it can. */
function writeOwn(writer: ProtobufWriter, key: AttributeKey, value: AttributeValue): void {
  if (typeof key === 'string') writeAttribute(writer, 9, key, value)
  else if (repeats(key, value)) writer.raw(key.bytes as Uint8Array)
  else writeAndRemember(writer, key, value)
}

function writeAndRemember(writer: ProtobufWriter, known: RememberedKey, value: AttributeValue): void {
  const from = writer.length
  const attribute = writer.begin(9)
  writer.raw(known.encoded)
  const any = writer.begin(2)
  writeValue(writer, value)
  writer.end(any)
  writer.end(attribute)
  known.bytes = isWorth(known, value) ? writer.copyFrom(from) : undefined
  known.value = value
}

function writeParent(writer: ProtobufWriter, parent: ParentIds): void {
  if (parent.foreign === undefined) writer.words2(4, parent.idWord0, parent.idWord1)
  else writer.hex(4, parent.foreign.spanId)
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

/** Returns how many found the record full. */
function writeEach<T>(
  writer: ProtobufWriter,
  list: readonly T[] | undefined,
  write: (writer: ProtobufWriter, item: T) => void,
): number {
  if (list === undefined) return 0
  let dropped = 0
  for (const item of list) {
    if (writer.length >= FULL_BYTES) dropped++
    else write(writer, item)
  }
  return dropped
}

/** Returns how many found the record full. */
function writeAttributes(writer: ProtobufWriter, field: number, attributes: Attributes): number {
  let dropped = 0
  for (const key of Object.keys(attributes)) {
    const value = attributes[key]
    if (value === undefined) continue
    if (writer.length >= FULL_BYTES) dropped++
    else writeAttribute(writer, field, key, value)
  }
  return dropped
}

function writeEvent(writer: ProtobufWriter, event: TimedEvent): void {
  const message = writer.begin(11)
  writer.time(1, event.time[0], event.time[1])
  writer.string(2, bounded(event.name))
  const full = event.attributes === undefined ? 0 : writeAttributes(writer, 3, event.attributes)
  const dropped = (event.droppedAttributesCount ?? 0) + full
  if (dropped > 0) writer.uint(4, dropped)
  writer.end(message)
}

function writeLink(writer: ProtobufWriter, link: Link): void {
  const { context } = link
  const message = writer.begin(13)
  writer.hex(1, context.traceId)
  writer.hex(2, context.spanId)
  const traceState = stateOf(context)
  if (traceState !== '') writer.string(3, traceState)
  const full = link.attributes === undefined ? 0 : writeAttributes(writer, 4, link.attributes)
  const dropped = (link.droppedAttributesCount ?? 0) + full
  if (dropped > 0) writer.uint(5, dropped)
  writer.fixed32(6, flagsOf(context.traceFlags, context.isRemote))
  writer.end(message)
}

function writeStatus(writer: ProtobufWriter, record: SpanRecord): void {
  const status = writer.begin(15)
  if (record.statusMessage !== undefined) writer.string(2, bounded(record.statusMessage))
  writer.uint(3, record.statusCode)
  writer.end(status)
}

function flagsOf(traceFlags: number, isRemote: boolean | undefined): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (isRemote === true ? IS_REMOTE : 0)
}

function bounded(text: string): string {
  return text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text
}

function stateOf(context: SpanContext): string {
  return context.traceState?.serialize() ?? ''
}
