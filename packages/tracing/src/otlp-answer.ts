/**
 * What an OTLP endpoint answers: `ExportTraceServiceResponse`, of which only `partial_success` says anything.
 *
 * Invariant: whatever the bytes are, reading ends and nothing is thrown; an answer that cannot be read says nothing.
 */

/** Spans that the backend did not want, and why. */
export interface PartialSuccess {
  rejected?: number
  message?: string
}

/** Characters of the backend's message that are passed on. */
const MAX_MESSAGE = 1_000

/** Reads the body of a 2xx answer. */
export function readExportAnswer(body: Uint8Array): PartialSuccess | undefined {
  const partial = lastField(body, 1)
  if (!(partial instanceof Uint8Array)) return undefined
  const rejected = lastField(partial, 1)
  const message = lastField(partial, 2)
  const answer: PartialSuccess = {}
  if (typeof rejected === 'number' && rejected > 0) answer.rejected = rejected
  if (message instanceof Uint8Array && message.length > 0) {
    answer.message = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
      .toString('utf8')
      .slice(0, MAX_MESSAGE)
  }
  return answer.rejected === undefined && answer.message === undefined ? undefined : answer
}

/** The last value of a varint or bytes field, as protobuf has it; `undefined` where it is missing or malformed. */
function lastField(bytes: Uint8Array, wanted: number): number | Uint8Array | undefined {
  const reader = { bytes, at: 0 }
  let found: number | Uint8Array | undefined
  while (reader.at < bytes.length) {
    const tag = varint(reader)
    if (tag === undefined) return undefined
    const value = fieldValue(reader, tag % 8)
    if (value === undefined) return undefined
    if (Math.floor(tag / 8) === wanted) found = value
  }
  return found
}

interface Reader {
  readonly bytes: Uint8Array
  at: number
}

function fieldValue(reader: Reader, wireType: number): number | Uint8Array | undefined {
  switch (wireType) {
    case 0:
      return varint(reader)
    case 1:
      return slice(reader, 8)
    case 2: {
      const length = varint(reader)
      return length === undefined ? undefined : slice(reader, length)
    }
    case 5:
      return slice(reader, 4)
    default:
      return undefined
  }
}

function slice(reader: Reader, length: number): Uint8Array | undefined {
  const end = reader.at + length
  if (end > reader.bytes.length) return undefined
  const part = reader.bytes.subarray(reader.at, end)
  reader.at = end
  return part
}

function varint(reader: Reader): number | undefined {
  let value = 0
  for (let i = 0; i < 10; i++) {
    const byte = reader.bytes[reader.at++]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return value
  }
  return undefined
}
