/** One backend for each protocol of OTLP that tests of faults talk to in the same words. */
import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Clock, Diagnostics } from '@triscope/core'
import { createThreadedSender, readOtlpAnswer, type Sender, type SenderThread } from './index.ts'
import { reset, startBackend } from './scripted-backend.fixture.ts'
import { answerCall, refuseCall, resetCall, startGrpcBackend } from './scripted-grpc.fixture.ts'

/** What a backend may do with one request. */
export interface Call {
  accept(): void
  /** Answers as the protocol's table of failures says. */
  fail(failure: Failure): void
  /** Ends the connection without a word. */
  reset(): void
  /** Takes the request, but for so many records. */
  partial(rejected: number, message: string): void
  /** Answers success with a body that may be anything. */
  answer(body: Buffer): void
}

/** A status with headers over HTTP; a status with trailers over gRPC, or an HTTP status from something in between. */
export interface Failure {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Over gRPC: `status` is one of HTTP. */
  readonly byProxy?: boolean
}

export interface FaultScript {
  /** Does something with request `n`, the first being 1. */
  answer: (n: number, call: Call, records: readonly string[]) => void
  /** `false` resets the connection before the body is read. */
  takesBody?: (n: number) => boolean
  port?: number
}

export interface FaultBackend {
  readonly url: string
  readonly port: number
  readonly requests: readonly unknown[]
  close(): Promise<void>
}

export interface SenderParts {
  readonly clock: Clock
  readonly diagnostics: Diagnostics
  readonly thread: SenderThread
}

export interface Protocol {
  readonly name: string
  /** Of the URL that a backend on this port is reached by. */
  urlOf(port: number): string
  createSender(url: string, parts: SenderParts): Sender
  start(script: FaultScript): Promise<FaultBackend>
  /** Failures after which the same bytes are sent again, by scenario; and how long the backend asks to wait. */
  readonly retried: readonly [scenario: string, failure: Failure, waitMs: number][]
  /** Failures after which they are not, and the words for them. */
  readonly refused: readonly [scenario: string, failure: Failure, words: string][]
  /** The word for success. */
  readonly ok: string
}

/** The first wait, with the tests' jitter. */
const BACKOFF_MS = 500
const IN_25_S = 'Thu, 01 Jan 2026 00:00:25 GMT'

function overHttp(
  name: string,
  contentType: string,
  partialSuccess: (n: number, text: string) => Buffer,
): Protocol {
  return {
    name,
    urlOf: (port) => `http://127.0.0.1:${port}/v1/traces`,
    createSender: (url, { thread, ...parts }) =>
      createThreadedSender(
        { http: { url, contentType, compression: 'gzip', readAnswer: readOtlpAnswer, ...parts } },
        thread,
      ),
    start: ({ answer, takesBody, port }) =>
      startBackend({
        ...(port === undefined ? {} : { port }),
        head(n, req) {
          if (takesBody?.(n) !== false) return true
          req.socket.resetAndDestroy()
          return false
        },
        answer: (n, res, { body }) => answer(n, httpCall(res), body.toString().split(',')),
      }),
    retried: [
      ['1: 503 with Retry-After in seconds', { status: 503, headers: { 'retry-after': '20' } }, 20_000],
      ['2: 503 with Retry-After as a date', { status: 503, headers: { 'retry-after': IN_25_S } }, 20_000],
      ['3: 429 without a header', { status: 429 }, BACKOFF_MS],
      ['4: 502', { status: 502 }, BACKOFF_MS],
      ['4: 504', { status: 504 }, BACKOFF_MS],
    ],
    refused: [
      ['5: 400', { status: 400 }, '400'],
      ['6: 500', { status: 500 }, '500'],
      ['19: 401', { status: 401 }, '401; check the credentials in the headers of the exporter'],
      [
        '19: a redirect',
        { status: 307, headers: { location: 'http://127.0.0.2:1/v1/traces' } },
        '307, a redirect to http://127.0.0.2:1/v1/traces, which is not followed; give the final URL',
      ],
    ],
    ok: '200',
  }

  function httpCall(res: ServerResponse): Call {
    res.on('error', () => undefined)
    return {
      accept: () => void res.end(),
      fail: ({ status, headers }) => void res.writeHead(status, headers).end(),
      reset: () => reset(res),
      partial: (rejected, message) => answered(partialSuccess(rejected, message)),
      answer: answered,
    }
    function answered(body: Buffer): void {
      res.writeHead(200, { 'content-type': contentType }).end(body)
    }
  }
}

