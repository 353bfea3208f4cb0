/**
 * A line as an OTLP `LogRecord`, and a batch of them as `ExportLogsServiceRequest`: opentelemetry-proto 1.9.
 *
 * Invariant: a record is bounded: 128 attributes (OpenTelemetry specification, "LogRecord Limits"), and what the line
 * maker let through of each value.
 */
import type { Resource } from '@triscope/core'
import { ProtobufWriter } from '@triscope/delivery'
import type { FormatLine } from './line-format.ts'
import { ATTRIBUTE_NAMES } from './semconv.ts'

const MAX_ATTRIBUTES = 128
/** An attribute's value nests so deep at most; the policy has cut it before. */
const MAX_DEPTH = 14

export interface LogRecordEncoder {
  /** @param wallMs when the line was made, in milliseconds since 1970 */
  encode(line: FormatLine, wallMs: number): Uint8Array
  frame(records: readonly Uint8Array[]): Uint8Array
}

/** Makes the encoder; the resource and the scope are encoded here, once. */
export function createLogRecordEncoder(
  resource: Resource,
  scope: { name: string; version: string },
): LogRecordEncoder {
  const writer = new ProtobufWriter()
  const framer = new ProtobufWriter()
  const encodedResource = encoded((to) => {
    for (const [key, value] of Object.entries(resource.attributes)) writeAttribute(to, 1, key, value)
  })
  const encodedScope = encoded((to) => {
    to.string(1, scope.name)
    to.string(2, scope.version)
  })
  return {
    encode(line, wallMs) {
      writeRecord(writer, line, wallMs)
      return writer.finish()
    },
    frame(records) {
      const resourceLogs = framer.begin(1)
      framer.bytes(1, encodedResource)
      const scopeLogs = framer.begin(2)
      framer.bytes(1, encodedScope)
      for (const record of records) framer.bytes(2, record)
      framer.end(scopeLogs)
      framer.end(resourceLogs)
      return framer.finish()
    },
  }
}

function encoded(write: (to: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter({ slabBytes: 1_024 })
  write(writer)
  return writer.finish()
}

function writeRecord(writer: ProtobufWriter, line: FormatLine, wallMs: number): void {
  writer.timeMs(1, wallMs)
  writer.uint(2, severityOf(line.level))
  writer.string(3, line.label)
  const body = writer.begin(5)
  writer.string(1, line.message)
  writer.end(body)
  let count = 0
  for (const [key, value] of attributesOf(line)) {
    if (++count <= MAX_ATTRIBUTES) writeAttribute(writer, 6, key, value)
  }
  if (count > MAX_ATTRIBUTES) writer.uint(7, count - MAX_ATTRIBUTES)
  if (line.trace !== undefined) {
    writer.fixed32(8, line.trace.flags)
    writer.hex(9, line.trace.traceId)
    writer.hex(10, line.trace.spanId)
  }
  writer.timeMs(11, wallMs)
}

/** pino's numbers to OpenTelemetry's: logs data model, "Mapping of SeverityNumber". */
function severityOf(level: number): number {
  if (level >= 60) return 21
  if (level >= 50) return 17
  if (level >= 40) return 13
  if (level >= 30) return 9
  return level >= 20 ? 5 : 1
}

function* attributesOf({ fields, isAccess }: FormatLine): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(fields) as [string, unknown][]) {
    // The resource says which service it is.
    if (key === 'service' || value === undefined || value === null) continue
    if ((key === 'err' || key === 'error') && typeof value === 'object') yield* exceptionOf(key, value)
    else yield [(isAccess ? ATTRIBUTE_NAMES[key] : undefined) ?? key, value]
  }
}

/** Semantic conventions 1.45, "Exceptions in logs". */
function* exceptionOf(key: string, error: object): Generator<[string, unknown]> {
  const { type, message, stack, ...rest } = error as Record<string, unknown>
  if (type !== undefined) yield ['exception.type', type]
  if (message !== undefined) yield ['exception.message', message]
  if (stack !== undefined) yield ['exception.stacktrace', stack]
  if (Object.keys(rest).length > 0) yield [key, rest]
}

function writeAttribute(writer: ProtobufWriter, field: number, key: string, value: unknown): void {
  const attribute = writer.begin(field)
  writer.string(1, key)
  writeAny(writer, 2, value, 0)
  writer.end(attribute)
}

/** `AnyValue`; an empty one stands for null. */
function writeAny(writer: ProtobufWriter, field: number, value: unknown, depth: number): void {
  const any = writer.begin(field)
  if (typeof value === 'string') writer.string(1, value)
  else if (typeof value === 'boolean') writer.bool(2, value)
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) writer.int(3, value)
    else writer.double(4, value)
  } else if (typeof value === 'object' && value !== null && depth < MAX_DEPTH) {
    const list = writer.begin(Array.isArray(value) ? 5 : 6)
    if (Array.isArray(value)) for (const item of value as unknown[]) writeAny(writer, 1, item, depth + 1)
    else {
      for (const [key, item] of Object.entries(value) as [string, unknown][]) {
        const member = writer.begin(1)
        writer.string(1, key)
        writeAny(writer, 2, item, depth + 1)
        writer.end(member)
      }
    }
    writer.end(list)
  }
  writer.end(any)
}
