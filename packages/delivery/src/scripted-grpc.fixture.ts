/** A gRPC backend for tests, on a real loopback socket, that fails as it is told and remembers what it got. */
import { once } from 'node:events'
import http2, { type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

/** A call, read to its end. */
export interface ReceivedCall {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface GrpcScript {
  /** Answers call `n`, the first being 1. */
  answer: (n: number, stream: ServerHttp2Stream, received: ReceivedCall) => void
  /** Sees a call before its body; `false` keeps the body from being read. */
  head?: (n: number, stream: ServerHttp2Stream) => boolean
  /** Serves TLS with these. */
  tls?: http2.SecureServerOptions
  /** @default 0, any free port */
  port?: number
}

export interface GrpcBackend {
  readonly url: string
  readonly port: number
  readonly requests: readonly ReceivedCall[]
  /** Connections made so far. */
  readonly connections: number
  readonly sessions: ReadonlySet<ServerHttp2Session>
  close(): Promise<void>
}

export async function startGrpcBackend(script: GrpcScript): Promise<GrpcBackend> {
  const requests: ReceivedCall[] = []
  const sessions = new Set<ServerHttp2Session>()
  let connections = 0
  let heads = 0
  const server = script.tls === undefined ? http2.createServer() : http2.createSecureServer(script.tls)
  server.on('session', (session) => {
    connections++
    sessions.add(session)
    session.on('error', () => undefined)
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const n = ++heads
    stream.on('error', () => undefined)
    if (script.head?.(n, stream) === false) return
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      const frame = Buffer.concat(chunks)
      const message = frame.subarray(5, 5 + frame.readUInt32BE(1))
      const received = { headers, body: frame[0] === 1 ? gunzipSync(message) : message }
      requests.push(received)
      script.answer(n, stream, received)
    })
  })
  server.on('sessionError', () => undefined)
  server.listen(script.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `${script.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    get connections() {
      return connections
    },
    sessions,
    async close() {
      for (const session of sessions) session.destroy()
      server.close()
      if (server.listening) await once(server, 'close')
    },
  }
}

/** Answers with a message, none by default, and a status in the trailers. */
export function answerCall(
  stream: ServerHttp2Stream,
  trailers: Readonly<Record<string, string>> = { 'grpc-status': '0' },
  message: Uint8Array = new Uint8Array(0),
): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  stream.end(Buffer.concat([prefix, message]))
}

/** Answers with a status in the head, as servers do that have no message. */
export function refuseCall(stream: ServerHttp2Stream, trailers: Readonly<Record<string, string>>): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailers }, { endStream: true })
}

/** Ends the connection of a call the hard way. */
export function resetCall(stream: ServerHttp2Stream): void {
  const { session } = stream
  ;(session?.socket as { destroySoon?(): void } | undefined)?.destroySoon?.()
  session?.destroy()
}
