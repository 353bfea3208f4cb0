/**
 * Sends a body by HTTP POST over `node:http` or `node:https`, one attempt at a time.
 *
 * Invariant: `send` always settles, within its timeout, and never rejects; no credential is in anything it says; no
 * socket of its keeps the process alive; nothing of it is traced.
 */
import http from 'node:http'
import https from 'node:https'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Clock, type Diagnostics, SDK_VERSION, systemClock, type Timer, untraced } from '@triscope/core'
import { ExportError } from './export-error.ts'
import { type HttpEndpoint, type HttpSenderOptions, resolveEndpoint } from './http-endpoint.ts'
import { resultOfAnswer, resultOfFailure, resultOfTimeout } from './http-result.ts'
import type { Answer } from './otlp-answer.ts'
import type { Sender, SendResult } from './sender.ts'

/** Makes a sender; it connects at the first `send`. Throws `TRI_ERR_OPTION`, `TRI_ERR_UNKNOWN_OPTION`. */
export function createHttpSender(options: HttpSenderOptions): Sender {
  return new HttpSender(options, resolveEndpoint(options))
}

/** OTLP 1.10, "OTLP/HTTP Response": a client limits what it reads; this is the specification's figure. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024
/** A smaller body fits in one packet with its headers, compressed or not. */
const MIN_GZIP_BYTES = 1024

const compressed = promisify(gzip)

class HttpSender implements Sender {
  readonly #endpoint: HttpEndpoint
  readonly #agent: http.Agent
  readonly #clock: Clock
  readonly #diagnostics: Diagnostics | undefined
  readonly #readAnswer: NonNullable<HttpSenderOptions['readAnswer']>
  readonly #gzip: boolean
  readonly #headers: Readonly<Record<string, string>>
  #closed = false

  constructor(options: HttpSenderOptions, endpoint: HttpEndpoint) {
    this.#endpoint = endpoint
    this.#clock = options.clock ?? systemClock
    this.#diagnostics = options.diagnostics
    this.#readAnswer = options.readAnswer ?? (() => undefined)
    this.#gzip = options.compression === 'gzip'
    this.#headers = {
      'user-agent': options.userAgent ?? `triscope/${SDK_VERSION}`,
      ...endpoint.headers,
      'content-type': options.contentType,
    }
    // Exports do not overlap; the second socket is for one whose predecessor is still being torn down.
    const settings = { keepAlive: true, maxSockets: 2, maxFreeSockets: 1 }
    this.#agent = endpoint.secure
      ? new https.Agent({ ...settings, ...endpoint.tls })
      : new http.Agent(settings)
  }

  send(body: Uint8Array, timeoutMs: number): Promise<SendResult> {
    return untraced(() => new Promise((resolve) => this.#attempt(body, timeoutMs, resolve)))
  }

  close(): void {
    this.#closed = true
    this.#agent.destroy()
  }

  #attempt(body: Uint8Array, timeoutMs: number, resolve: (result: SendResult) => void): void {
    let request: http.ClientRequest | undefined
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
    void this.#encoded(body).then((encoded) => {
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

  async #encoded(body: Uint8Array): Promise<Uint8Array> {
    if (!this.#gzip || body.length < MIN_GZIP_BYTES) return body
    try {
      return await compressed(body)
    } catch (error) {
      this.#diagnostics?.failed('TRI_WARN_EXPORT', error)
      return body
    }
  }

  #request(body: Uint8Array, zipped: boolean, settle: (result: SendResult) => void): http.ClientRequest {
    const { secure, target } = this.#endpoint
    const headers: Record<string, string | number> = { ...this.#headers, 'content-length': body.length }
    if (zipped) headers['content-encoding'] = 'gzip'
    const request = (secure ? https : http).request({
      ...target,
      method: 'POST',
      agent: this.#agent,
      headers,
    })
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
    request: http.ClientRequest,
    response: http.IncomingMessage,
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
