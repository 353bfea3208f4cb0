/** What is taken for a server of node, and what everything else that is handed to us looks like. */
import type { Server } from 'node:http'
import type { Http2SecureServer, Http2Server } from 'node:http2'
import type { Server as HttpsServer } from 'node:https'
import { TriscopeError } from '@triscope/sdk'

/** A server of `node:http`, `node:https` or `node:http2`, the last by its `request` event. */
export type HttpServer = Server | HttpsServer | Http2Server | Http2SecureServer

/** `value` as a server. Throws `TRI_ERR_APP`, and says what it looks like. */
export function httpServer(value: unknown): HttpServer {
  // A server of `node:net` or `node:tls` listens too, but has no time limit for its requests.
  if (has(value, 'emit', 'on', 'listen', 'setTimeout') && typeof value !== 'function') {
    return value as HttpServer
  }
  throw new TriscopeError(
    'TRI_ERR_APP',
    `triscope(server): expected a server of node:http, node:https or node:http2, got ${looksLike(value)}`,
    { hint: hintFor(value) },
  )
}

function looksLike(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (has(value, 'register', 'addHook', 'decorateRequest')) return 'a Fastify instance'
  if (has(value, 'use', 'set', 'handle')) return 'an Express app'
  if (has(value, 'use', 'listen', 'callback')) return 'a Koa app'
  if (has(value, 'listen', 'on', 'address')) return 'a server without HTTP'
  if (typeof value !== 'function') return typeof value === 'object' ? 'an object' : `a ${typeof value}`
  return value.name === '' ? 'a function' : `a function named ${JSON.stringify(value.name)}`
}

function hintFor(value: unknown): string {
  if (has(value, 'register', 'addHook', 'decorateRequest')) {
    return 'install @triscope/fastify: await app.register(triscope)'
  }
  if (has(value, 'use', 'set', 'handle')) return 'install @triscope/express: app.use(triscope())'
  if (has(value, 'use', 'listen', 'callback')) return 'const server = createServer(app.callback())'
  return 'const server = createServer(handler); triscope(server, options)'
}

function has(value: unknown, ...names: readonly string[]): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
}
