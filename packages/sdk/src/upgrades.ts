/**
 * Upgrades and tunnels of a server whose framework hears nothing of them: Express and Fastify see requests that have a
 * response, and a connection that is handed over has none.
 *
 * Invariant: a server without a listener of these events is left as it was, and answers to a request to upgrade as it
 * would have; its own `emit` is stood before once there is one. Every listener hears what was emitted.
 */
import type { Server } from 'node:http'
import type { Req } from './request-end.ts'
import type { BeginOptions, ServerRequest } from './server-request.ts'
import type { Telemetry } from './telemetry.ts'

/** Events that bring a request and the connection, which is then the app's. */
const HANDED_OVER: ReadonlySet<unknown> = new Set(['upgrade', 'connect'])

type Emit = (event: string | symbol, ...args: unknown[]) => boolean

/** On the server: who watches it. Every copy of this package finds it there. */
const WATCHED = Symbol.for('triscope.1.upgrades')

interface Watched {
  [WATCHED]?: WeakSet<Telemetry>
}

/**
 * Begins the upgrades of `server` from now on; for each telemetry once, and no request that another has begun. For adapters.
 * @param server anything else than a server of `node:http` or `node:https` is left alone
 */
export function watchUpgrades(server: unknown, telemetry: Telemetry, how?: BeginOptions): void {
  if (!isServer(server)) return
  try {
    server[WATCHED] ??= new WeakSet()
    if (server[WATCHED].has(telemetry)) return
    server[WATCHED].add(telemetry)
    if (server.listenerCount('upgrade') + server.listenerCount('connect') > 0) {
      standBefore(server, telemetry, how)
      return
    }
    const onNewListener = (event: string | symbol): void => {
      if (!HANDED_OVER.has(event)) return
      server.off('newListener', onNewListener)
      standBefore(server, telemetry, how)
    }
    server.on('newListener', onNewListener)
  } catch (error) {
    telemetry.diagnostics.failed('TRI_WARN_REQUEST', error)
  }
}

function isServer(value: unknown): value is Server & Watched {
  const { emit, listenerCount } = (value ?? {}) as Partial<Server>
  return typeof emit === 'function' && typeof listenerCount === 'function'
}

function standBefore(server: Server, telemetry: Telemetry, how: BeginOptions | undefined): void {
  const emit = server.emit as Emit
  Object.defineProperty(server, 'emit', {
    value(this: unknown, event: string | symbol, ...args: unknown[]): boolean {
      if (!HANDED_OVER.has(event)) return emit.call(this, event, ...args)
      const request = telemetry.beginRequest(args[0] as Req, undefined, how)
      if (request === undefined) return emit.call(this, event, ...args)
      return runListeners(request, () => emit.call(this, event, ...args))
    },
    configurable: true,
    writable: true,
    enumerable: false,
  })
}

/** Calls the listeners of an event in the context of its request; what they throw is told, and thrown on. */
export function runListeners(request: ServerRequest, emit: () => boolean): boolean {
  return request.run(() => {
    try {
      return emit()
    } catch (error) {
      request.error(error)
      throw error
    }
  })
}
