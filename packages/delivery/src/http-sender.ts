/**
 * Sends a body by HTTP POST over `node:http` or `node:https`, one attempt at a time.
 *
 * Invariant: `send` always settles, within its timeout, and never rejects; no credential is in anything it says; no
 * socket of its keeps the process alive; nothing of it is traced.
 */
import type { ClientRequest, IncomingMessage } from 'node:http'
import { type Clock, type Diagnostics, SDK_VERSION, systemClock, type Timer, untraced } from '@triscope/core'
import { gzipped } from './body-encoding.ts'
import { ExportError } from './export-error.ts'
import { type HttpEndpoint, type HttpSenderOptions, resolveEndpoint } from './http-endpoint.ts'
import { resultOfAnswer, resultOfFailure, resultOfTimeout } from './http-result.ts'
import { createHttpWay, type HttpWay } from './http-way.ts'
import type { Answer } from './otlp-answer.ts'
import type { Sender, SendResult } from './sender.ts'

/** Makes a sender; it connects at the first `send`. Throws `TRI_ERR_OPTION`, `TRI_ERR_UNKNOWN_OPTION`. */
export function createHttpSender(options: HttpSenderOptions): Sender {
  return new HttpSender(options, resolveEndpoint(options))
}

/** OTLP 1.10, "OTLP/HTTP Response": a client limits what it reads; this is the specification's figure. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

class HttpSender implements Sender {
  readonly #endpoint: HttpEndpoint
  readonly #way: HttpWay
  readonly #clock: Clock
  readonly #diagnostics: Diagnostics | undefined
  readonly #readAnswer: NonNullable<HttpSenderOptions['readAnswer']>
  readonly #gzip: boolean
  readonly #headers: Readonly<Record<string, string>>
  #closed = false

  constructor(options: HttpSenderOptions, endpoint: HttpEndpoint) {
    this.#endpoint = endpoint
    this.#way = createHttpWay(endpoint)
    this.#clock = options.clock ?? systemClock
    this.#diagnostics = options.diagnostics
    this.#readAnswer = options.readAnswer ?? (() => undefined)
    this.#gzip = options.compression === 'gzip'
    this.#headers = {
      'user-agent': options.userAgent ?? `triscope/${SDK_VERSION}`,
      ...endpoint.headers,
      'content-type': options.contentType,
    }
  }

  send(body: Uint8Array, timeoutMs: number): Promise<SendResult> {
    return untraced(() => new Promise((resolve) => this.#attempt(body, timeoutMs, resolve)))
  }

  close(): void {
    this.#closed = true
    this.#way.close()
  }

  #attempt(body: Uint8Array, timeoutMs: number, resolve: (result: SendResult) => void): void {
    let request: ClientRequest | undefined
    let settled = false
    const settle = (result: SendResult): void => {
      if (settled) return
      settled = true
      timer.cancel()
      resolve(result)
    }
    const timer: Timer = this.#clock.timer(timeoutMs, () => {
      settle(resultOfTimeout(this.#endpoint, timeoutMs))
      request?.destroy()
    })
    void (this.#gzip ? gzipped(body, this.#diagnostics) : Promise.resolve(body)).then((encoded) => {
      if (settled) return
      try {
        if (this.#closed) throw new Error('the sender is closed')
        request = this.#request(encoded, encoded !== body, settle)
      } catch (error) {
        // Every option was checked, so this is not expected; a promise that hangs would be worse than a lost batch.
        settle({ kind: 'refused', cause: error })
      }
    })
  }

  #request(body: Uint8Array, zipped: boolean, settle: (result: SendResult) => void): ClientRequest {
    const headers: Record<string, string | number> = { ...this.#headers, 'content-length': body.length }
    if (zipped) headers['content-encoding'] = 'gzip'
    const request = this.#way.post(headers)
    const failed = (error: unknown): void => {
      settle(resultOfFailure(this.#endpoint, error, request.reusedSocket))
    }
    request.on('socket', (socket) => socket.unref())
    request.on('error', failed)
    request.on('response', (response) => this.#read(request, response, settle, failed))
    request.end(body)
    return request
  }

  #read(
    request: ClientRequest,
    response: IncomingMessage,
    settle: (result: SendResult) => void,
    failed: (error: unknown) => void,
  ): void {
    const endpoint = this.#endpoint
    const status = response.statusCode ?? 0
    const chunks: Uint8Array[] = []
    let size = 0
    response.on('error', failed)
    response.on('data', (chunk: Uint8Array) => {
      size += chunk.length
      if (size <= MAX_ANSWER_BYTES) {
        chunks.push(chunk)
        return
      }
      const words = `${endpoint.url} answered ${status} with more than 4 MiB; is it an OTLP endpoint?`
      settle({ kind: 'refused', cause: new ExportError('answer_too_large', words) })
      request.destroy()
    })
    response.on('end', () => {
      const answer = this.#answer(response.headers['content-type'] ?? '', Buffer.concat(chunks), status)
      settle(resultOfAnswer(endpoint, status, response.headers, answer, this.#clock.wallMs()))
    })
  }

  #answer(contentType: string, body: Uint8Array, status: number): Answer | undefined {
    try {
      return this.#readAnswer(contentType, body, status)
    } catch (error) {
      this.#diagnostics?.failed('TRI_WARN_EXPORT', error)
      return undefined
    }
  }
}
