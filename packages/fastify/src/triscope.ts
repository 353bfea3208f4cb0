/** The one line for a Fastify app. What a request means is told by the sdk; here it is begun, run and named. */
import {
  type RequestTelemetry,
  type Telemetry,
  TriscopeError,
  type TriscopeOptions,
  telemetryFor,
} from '@triscope/sdk'
import type { FastifyInstance } from 'fastify'
import { type FastifyApp, fastifyInstance } from './fastify-app.ts'
import { addRequestHooks } from './request-hooks.ts'

// Here and not elsewhere: the bundled declarations keep it only beside a type that is exported.
declare module 'fastify' {
  interface FastifyRequest {
    /** This request's telemetry: its span, its trace id, its logger, and fields for its access line. */
    readonly triscope: RequestTelemetry
  }
}

/** `triscope` itself. */
export interface Triscope {
  /**
   * Equips an app; call it before the routes. The one form in which every line that Fastify's own logger writes has the
   * ids. Throws `TRI_ERR_APP`, `TRI_ERR_FASTIFY_READY`, `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`.
   */
  (app: FastifyApp, options?: TriscopeOptions | Telemetry): Telemetry
  /** The plugin, for `app.register(triscope, options)`. It fails with the same codes. */
  (app: FastifyInstance, options: TriscopeOptions | Telemetry, done: (error?: Error) => void): void
  /** The telemetry that stands on `app`. Throws `TRI_ERR_APP` where there is none. */
  of(app: FastifyApp): Telemetry
}

/** Metrics, traces and logs for a Fastify app: `await app.register(triscope)`, or `triscope(app)`. */
export const triscope: Triscope = Object.assign(start, {
  of: telemetryOf,
  // What the package fastify-plugin would set: hooks and decorators belong to the app that registers, not to a child.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@triscope/fastify',
  [Symbol.for('plugin-meta')]: { name: '@triscope/fastify', fastify: '>=4' },
})

/** On the app, and by inheritance on its children: its telemetry. Every copy of this package finds it there. */
const TELEMETRY = Symbol.for('triscope.1.fastify.app')

type Marked = FastifyInstance & { [TELEMETRY]?: Telemetry }

function start(app: FastifyApp, options?: TriscopeOptions | Telemetry): Telemetry
function start(
  app: FastifyInstance,
  options: TriscopeOptions | Telemetry,
  done: (error?: Error) => void,
): void
// Three parameters: Fastify waits for `done` of such a plugin, and passes it to no other.
function start(
  app: unknown,
  options: TriscopeOptions | Telemetry | undefined,
  done?: (error?: Error) => void,
): Telemetry | undefined {
  if (done === undefined) return instrument(fastifyInstance(app), options)
  try {
    instrument(fastifyInstance(app), options)
  } catch (error) {
    done(error as Error)
    return undefined
  }
  done()
  return undefined
}

function instrument(app: Marked, options: TriscopeOptions | Telemetry | undefined): Telemetry {
  const telemetry = telemetryFor(options)
  const before = app[TELEMETRY]
  if (before !== undefined) return before
  try {
    addRequestHooks(app, telemetry)
  } catch (error) {
    throw ALREADY_STARTED.has((error as { code?: unknown }).code) ? tooLate(error) : error
  }
  app[TELEMETRY] = telemetry
  return telemetry
}

/** What Fastify 4 and 5 say where a hook comes after `ready()`. */
const ALREADY_STARTED: ReadonlySet<unknown> = new Set([
  'FST_ERR_INSTANCE_ALREADY_LISTENING',
  'FST_ERR_DEC_AFTER_START',
  'AVV_ERR_ROOT_PLG_BOOTED',
])

function tooLate(cause: unknown): TriscopeError {
  return new TriscopeError(
    'TRI_ERR_FASTIFY_READY',
    'triscope(app): the app has started already, and takes no more hooks',
    { hint: 'call it before app.ready() and app.listen(), best right after Fastify()', cause },
  )
}

function telemetryOf(app: FastifyApp): Telemetry {
  const telemetry = (app as unknown as Marked)[TELEMETRY]
  if (telemetry !== undefined) return telemetry
  throw new TriscopeError('TRI_ERR_APP', 'triscope.of(app): triscope does not stand on this app', {
    hint: 'call triscope(app), or wait for it: await app.register(triscope)',
  })
}
