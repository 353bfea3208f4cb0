/**
 * Stands before every listener of one server, in whatever order they came: the server's own `emit` begins the request,
 * and calls the listeners in its context.
 *
 * Invariant: every event reaches its listeners with what it was emitted with, but for the requests that are answered
 * here; and what a listener throws is thrown on, as the same object.
 */
import type { Req, Res, Telemetry } from '@triscope/sdk'
import { bindBody, runListeners } from '@triscope/sdk'
import type { HttpServer } from './http-server.ts'

/** Events that bring a request and its response. The app that hears the last two goes on with `request`, or answers. */
const WITH_RESPONSE: ReadonlySet<unknown> = new Set(['request', 'checkContinue', 'checkExpectation'])
/** Events that bring a request and the connection, which is then the app's. */
const WITH_SOCKET: ReadonlySet<unknown> = new Set(['upgrade', 'connect'])

type Emit = (event: string | symbol, ...args: unknown[]) => boolean

/** Where node takes a listener's promise that fails, where `EventEmitter.captureRejections` is set. */
const REJECTION = Symbol.for('nodejs.rejection')
type Rejected = (error: unknown, event: string | symbol, ...args: unknown[]) => void

/** Equips `server`; once for each, which is the caller's to see to. */
export function observeServer(server: HttpServer, telemetry: Telemetry): void {
  const emit = server.emit as Emit
  define(server, 'emit', function (this: unknown, event: string | symbol, ...args: unknown[]): boolean {
    const tellsRequest = WITH_RESPONSE.has(event)
    if (!tellsRequest && !WITH_SOCKET.has(event)) return emit.call(this, event, ...args)
    const req = args[0] as Req
    const res = tellsRequest ? (args[1] as Res) : undefined
    if (res !== undefined && telemetry.answer(req, res)) return true
    const request = telemetry.beginRequest(req, res)
    if (request === undefined) return emit.call(this, event, ...args)
    bindBody(req, request)
    return runListeners(request, () => emit.call(this, event, ...args))
  })
  const rejected = (server as unknown as { [REJECTION]?: Rejected })[REJECTION]
  if (rejected === undefined) return
  define(
    server,
    REJECTION,
    function (this: unknown, error: unknown, ...rest: [string | symbol, ...unknown[]]) {
      if (WITH_RESPONSE.has(rest[0])) telemetry.requestOf(rest[1] as Req)?.error(error)
      rejected.call(this, error, ...rest)
    },
  )
}

function define(server: HttpServer, name: string | symbol, value: (...args: never[]) => unknown): void {
  Object.defineProperty(server, name, { value, configurable: true, writable: true, enumerable: false })
}
