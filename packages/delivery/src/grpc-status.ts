/**
 * What the end of a gRPC call means for the bytes that were sent, and how to say it to a human.
 *
 * Invariant: tried again are the codes that OTLP 1.10, "OTLP/gRPC Response", names as retryable, with the wait that a
 * `RetryInfo` asks for, and nothing else; `RESOURCE_EXHAUSTED` only where there is a `RetryInfo`.
 */
import { ExportError } from './export-error.ts'
import type { Endpoint } from './http-result.ts'
import { type Answer, oneLine } from './otlp-answer.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import type { SendResult } from './sender.ts'

/** Names of the codes, 0 and up: gRPC, "Status codes". */
const NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const

const RETRYABLE: ReadonlySet<string> = new Set([
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNAVAILABLE',
  'DATA_LOSS',
])

/** The trailers of a call, as HTTP/2 gave them. */
export interface GrpcTrailers {
  readonly status: string
  /** Percent-encoded. */
  readonly message: string | undefined
  /** A `google.rpc.Status` in base64. */
  readonly details: string | undefined
}

/** The result of a call that ended with a status. @param answer what the message said, where there was one */
export function resultOfStatus(
  endpoint: Endpoint,
  trailers: GrpcTrailers,
  answer: Answer | undefined,
): SendResult {
  const code = /^\d{1,2}$/.test(trailers.status) ? Number(trailers.status) : 2
  const name = NAMES[code] ?? 'UNKNOWN'
  if (code === 0) {
    const said = answer?.message
    return {
      kind: 'accepted',
      ...(answer?.rejected === undefined ? {} : { rejected: answer.rejected }),
      ...(said === undefined ? {} : { message: `${endpoint.url} answered OK: ${endpoint.clean(said)}` }),
    }
  }
  const message = oneLine(percentDecoded(trailers.message ?? ''))
  const said = message === '' ? '' : `: ${endpoint.clean(message)}`
  const afterMs = retryDelayMs(trailers.details)
  const cause = new ExportError(name, `${endpoint.url} answered ${name}${said}${remedyFor(name, afterMs)}`)
  const again = RETRYABLE.has(name) || (name === 'RESOURCE_EXHAUSTED' && afterMs !== undefined)
  if (!again) return { kind: 'refused', cause }
  return { kind: 'retry', cause, ...(afterMs === undefined || afterMs === 0 ? {} : { afterMs }) }
}

function remedyFor(name: string, afterMs: number | undefined): string {
  if (name === 'UNAUTHENTICATED' || name === 'PERMISSION_DENIED') {
    return '; check the credentials in the headers of the exporter'
  }
  if (name === 'UNIMPLEMENTED') return '; is this an OTLP endpoint that takes this signal?'
  if (name === 'RESOURCE_EXHAUSTED' && afterMs === undefined) {
    return '; send smaller batches (maxBatchBytes), or raise the limit of the backend'
  }
  return ''
}

/** Milliseconds of the `RetryInfo` in a `google.rpc.Status`; `undefined` when there is none, or no reading it. */
function retryDelayMs(details: string | undefined): number | undefined {
  if (details === undefined) return undefined
  try {
    const status = new ProtobufReader(Buffer.from(details, 'base64'))
    for (let field = status.next(); field !== 0; field = status.next()) {
      const delayMs = field === 3 && status.hasLength ? delayOf(status.message()) : skipped(status)
      if (delayMs !== undefined) return delayMs
    }
  } catch {
    // Not a status: the code alone decides.
  }
  return undefined
}

/** `google.protobuf.Any`: type 1, value 2. */
function delayOf(any: ProtobufReader): number | undefined {
  let type = ''
  let value: Uint8Array | undefined
  for (let field = any.next(); field !== 0; field = any.next()) {
    if (field === 1 && any.hasLength) type = any.string()
    else if (field === 2 && any.hasLength) value = any.bytes()
    else any.skip()
  }
  if (!type.endsWith('/google.rpc.RetryInfo') || value === undefined) return undefined
  const info = new ProtobufReader(value)
  for (let field = info.next(); field !== 0; field = info.next()) {
    if (field === 1 && info.hasLength) return durationMs(info.message())
    info.skip()
  }
  return 0
}

/** `google.protobuf.Duration`: seconds 1, nanoseconds 2; negative ones are none. */
function durationMs(duration: ProtobufReader): number {
  let ms = 0
  for (let field = duration.next(); field !== 0; field = duration.next()) {
    if (field === 1 && duration.isVarint) ms += Number(duration.int()) * 1_000
    else if (field === 2 && duration.isVarint) ms += Number(duration.int()) / 1e6
    else duration.skip()
  }
  return Math.max(0, ms)
}

function skipped(reader: ProtobufReader): undefined {
  reader.skip()
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // gRPC over HTTP/2, "Responses": text that is not encoded well is shown as it is.
    return text
  }
}
