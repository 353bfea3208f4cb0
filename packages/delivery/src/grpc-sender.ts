/**
 * Sends a body as one unary gRPC call over `node:http2`, one attempt at a time: gRPC over HTTP/2.
 *
 * Invariant: `send` always settles, within its timeout, and never rejects; no credential is in anything it says; no
 * connection of its keeps the process alive; nothing of it is traced. A connection that ended, said goodbye or let an
 * attempt time out is never used again.
 */
import http2 from 'node:http2'
import { type Clock, type Diagnostics, SDK_VERSION, systemClock, untraced } from '@triscope/core'
import { gzipped } from './body-encoding.ts'
import { ExportError } from './export-error.ts'
import { type GrpcConnection, GrpcConnections } from './grpc-connection.ts'
import { type GrpcTrailers, resultOfStatus } from './grpc-status.ts'
import { type HttpEndpoint, type HttpSenderOptions, resolveEndpoint } from './http-endpoint.ts'
import { resultOfAnswer, resultOfFailure, resultOfTimeout } from './http-result.ts'
import type { Answer } from './otlp-answer.ts'
import type { Sender, SendResult } from './sender.ts'

/** Options of `createGrpcSender`. Of `url` the path goes in front of `method`, and is mostly empty. */
export interface GrpcSenderOptions extends Omit<HttpSenderOptions, 'contentType'> {
  /** The method that is called: `/opentelemetry.proto.collector.trace.v1.TraceService/Export`. */
  method: string
}

/** Makes a sender; it connects at the first `send`. Throws `TRI_ERR_OPTION`, `TRI_ERR_UNKNOWN_OPTION`. */
export function createGrpcSender(options: GrpcSenderOptions): Sender {
  const { method, ...rest } = options
  return new GrpcSender(method, rest, resolveEndpoint({ ...rest, contentType: 'application/grpc' }))
}

/** As over HTTP: OTLP 1.10 has a client limit what it reads. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024
/** gRPC over HTTP/2, "Length-Prefixed-Message": whether it is compressed, and its length. */
const PREFIX_BYTES = 5

type Head = http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader

class GrpcSender implements Sender {
  readonly #endpoint: HttpEndpoint
  readonly #clock: Clock
  readonly #diagnostics: Diagnostics | undefined
  readonly #readAnswer: NonNullable<HttpSenderOptions['readAnswer']>
  readonly #gzip: boolean
  readonly #headers: Readonly<Record<string, string>>
  readonly #connections: GrpcConnections

