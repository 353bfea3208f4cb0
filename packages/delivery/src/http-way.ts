/**
 * How HTTP requests reach an endpoint: straight, through a proxy that forwards them (`http:`), or through a tunnel that
 * the proxy cannot look into (`https:`).
 *
 * Invariant: the credentials of the proxy go to the proxy alone, those of the target through the tunnel alone.
 */
import http, { type Agent, type ClientRequest, type RequestOptions } from 'node:http'
import https from 'node:https'
import tls from 'node:tls'
import type { HttpEndpoint } from './http-endpoint.ts'
import { type HttpProxy, Tunnels } from './tunnel.ts'

/** One endpoint's connections. */
export interface HttpWay {
  /** Begins a POST; its body is the caller's to end. */
  post(headers: Readonly<Record<string, string | number>>): ClientRequest
  /** Lets go of every socket. */
  close(): void
}

/** Exports do not overlap; the second socket is for one whose predecessor is still being torn down. */
const AGENT = { keepAlive: true, maxSockets: 2, maxFreeSockets: 1 }

export function createHttpWay(endpoint: HttpEndpoint): HttpWay {
  const { proxy, secure } = endpoint
  if (proxy === undefined) return secure ? secureWay(endpoint, undefined) : plainWay(endpoint)
  if (secure) return secureWay(endpoint, new Tunnels(proxy, endpoint.target.hostname, endpoint.target.port))
  return forwardedWay(endpoint, proxy)
}

function plainWay({ target }: HttpEndpoint): HttpWay {
  return wayOf(http.request, new http.Agent(AGENT), target)
}

function secureWay(endpoint: HttpEndpoint, tunnels: Tunnels | undefined): HttpWay {
  const agent = new https.Agent({ ...AGENT, ...endpoint.tls })
  if (tunnels === undefined) return wayOf(https.request, agent, endpoint.target)
  agent.createConnection = (options, callback) => {
    tunnels.open().then(
      (socket) => callback?.(null, tls.connect({ ...(options as tls.ConnectionOptions), socket })),
      // Node declares a socket here too; where there is an error it looks at nothing else.
      (error: Error) => (callback as ((error: Error) => void) | undefined)?.(error),
    )
    return undefined
  }
  return wayOf(https.request, agent, endpoint.target, () => tunnels.close())
}

/** RFC 9112 §3.2.2: a proxy is asked for the whole URL. */
function forwardedWay({ target }: HttpEndpoint, proxy: HttpProxy): HttpWay {
  const host = `${target.hostname.includes(':') ? `[${target.hostname}]` : target.hostname}:${target.port}`
  const to = { hostname: proxy.hostname, port: proxy.port, path: `http://${host}${target.path}` }
  const agent = proxy.secure ? new https.Agent(AGENT) : new http.Agent(AGENT)
  const headers: Record<string, string> = { host: host.replace(/:80$/, '') }
  if (proxy.authorization !== undefined) headers['proxy-authorization'] = proxy.authorization
  return wayOf(proxy.secure ? https.request : http.request, agent, to, undefined, headers)
}

function wayOf(
  request: (options: RequestOptions) => ClientRequest,
  agent: Agent,
  to: { readonly hostname: string; readonly port: number; readonly path: string },
  onClose?: () => void,
  proxyHeaders: Readonly<Record<string, string>> = {},
): HttpWay {
  return {
    post: (headers) => request({ ...to, method: 'POST', agent, headers: { ...headers, ...proxyHeaders } }),
    close() {
      agent.destroy()
      onClose?.()
    },
  }
}
