/**
 * Sends datagrams over UDP, to an agent that says nothing back: what it was handed counts as delivered.
 *
 * Invariant: no datagram over the limit is sent, and the records in it are counted as `TOO_LARGE`; when a body is tried
 * again, what was sent of it is not sent twice; the socket keeps no process alive.
 */
import dgram, { type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { type Clock, messageOf, rejectOption, rejectUnknownKeys, systemClock, untraced } from '@triscope/core'
import { ExportError } from './export-error.ts'
import type { Sender, SendResult } from './sender.ts'

/** Options of `createUdpSender`. */
export interface UdpSenderOptions {
  /** A name, which is looked up as IPv4, or an address. */
  host: string
  /** 1 to 65535. */
  port: number
  /**
   * Bytes of the largest datagram that is sent, at most 65507, which is what IPv4 allows.
   * @default 65000, the limit of Jaeger's agent
   */
  maxDatagramBytes?: number
  /** @default the machine's clock */
  clock?: Clock
}

/** One datagram, and how many records it holds. */
export interface Datagram {
  readonly bytes: Uint8Array
  readonly records: number
}

/** `maxDatagramBytes` where nothing is said. */
export const MAX_DATAGRAM_BYTES = 65_000

/** Before each datagram: its length, and the number of its records. */
const HEADER_BYTES = 8

/** The body that a UDP sender takes apart again. */
export function joinDatagrams(datagrams: readonly Datagram[]): Uint8Array {
  const body = Buffer.allocUnsafe(datagrams.reduce((sum, { bytes }) => sum + HEADER_BYTES + bytes.length, 0))
  let at = 0
  for (const { bytes, records } of datagrams) {
    body.writeUInt32LE(bytes.length, at)
    body.writeUInt32LE(records, at + 4)
    body.set(bytes, at + HEADER_BYTES)
    at += HEADER_BYTES + bytes.length
  }
  return body
}

/**
 * Makes a sender of bodies that `joinDatagrams` made; it looks up its host at the first `send`.
 * Throws `TRI_ERR_OPTION`, `TRI_ERR_UNKNOWN_OPTION`.
 */
export function createUdpSender(options: UdpSenderOptions): Sender {
  rejectUnknownKeys('', options, ['host', 'port', 'maxDatagramBytes', 'clock'])
  const { host, port, maxDatagramBytes = MAX_DATAGRAM_BYTES, clock = systemClock } = options
  if (typeof host !== 'string' || host === '') rejectOption('host', 'a host name or an address', host)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) rejectOption('port', '1 to 65535', port)
  if (!Number.isInteger(maxDatagramBytes) || maxDatagramBytes < 1 || maxDatagramBytes > 65_507) {
    rejectOption('maxDatagramBytes', 'a whole number from 1 to 65507', maxDatagramBytes)
  }
  return new UdpSender(host.replace(/^\[|\]$/g, ''), port, maxDatagramBytes, clock)
}

class UdpSender implements Sender {
  readonly #host: string
  readonly #port: number
  readonly #max: number
  readonly #clock: Clock
  #socket: Promise<Socket> | undefined
  #closed = false
  /** How far the body that failed last had been sent. */
  #resume: { readonly body: Uint8Array; readonly progress: Progress } | undefined

  constructor(host: string, port: number, max: number, clock: Clock) {
    this.#host = host
    this.#port = port
    this.#max = max
    this.#clock = clock
  }

  send(body: Uint8Array, timeoutMs: number): Promise<SendResult> {
    return untraced(
      () =>
        new Promise((resolve) => {
          const timer = this.#clock.timer(timeoutMs, () =>
            resolve({ kind: 'retry', cause: this.#error('timeout', `took longer than ${timeoutMs} ms`) }),
          )
          void this.#attempt(body).then((result) => {
            timer.cancel()
            resolve(result)
          })
        }),
    )
  }

  close(): void {
    this.#closed = true
    this.#drop()
  }

  async #attempt(body: Uint8Array): Promise<SendResult> {
    const progress = this.#resume?.body === body ? this.#resume.progress : { at: 0, tooLarge: 0, largest: 0 }
    this.#resume = undefined
    try {
      if (this.#closed) throw new Error('the sender is closed')
      this.#socket ??= this.#connected()
      const socket = await this.#socket
      await this.#sendAll(socket, Buffer.from(body.buffer, body.byteOffset, body.length), progress)
    } catch (error) {
      this.#drop()
      this.#resume = { body, progress }
      const { code } = error as { code?: unknown }
      return {
        kind: 'retry',
        cause: this.#error(typeof code === 'string' ? code : '_OTHER', messageOf(error), error),
      }
    }
    if (progress.tooLarge === 0) return { kind: 'accepted' }
    const words = `a datagram to ${this.#where} may have ${this.#max} bytes, and one had ${progress.largest}`
    return { kind: 'accepted', rejected: progress.tooLarge, reason: 'TOO_LARGE', message: words }
  }

  async #sendAll(socket: Socket, body: Buffer, progress: Progress): Promise<void> {
    while (progress.at < body.length) {
      const from = progress.at + HEADER_BYTES
      const length = body.readUInt32LE(progress.at)
      const fits = length <= this.#max && (await sent(socket, body.subarray(from, from + length)))
      if (!fits) {
        progress.tooLarge += body.readUInt32LE(progress.at + 4)
        progress.largest = Math.max(progress.largest, length)
      }
      progress.at = from + length
    }
  }

  /** A connected socket looks its host up once, and hears when nobody listens there. */
  #connected(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = dgram.createSocket(isIPv6(this.#host) ? 'udp6' : 'udp4')
      socket.unref()
      socket.on('error', (error) => {
        reject(error)
        socket.close(() => undefined)
        if (this.#socket !== undefined) this.#socket = undefined
      })
      socket.connect(this.#port, this.#host, () => resolve(socket))
    })
  }

  #drop(): void {
    const socket = this.#socket
    this.#socket = undefined
    void socket?.then(closeQuietly, () => undefined)
  }

  get #where(): string {
    return `udp://${isIPv6(this.#host) ? `[${this.#host}]` : this.#host}:${this.#port}`
  }

  #error(type: string, words: string, cause?: unknown): ExportError {
    const remedy = type === 'ECONNREFUSED' ? '; is the agent running there?' : ''
    return new ExportError(type, `${this.#where} cannot be reached: ${words}${remedy}`, cause)
  }
}

interface Progress {
  at: number
  tooLarge: number
  largest: number
}

/** `false` where the system finds it too large. */
function sent(socket: Socket, datagram: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    socket.send(datagram, (error) => {
      if (error === null) resolve(true)
      else if ((error as { code?: unknown }).code === 'EMSGSIZE') resolve(false)
      else reject(error)
    })
  })
}

function closeQuietly(socket: Socket): void {
  try {
    socket.close()
  } catch {
    // Closed already, which is what was wanted.
  }
}
