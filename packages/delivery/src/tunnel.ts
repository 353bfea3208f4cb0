/**
 * A way through an HTTP proxy: a socket to the target, opened by CONNECT (RFC 9110 §9.3.6).
 *
 * Invariant: no socket of a tunnel keeps the process alive, or outlives `close`.
 */
import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'

/** A checked proxy. */
export interface HttpProxy {
  /** Safe to print. */
  readonly url: string
  readonly secure: boolean
  readonly hostname: string
  readonly port: number
  /** `Proxy-Authorization`, where the URL has user information. */
  readonly authorization: string | undefined
}

/** The proxy answered, and it was no. */
export class ProxyRefusal extends Error {
  readonly status: number

  constructor(proxy: HttpProxy, status: number) {
    super(`the proxy ${proxy.url} answered ${status}`)
    this.status = status
  }
}

/** A proxy that says nothing for so long is given up; attempts have their own, shorter limits. */
const SILENCE_MS = 30_000

/** Opens tunnels through one proxy to one target. */
export class Tunnels {
  readonly #proxy: HttpProxy
  readonly #target: string
  readonly #open = new Set<http.ClientRequest | Socket>()

  /** @param host and port of the target */
  constructor(proxy: HttpProxy, host: string, port: number) {
    this.#proxy = proxy
    this.#target = `${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  /** A socket whose other end is the target. Rejects with `ProxyRefusal`, or what the connection met. */
  open(): Promise<Socket> {
    const { secure, hostname, port, authorization } = this.#proxy
    return new Promise((resolve, reject) => {
      const request = (secure ? https : http).request({
        method: 'CONNECT',
        hostname,
        port,
        path: this.#target,
        headers: {
          host: this.#target,
          ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
        },
        agent: false,
        timeout: SILENCE_MS,
      })
      this.#keep(request)
      request.on('socket', (socket) => socket.unref())
      request.on('timeout', () => request.destroy(new Error('the proxy does not answer')))
      request.on('error', reject)
      request.on('response', (response) => {
        response.resume()
        request.destroy()
        reject(new ProxyRefusal(this.#proxy, response.statusCode ?? 0))
      })
      request.on('connect', ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
        if (statusCode < 200 || statusCode >= 300) {
          socket.destroy()
          reject(new ProxyRefusal(this.#proxy, statusCode))
          return
        }
        if (head.length > 0) socket.unshift(head)
        socket.setTimeout(0)
        this.#keep(socket)
        resolve(socket)
      })
      request.end()
    })
  }

  /** Ends what is open, and what is being opened. */
  close(): void {
    for (const each of this.#open) each.destroy()
    this.#open.clear()
  }

  #keep(each: http.ClientRequest | Socket): void {
    this.#open.add(each)
    each.once('close', () => this.#open.delete(each))
  }
}
