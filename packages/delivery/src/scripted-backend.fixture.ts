/** A backend for tests, on a real loopback socket, that fails as it is told and remembers what it got. */
import { once } from 'node:events'
import http, { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'

/** A request, read to its end. */
export interface Received {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface BackendScript {
  /** Answers request `n`, the first being 1. */
  answer: (n: number, res: ServerResponse, received: Received) => void
  /** Sees a request before its body; `false` keeps the body from being read. */
  head?: (n: number, req: IncomingMessage) => boolean
  /** Serves `https:` with these. */
  tls?: https.ServerOptions
  /** @default 0, any free port */
  port?: number
}

export interface Backend {
  readonly url: string
  readonly port: number
  readonly requests: readonly Received[]
  /** Connections made so far. */
  readonly connections: number
  close(): Promise<void>
}

export async function startBackend(script: BackendScript): Promise<Backend> {
  const requests: Received[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  let heads = 0
  const listener = (req: IncomingMessage, res: ServerResponse): void => {
    const n = ++heads
    if (script.head?.(n, req) === false) return
    const chunks: Buffer[] = []
    req.on('error', () => undefined)
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const bytes = Buffer.concat(chunks)
      const body = req.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
      const received = { method: req.method, path: req.url, headers: req.headers, body }
      requests.push(received)
      script.answer(n, res, received)
    })
  }
  const server =
    script.tls === undefined ? http.createServer(listener) : https.createServer(script.tls, listener)
  server.on('connection', (socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(script.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `${script.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/v1/traces`,
    port,
    requests,
    get connections() {
      return connections
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      if (server.listening) await once(server, 'close')
    },
  }
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const backend = await startBackend({ answer: () => undefined })
  await backend.close()
  return backend.port
}

/** Ends a connection the hard way, as a crashed peer or a firewall does. */
export function reset(res: ServerResponse): void {
  res.socket?.resetAndDestroy()
}

/** Lets the event loop turn until something has happened; the test's own timeout bounds it. */
export async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setImmediate(resolve))
}