/** `ExportTracePartialSuccess` with less than 128 rejected and a short message. */
function partialInProtobuf(rejected: number, message: string): Buffer {
  const text = Buffer.from(message)
  const partial = Buffer.concat([Buffer.from([0x08, rejected, 0x12, text.length]), text])
  return Buffer.concat([Buffer.from([0x0a, partial.length]), partial])
}

function partialInJson(rejected: number, message: string): Buffer {
  return Buffer.from(
    JSON.stringify({ partialSuccess: { rejectedSpans: String(rejected), errorMessage: message, more: [1] } }),
  )
}

const overGrpc: Protocol = {
  name: 'grpc',
  urlOf: (port) => `http://127.0.0.1:${port}`,
  createSender: (url, { thread, ...parts }) =>
    createThreadedSender(
      {
        grpc: {
          url,
          method: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
          compression: 'gzip',
          readAnswer: readOtlpAnswer,
          ...parts,
        },
      },
      thread,
    ),
  start: ({ answer, takesBody, port }) =>
    startGrpcBackend({
      ...(port === undefined ? {} : { port }),
      head(n, stream) {
        if (takesBody?.(n) !== false) return true
        resetCall(stream)
        return false
      },
      answer: (n, stream, { body }) => answer(n, grpcCall(stream), body.toString().split(',')),
    }),
  retried: [
    [
      '1: UNAVAILABLE with a RetryInfo',
      { status: 14, headers: { 'grpc-status-details-bin': retryInfo(20) } },
      20_000,
    ],
    [
      '2: 503 of a proxy with Retry-After as a date',
      { status: 503, headers: { 'retry-after': IN_25_S }, byProxy: true },
      20_000,
    ],
    [
      '3: RESOURCE_EXHAUSTED with a RetryInfo',
      { status: 8, headers: { 'grpc-status-details-bin': retryInfo(20) } },
      20_000,
    ],
    ['4: UNAVAILABLE', { status: 14 }, BACKOFF_MS],
    ['4: CANCELLED', { status: 1 }, BACKOFF_MS],
    ['4: DEADLINE_EXCEEDED', { status: 4 }, BACKOFF_MS],
    ['4: ABORTED', { status: 10 }, BACKOFF_MS],
    ['4: OUT_OF_RANGE', { status: 11 }, BACKOFF_MS],
    ['4: DATA_LOSS', { status: 15 }, BACKOFF_MS],
  ],
  refused: [
    ['5: INVALID_ARGUMENT', { status: 3 }, 'INVALID_ARGUMENT'],
    ['6: INTERNAL', { status: 13 }, 'INTERNAL'],
    [
      '3: RESOURCE_EXHAUSTED without a RetryInfo',
      { status: 8 },
      'RESOURCE_EXHAUSTED; send smaller batches (maxBatchBytes), or raise the limit of the backend',
    ],
    [
      '19: UNAUTHENTICATED',
      { status: 16 },
      'UNAUTHENTICATED; check the credentials in the headers of the exporter',
    ],
  ],
  ok: 'OK',
}

/** A `google.rpc.Status` that asks to wait, in base64. @param seconds below 128 */
export function retryInfo(seconds: number): string {
  const type = Buffer.from('type.googleapis.com/google.rpc.RetryInfo')
  const info = Buffer.from([0x0a, 2, 0x08, seconds])
  const any = Buffer.concat([Buffer.from([0x0a, type.length]), type, Buffer.from([0x12, info.length]), info])
  return Buffer.concat([Buffer.from([0x08, 14, 0x1a, any.length]), any]).toString('base64')
}

function grpcCall(stream: ServerHttp2Stream): Call {
  return {
    accept: () => answerCall(stream),
    fail({ status, headers, byProxy }) {
      if (byProxy === true) stream.respond({ ':status': status, ...headers }, { endStream: true })
      else refuseCall(stream, { 'grpc-status': String(status), ...headers })
    },
    reset: () => resetCall(stream),
    partial: (rejected, message) =>
      answerCall(stream, { 'grpc-status': '0' }, partialInProtobuf(rejected, message)),
    answer: (body) => answerCall(stream, { 'grpc-status': '0' }, body),
  }
}

export const protocols: readonly Protocol[] = [
  overHttp('http/protobuf', 'application/x-protobuf', partialInProtobuf),
  overHttp('http/json', 'application/json', partialInJson),
  overGrpc,
]
