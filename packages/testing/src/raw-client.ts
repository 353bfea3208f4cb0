/** A client that does what `fetch` never would: hang up in the middle, ask twice without waiting, send half a request. */
import { connect, type Socket } from 'node:net'

/** Longer than any of this takes on a busy machine. */
const PATIENCE_MS = 8_000

export class RawClient {
  readonly #socket: Socket
  /** All that has come, each byte a character. */
  text = ''
  readonly closed: Promise<void>

  private constructor(socket: Socket) {
    this.#socket = socket
    // A reset by the server is what such a client may meet.
    socket.on('error', () => {})
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      this.text += String(chunk)
    })
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
  }

  static async open(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve()
      })
    })
    return new RawClient(socket)
  }

  /** Opens a connection and sends one request, or several at once. */
  static async send(url: string, ...requests: readonly string[]): Promise<RawClient> {
    const client = await RawClient.open(url)
    client.write(requests.join(''))
    return client
  }

  /** Each character is a byte. */
  write(text: string): void {
    this.#socket.write(text, 'latin1')
  }

  /** Hangs up. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** The statuses of the answers so far; those of 1xx among them. */
  get statuses(): number[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, code]) => Number(code))
  }

  /** Waits until `condition` holds of what has come. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS
    while (!condition()) {
      if (performance.now() > endMs) throw new Error(`waited in vain for ${what}; got ${this.text}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Waits for so many answers. */
  async answers(count: number): Promise<number[]> {
    await this.until(`${count} answers`, () => this.statuses.length >= count)
    return this.statuses
  }
}

/** One request without a body, or the head of one. @param headers whole lines */
export function rawRequest(
  target: string,
  headers: readonly string[] = [],
  method = 'GET',
  host = 'test',
): string {
  return [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...headers, '', ''].join('\r\n')
}
