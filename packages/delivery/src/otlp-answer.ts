/**
 * Reads what an OTLP backend answers: partial success, and the text of an error. OTLP 1.10, "OTLP/HTTP Response".
 *
 * Invariant: never throws, whatever the bytes; what cannot be read is said to be so, and the status alone decides.
 */
import { ProtobufReader } from './protobuf-reader.ts'

/** What an answer had to say. */
export interface Answer {
  /** How many records the backend rejected, although it took the request; a whole number. */
  rejected?: number
  /** For a human, on one line, cut to 500 characters. */
  message?: string
}

/**
 * Reads the answer to an export of traces, logs or metrics, in protobuf or JSON.
 * @param contentType the answer's `Content-Type`, `''` when it had none
 * @param status 2xx is read as an export response, anything else as a `google.rpc.Status`
 * @returns `undefined` when it says nothing
 */
export function readOtlpAnswer(contentType: string, body: Uint8Array, status: number): Answer | undefined {
  if (body.length === 0) return undefined
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const success = status >= 200 && status < 300
  const answer = type === 'application/json' ? fromJson(body, success) : fromBytes(type, body, success)
  if (answer !== undefined)
    return (answer.rejected ?? 0) === 0 && answer.message === undefined ? undefined : answer
  return success
    ? { message: `what it answered is not OTLP (${type === '' ? 'no content type' : oneLine(type)})` }
    : undefined
}

/** `undefined` when the body is not what its type says. */
function fromBytes(type: string, body: Uint8Array, success: boolean): Answer | undefined {
  if (type === 'application/x-protobuf') return success ? fromProtobuf(body) : statusFromProtobuf(body)
  return !success && type.startsWith('text/') ? said(textOf(body)) : undefined
}

/** `ExportTraceServiceResponse`, and those of logs and metrics, which have the same numbers. */
function fromProtobuf(body: Uint8Array): Answer | undefined {
  const partial = readField(body, 1)
  if (partial === undefined) return undefined
  if (!(partial instanceof Uint8Array)) return partial === null ? {} : undefined
  const rejected = readField(partial, 1)
  const message = readField(partial, 2)
  if (rejected === undefined || message === undefined) return undefined
  return answerOf(rejected, message instanceof Uint8Array ? textOf(message) : '')
}

/** `google.rpc.Status`: code 1, message 2. */
function statusFromProtobuf(body: Uint8Array): Answer | undefined {
  const message = readField(body, 2)
  return message instanceof Uint8Array ? said(textOf(message)) : undefined
}

function fromJson(body: Uint8Array, success: boolean): Answer | undefined {
  let root: unknown
  try {
    root = JSON.parse(textOf(body))
  } catch {
    // Not JSON after all: the caller says so.
    return undefined
  }
  if (!isObject(root)) return undefined
  if (!success) return typeof root['message'] === 'string' ? said(root['message']) : undefined
  const partial = root['partialSuccess'] ?? root['partial_success']
  if (partial === undefined || partial === null) return {}
  if (!isObject(partial)) return undefined
  const rejected =
    partial['rejectedSpans'] ?? partial['rejectedLogRecords'] ?? partial['rejectedDataPoints'] ?? 0
  const message = partial['errorMessage']
  // 64-bit integers are strings in JSON, and numbers are to be accepted: ProtoJSON.
  return answerOf(Number(rejected), typeof message === 'string' ? message : '')
}

function answerOf(rejected: unknown, message: string): Answer {
  const count = typeof rejected === 'number' && rejected > 0 ? Math.trunc(rejected) : 0
  return { rejected: count, ...said(message) }
}

function said(message: string): Answer {
  const line = oneLine(message)
  return line === '' ? {} : { message: line }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** A backend's text goes into log lines: no line breaks, no control characters, and not a page of HTML. */
export function oneLine(text: string): string {
  const line = text
    .slice(0, 2_000)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
  return line.length > 500 ? `${line.slice(0, 500)}…` : line
}

/**
 * The last value of one field of a message: a number for a varint, bytes for what has a length, `null` when it is
 * absent; `undefined` when the bytes are no message.
 */
function readField(bytes: Uint8Array, wanted: number): number | Uint8Array | null | undefined {
  let found: number | Uint8Array | null = null
  try {
    const reader = new ProtobufReader(bytes)
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === wanted && reader.isVarint) found = countOf(reader.uint())
      else if (field === wanted && reader.hasLength) found = reader.bytes()
      else reader.skip()
    }
  } catch {
    // No message: the caller says so.
    return undefined
  }
  return found
}

/** Negative numbers have the highest bit of 64, and no count is negative. */
function countOf(varint: number): number {
  return varint >= 2 ** 63 ? 0 : varint
}
