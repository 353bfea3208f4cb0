/** What is taken for an Express app, and what everything else that is handed to us looks like. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { TriscopeError } from '@triscope/sdk'
import type { Layer } from './mount-template.ts'

/** An app that `express()` returned, of version 4 or 5, as far as it is used here. */
export interface ExpressApp {
  readonly request: object
  use(...handlers: never[]): unknown
  set(setting: string, value: unknown): unknown
  emit(event: string, ...args: unknown[]): boolean
}

/** Continues with the next handler, or with the error. */
export type Next = (error?: unknown) => void

/** A middleware of Express. */
export type Handler = (req: IncomingMessage, res: ServerResponse, next: Next) => void

export function isExpressApp(value: unknown): value is ExpressApp {
  return typeof value === 'function' && has(value, 'use', 'set', 'emit', 'handle') && 'request' in value
}

/** `app.use(handler)`, without its overloads. */
export function use(app: ExpressApp, handler: unknown): void {
  ;(app as unknown as { use(handler: unknown): unknown }).use(handler)
}

/** The app's own router, which is made where there is none yet. */
export function routerOf(app: ExpressApp): { readonly stack: Layer[] } {
  // In this order: reading `router` throws in Express 4.
  const { _router } = app as { _router?: { stack: Layer[] } }
  return _router ?? (app as unknown as { router: { stack: Layer[] } }).router
}

/** Throws `TRI_ERR_APP` for what is no app and no object of options, and says what it looks like. */
export function rejectOther(value: unknown): void {
  if (typeof value === 'object' && value !== null) {
    if (has(value, 'register', 'decorate', 'addHook')) {
      throw notAnApp('a Fastify instance', 'install @triscope/fastify: await app.register(triscope)')
    }
    if (has(value, 'listen', 'on', 'address')) {
      throw notAnApp('a server of node:http', 'pass the app itself, before it listens')
    }
    if (has(value, 'use', 'listen', 'callback')) {
      throw notAnApp('a Koa app', 'only Express 4 and 5 are understood here')
    }
    return
  }
  if (typeof value !== 'function') return
  if (has(value, 'Router') && 'application' in value) {
    throw notAnApp('the express function itself', 'pass the app that it returns: triscope(express())')
  }
  if (has(value, 'use', 'route', 'param') || Array.isArray((value as { stack?: unknown }).stack)) {
    throw notAnApp('a Router', 'pass the app, or write router.use(triscope())')
  }
  throw notAnApp(`a function${value.name === '' ? '' : ` named ${JSON.stringify(value.name)}`}`, undefined)
}

function notAnApp(looksLike: string, hint: string | undefined): TriscopeError {
  return new TriscopeError(
    'TRI_ERR_APP',
    `triscope(app): expected an Express app or options, got ${looksLike}`,
    hint === undefined ? {} : { hint },
  )
}

function has(value: object, ...names: readonly string[]): boolean {
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
}
