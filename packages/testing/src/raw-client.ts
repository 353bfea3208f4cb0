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
  socket.write(paths.map((path) => requestText(path)).join(''))
  let text = ''
  const statuses = (): number[] => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, code]) => Number(code))
  for await (const chunk of socket) {
    text += String(chunk)
    if (statuses().length === paths.length) break
  }
  socket.destroy()
  return statuses()
}

/**
 * Sends a GET request with these header lines, as they are, and reads the answer to its end; its status.
 * @param host what the app is told as its own name
 */
export async function sendLines(
  url: string,
  path: string,
  lines: readonly string[],
  host: string,
): Promise<number> {
  const socket = await connected(url)
  socket.setEncoding('latin1')
  socket.write(requestText(path, host, [...lines, 'Connection: close']))
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])
}

function requestText(path: string, host = 'test', lines: readonly string[] = []): string {
  return [`GET ${path} HTTP/1.1`, `Host: ${host}`, ...lines, '', ''].join('\r\n')
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
