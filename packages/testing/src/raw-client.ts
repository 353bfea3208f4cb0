/** Clients that do what `fetch` never would: hang up in the middle, or ask twice without waiting. */
import { connect, type Socket } from 'node:net'

/** A client that has sent one request and reads nothing. */
export class AbortingClient {
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
    // A reset by the server is what such a client may meet.
    socket.on('error', () => {})
  }

  static async send(url: string, path: string): Promise<AbortingClient> {
    const socket = await connected(url)
    socket.write(requestText(path))
    return new AbortingClient(socket)
  }

  /** Hangs up. */
  destroy(): void {
    this.#socket.destroy()
  }
}

/** Sends GET requests all at once on one connection; the statuses of the answers, in order. */
export async function pipelined(url: string, paths: readonly string[]): Promise<number[]> {
  const socket = await connected(url)
  socket.setEncoding('latin1')
  socket.write(paths.map(requestText).join(''))
  let text = ''
  const statuses = (): number[] => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, code]) => Number(code))
  for await (const chunk of socket) {
    text += String(chunk)
    if (statuses().length === paths.length) break
  }
  socket.destroy()
  return statuses()
}

function requestText(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`
}

function connected(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
