/** What is taken for a Fastify instance, and what everything else that is handed to us looks like. */
import { TriscopeError } from '@triscope/sdk'
import type { FastifyInstance } from 'fastify'

/** A Fastify instance of version 4 or 5, whatever its server, type provider and logger are. */
export interface FastifyApp {
  register(...given: never[]): unknown
  addHook(...given: never[]): unknown
  decorateRequest(...given: never[]): unknown
}

/** `app` as what Fastify calls it. Throws `TRI_ERR_APP`, and says what it looks like. */
export function fastifyInstance(app: unknown): FastifyInstance {
  if (has(app, 'register', 'addHook', 'decorateRequest')) return app as FastifyInstance
  throw new TriscopeError(
    'TRI_ERR_APP',
    `triscope(app): expected a Fastify instance, got ${looksLike(app)}`,
    {
      hint: hintFor(app),
    },
  )
}

function looksLike(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (typeof value === 'function') {
    if (has(value, 'use', 'set', 'handle')) return 'an Express app'
    return value.name === '' ? 'a function' : `a function named ${JSON.stringify(value.name)}`
  }
  if (typeof value !== 'object') return `a ${typeof value}`
  if (typeof (value as { then?: unknown }).then === 'function') return 'a promise'
  if (has(value, 'listen', 'on', 'address')) return 'a server of node:http'
  return 'an object'
}

function hintFor(value: unknown): string {
  if (has(value, 'use', 'set', 'handle')) return 'install @triscope/express: app.use(triscope())'
  return 'await app.register(triscope, options), or triscope(app, options) before the routes'
}

function has(value: unknown, ...names: readonly string[]): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
}
