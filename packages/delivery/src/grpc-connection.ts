/**
 * The HTTP/2 connections of a gRPC sender: one that is used, and those that are on their way out.
 *
 * Invariant: a connection that failed, closed, or was sent a GOAWAY gets no further call, and none keeps the process
 * alive. Calls that a GOAWAY lets end (RFC 9113 §6.8) end on it.
 */
import http2 from 'node:http2'
import type { Socket } from 'node:net'
import tls from 'node:tls'
import type { HttpEndpoint } from './http-endpoint.ts'
import { Tunnels } from './tunnel.ts'

/** One connection. */
export interface GrpcConnection {
  readonly session: http2.ClientHttp2Session
  /** Why it ended, where the connection itself knows. */
  readonly failure: unknown
  /** A call was answered on it. */
  served: boolean
  /** Ends it, with the calls on it. */
  discard(): void
}

export class GrpcConnections {
  readonly #endpoint: HttpEndpoint
  readonly #authority: string
  readonly #tunnels: Tunnels | undefined
  readonly #open = new Set<http2.ClientHttp2Session>()
  #current: Connection | undefined
  #closed = false

  constructor(endpoint: HttpEndpoint) {
    const { proxy, secure, target } = endpoint
    this.#endpoint = endpoint
    const host = target.hostname.includes(':') ? `[${target.hostname}]` : target.hostname
    this.#authority = `${secure ? 'https' : 'http'}://${host}:${target.port}`
    this.#tunnels = proxy === undefined ? undefined : new Tunnels(proxy, target.hostname, target.port)
  }

  /** The connection to use, perhaps still being made. Rejects where a proxy does not let us through. */
  async current(): Promise<GrpcConnection> {
    if (this.#current !== undefined) return this.#current
    const socket = await this.#tunnels?.open()
    if (this.#closed) throw new Error('the sender is closed')
    const connection = new Connection(http2.connect(this.#authority, this.#settings(socket)), (ended) => {
      if (this.#current === ended) this.#current = undefined
    })
    this.#current = connection
    this.#open.add(connection.session)
    connection.session.on('close', () => this.#open.delete(connection.session))
    return connection
  }

  /** Ends them all, with the calls on them. */
  close(): void {
    this.#closed = true
    this.#tunnels?.close()
    for (const session of this.#open) session.destroy()
  }

  #settings(socket: Socket | undefined): http2.SecureClientSessionOptions {
    const { secure, target } = this.#endpoint
    if (socket === undefined) return this.#endpoint.tls
    if (!secure) return { createConnection: () => socket }
    const servername = /^[\d.]+$|:/.test(target.hostname) ? {} : { servername: target.hostname }
    const secured = { ...this.#endpoint.tls, ...servername, socket, ALPNProtocols: ['h2'] }
    return { createConnection: () => tls.connect(secured) }
  }
}

class Connection implements GrpcConnection {
  readonly session: http2.ClientHttp2Session
  failure: unknown
  served = false
  readonly #onEnd: (ended: Connection) => void

  constructor(session: http2.ClientHttp2Session, onEnd: (ended: Connection) => void) {
    this.session = session
    this.#onEnd = onEnd
    session.unref()
    session.on('error', (error) => {
      this.failure ??= error
      onEnd(this)
    })
    session.on('close', () => onEnd(this))
    session.on('goaway', () => {
      onEnd(this)
      session.close()
    })
  }

  discard(): void {
    this.#onEnd(this)
    this.session.destroy()
  }
}