  constructor(method: string, options: Omit<HttpSenderOptions, 'contentType'>, endpoint: HttpEndpoint) {
    this.#endpoint = endpoint
    this.#clock = options.clock ?? systemClock
    this.#diagnostics = options.diagnostics
    this.#readAnswer = options.readAnswer ?? (() => undefined)
    this.#gzip = options.compression === 'gzip'
    this.#connections = new GrpcConnections(endpoint)
    this.#headers = {
      'user-agent': options.userAgent ?? `triscope/${SDK_VERSION}`,
      ...endpoint.headers,
      ':method': 'POST',
      ':path': `${endpoint.target.path.replace(/\/$/, '')}${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    }
  }

  send(body: Uint8Array, timeoutMs: number): Promise<SendResult> {
    return untraced(() => new Promise((resolve) => this.#attempt(body, timeoutMs, resolve)))
  }

  close(): void {
    this.#connections.close()
  }

  #attempt(body: Uint8Array, timeoutMs: number, resolve: (result: SendResult) => void): void {
    let settled = false
    let connection: GrpcConnection | undefined
    let stream: http2.ClientHttp2Stream | undefined
    const settle = (result: SendResult): void => {
      if (settled) return
      settled = true
      timer.cancel()
      resolve(result)
    }
    const timer = this.#clock.timer(timeoutMs, () => {
      settle(resultOfTimeout(this.#endpoint, timeoutMs))
      stream?.close(http2.constants.NGHTTP2_CANCEL)
      // It may be dead without knowing it.
      connection?.discard()
    })
    const failed = (error: unknown): void =>
      settle(resultOfFailure(this.#endpoint, error, connection?.served ?? false))
    const begin = async (): Promise<void> => {
      const message = this.#gzip ? await gzipped(body, this.#diagnostics) : body
      connection = await this.#connections.current()
      if (settled) return
      stream = connection.session.request(this.#requestHeaders(message !== body, timeoutMs))
      this.#read(connection, stream, settle)
      stream.end(framed(message, message !== body))
    }
    void begin().catch(failed)
  }

  #requestHeaders(zipped: boolean, timeoutMs: number): http2.OutgoingHttpHeaders {
    return {
      ...this.#headers,
      ...(zipped ? { 'grpc-encoding': 'gzip' } : {}),
      // At most eight digits.
      'grpc-timeout': `${Math.min(99_999_999, Math.ceil(timeoutMs))}m`,
    }
  }

  #read(
    connection: GrpcConnection,
    stream: http2.ClientHttp2Stream,
    settle: (result: SendResult) => void,
  ): void {
    const chunks: Uint8Array[] = []
    let size = 0
    let head: Head = {}
    let tail: http2.IncomingHttpHeaders = {}
    let failure: unknown
    stream.on('response', (headers) => {
      head = headers
    })
    stream.on('trailers', (trailers) => {
      tail = trailers
    })
    stream.on('data', (chunk: Uint8Array) => {
      size += chunk.length
      if (size <= MAX_ANSWER_BYTES + PREFIX_BYTES) {
        chunks.push(chunk)
        return
      }
      const words = `${this.#endpoint.url} answered with more than 4 MiB; is it an OTLP endpoint?`
      settle({ kind: 'refused', cause: new ExportError('answer_too_large', words) })
      stream.close(http2.constants.NGHTTP2_CANCEL)
    })
    stream.on('error', (error) => {
      failure = error
    })
    stream.on('close', () => {
      const trailers = trailersOf(tail) ?? trailersOf(head)
      if (trailers === undefined) settle(this.#unended(connection, stream, head, failure))
      else {
        connection.served = true
        settle(resultOfStatus(this.#endpoint, trailers, this.#answer(Buffer.concat(chunks))))
      }
    })
  }

  /** The stream is over and no status came: an HTTP answer of something in between, or a connection that was lost. */
  #unended(
    connection: GrpcConnection,
    stream: http2.ClientHttp2Stream,
    head: Head,
    failure: unknown,
  ): SendResult {
    const status = head[':status']
    if (status !== undefined && status !== 200) {
      return resultOfAnswer(this.#endpoint, status, head, undefined, this.#clock.wallMs())
    }
    const reused = connection.served
    // REFUSED_STREAM, RFC 9113 §8.7: it was not processed, and may go out again at once.
    if (stream.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM) {
      return resultOfFailure(this.#endpoint, coded('ECONNRESET', 'the stream was refused'), true)
    }
    return resultOfFailure(this.#endpoint, connection.failure ?? causeOf(failure) ?? lost(stream), reused)
  }

  /** One message that is not compressed: `grpc-accept-encoding` was not sent. */
  #answer(body: Buffer): Answer | undefined {
    if (body.length <= PREFIX_BYTES || body[0] !== 0) return undefined
    const message = body.subarray(PREFIX_BYTES, PREFIX_BYTES + body.readUInt32BE(1))
    try {
      return this.#readAnswer('application/x-protobuf', message, 200)
    } catch (error) {
      this.#diagnostics?.failed('TRI_WARN_EXPORT', error)
      return undefined
    }
  }
}

function framed(message: Uint8Array, zipped: boolean): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
  frame[0] = zipped ? 1 : 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, PREFIX_BYTES)
  return frame
}

function trailersOf(headers: http2.IncomingHttpHeaders): GrpcTrailers | undefined {
  const status = headers['grpc-status']
  if (typeof status !== 'string') return undefined
  return { status, message: text(headers['grpc-message']), details: text(headers['grpc-status-details-bin']) }
}

function text(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

/** What ended a connection reaches a call that waited for it as a cause alone. */
function causeOf(failure: unknown): unknown {
  const { code, cause } = (failure ?? {}) as { code?: unknown; cause?: unknown }
  return code === 'ERR_HTTP2_STREAM_CANCEL' ? (cause ?? failure) : failure
}

function lost(stream: http2.ClientHttp2Stream): Error {
  return coded('ECONNRESET', `the call ended without a status (HTTP/2 code ${stream.rstCode ?? 0})`)
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
