/**
 * What one Express app gets, once: `req.triscope` and `req.log`, a `handle` of its own that may begin its requests, the
 * observation of its router, and two layers at the end of its stack that see what nobody answered.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type RequestTelemetry, type Telemetry, TriscopeError, watchUpgrades } from '@triscope/sdk'
import { type ExpressApp, type Handler, type Next, routerOf, use } from './express-app.ts'
import { lateWarning } from './late-routes.ts'
import { observeLayers } from './layer-observer.ts'
import type { Layer } from './mount-template.ts'
import { isEverywhere, progressOf } from './route-progress.ts'
import { gainsByShape, shareShape } from './shared-shape.ts'

/** On the app: its telemetry. Every copy of this package finds it there. */
const INSTRUMENTED = Symbol.for('triscope.1.express.app')

/** One app that triscope stands on. */
interface Instrumented {
  readonly telemetry: Telemetry
  /** The app's own router, whose stack may be exchanged. */
  readonly router: { readonly stack: Layer[] }
  /** Called for each request before the router sees it; `undefined` where a layer begins requests. */
  begin: Handler | undefined
  /** The layer that `begin` stands for, until the first request. */
  replaced: Layer | undefined
  /** The server that the last request came to, whose upgrades are watched. */
  server: unknown
  /** The last layer of the stack, when it was looked at last. */
  last: Layer | undefined
}

type MarkedApp = ExpressApp & { [INSTRUMENTED]?: Instrumented }

/** Equips `app`, unless it is equipped already. Warns `TRI_WARN_LATE` of routes that `handler` comes too late for. */
export function instrument(app: ExpressApp, telemetry: Telemetry, handler: unknown): void {
  const marked = app as MarkedApp
  if (marked[INSTRUMENTED] !== undefined) return
  const router = routerOf(app)
  const instrumented: Instrumented = {
    telemetry,
    router,
    begin: undefined,
    replaced: undefined,
    server: undefined,
    last: undefined,
  }
  marked[INSTRUMENTED] = instrumented
  addRequestFields(app.request, telemetry)
  wrapHandle(app, instrumented)
  wrapListen(app, telemetry)
  const { stack } = router
  const [sample] = stack
  if (sample !== undefined) observeLayers(sample, telemetry.diagnostics)
  const warning = lateWarning(layersBefore(stack, handler))
  if (warning !== undefined) telemetry.diagnostics.warn('TRI_WARN_LATE', warning)
}

/**
 * Lets `begin` begin the requests of `app`, in place of the layer that Express has just added to its stack. Where that is
 * the first, it is taken out, and requests begin before the router: that saves a layer, and looks at a request whose
 * prototype was replaced. Taken out at the first request, and not before: whoever has wrapped `app.use`, as
 * OpenTelemetry's instrumentation does, looks for the layer that it has just added.
 */
export function beginAt(app: ExpressApp, begin: Handler): void {
  const instrumented = (app as MarkedApp)[INSTRUMENTED]
  const stack = instrumented?.router.stack ?? []
  const layer = stack[stack.length - 1]
  // The name of the wrapper for mounted apps. It would give each request its prototype once more: 2.4 µs on Node 20.
  if (instrumented === undefined || layer?.name !== 'mounted_app') return
  const isFirst = stack.every((one) => one === layer || OF_EXPRESS.has(one.name))
  if (isFirst && isEverywhere(layer) && instrumented.begin === undefined) {
    instrumented.begin = begin
    instrumented.replaced = layer
  } else layer.handle = begin
}

/** Layers that Express 4 puts in front of all others. */
const OF_EXPRESS: ReadonlySet<string | undefined> = new Set(['query', 'expressInit'])

/** What its types do not tell. */
interface Handling {
  listen?(...args: unknown[]): unknown
  /** @param next where the app is mounted on another one */
  handle(req: IncomingMessage, res: ServerResponse, next?: Next): void
}

/** Express calls `handle` of the app itself for each request, before it touches any of it. */
function wrapHandle(app: ExpressApp, instrumented: Instrumented): void {
  const handling = app as unknown as Handling
  const { handle } = handling
  handling.handle = function (req, res, next) {
    if (gainsByShape) shareShape(req, res)
    const { begin, replaced } = instrumented
    if (replaced !== undefined) takeOut(instrumented, replaced)
    if (begin === undefined) handle.call(this, req, res, next)
    else begin(req, res, () => handle.call(this, req, res, next))
  }
}

/** `listen` makes a server of its own; one that the app was given to is known from its first request on. */
function wrapListen(app: ExpressApp, telemetry: Telemetry): void {
  const handling = app as unknown as Handling
  const { listen } = handling
  if (listen === undefined) return
  handling.listen = function (...args) {
    const server = listen.apply(this, args)
    watchUpgrades(server, telemetry)
    return server
  }
}

function takeOut(instrumented: Instrumented, layer: Layer): void {
  instrumented.replaced = undefined
  const { stack } = instrumented.router
  const index = stack.indexOf(layer)
  if (index >= 0) stack.splice(index, 1)
}

/** The telemetry that stands on `app`. Throws `TRI_ERR_APP` where there is none. */
export function telemetryOf(app: ExpressApp): Telemetry {
  const instrumented = (app as MarkedApp)[INSTRUMENTED]
  if (instrumented !== undefined) return instrumented.telemetry
  throw new TriscopeError('TRI_ERR_APP', 'triscope.of(app): triscope does not stand on this app', {
    hint: 'call app.use(triscope()) first; on a Router it is found after the first request',
  })
}

/**
 * Makes sure that our two layers are the last of the app's stack, and that the server of `req` tells its upgrades. Looked at when a request begins, because routes are
 * registered until then. Layers that were the last once stay where they are: they do no harm there, and removing them
 * would move the others under a request that is on its way.
 */
export function closeStack(app: ExpressApp, req: IncomingMessage): void {
  const instrumented = (app as MarkedApp)[INSTRUMENTED]
  if (instrumented === undefined) return
  // Over HTTP/2 the socket is a proxy, and nothing is ever upgraded.
  const { server } = (req.httpVersionMajor < 2 ? (req.socket ?? {}) : {}) as { server?: unknown }
  if (server !== undefined && server !== instrumented.server) {
    instrumented.server = server
    watchUpgrades(server, instrumented.telemetry)
  }
  const { stack } = instrumented.router
  if (stack.length > 0 && stack[stack.length - 1] === instrumented.last) return
  use(app, triscopeUnanswered)
  use(app, triscopeUnhandled)
  instrumented.last = stack[stack.length - 1]
}

function triscopeUnanswered(req: IncomingMessage, _res: ServerResponse, next: Next): void {
  progressOf(req).left()
  next()
}

/** Also sees what the layers cannot: a path whose escapes are broken fails while it is matched. */
function triscopeUnhandled(error: unknown, req: IncomingMessage, _res: ServerResponse, next: Next): void {
  progressOf(req).failed(error)
  next(error)
}

/**
 * Defined once on what all requests of the app inherit from: a field on each request costs every request, and more in
 * Express, where requests change their prototype.
 */
function addRequestFields(prototype: object, telemetry: Telemetry): void {
  const telemetryOfRequest = (req: IncomingMessage): RequestTelemetry =>
    telemetry.requestOf(req) ?? telemetry.inertRequest
  define(prototype, 'triscope', telemetryOfRequest)
  define(prototype, 'log', (req) => telemetryOfRequest(req).log)
}

/** A field that can be read, and set like any other: another middleware may bring a `req.log` of its own. */
function define(prototype: object, name: string, read: (req: IncomingMessage) => unknown): void {
  Object.defineProperty(prototype, name, {
    configurable: true,
    enumerable: false,
    get(this: IncomingMessage) {
      return read(this)
    },
    set(this: IncomingMessage, value: unknown) {
      Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true })
    },
  })
}

/** The layers that a request passes before it comes to `handler`; all of them where it is not found. */
function layersBefore(stack: readonly Layer[], handler: unknown): readonly Layer[] {
  const before: Layer[] = []
  for (const layer of stack) {
    if (layer.handle === handler) return before
    const { stack: inner } = layer.handle as { stack?: Layer[] }
    if (Array.isArray(inner) && holds(inner, handler)) return [...before, ...layersBefore(inner, handler)]
    before.push(layer)
  }
  return before
}

function holds(stack: readonly Layer[], handler: unknown): boolean {
  return stack.some((layer) => {
    const { stack: inner } = layer.handle as { stack?: Layer[] }
    return layer.handle === handler || (Array.isArray(inner) && holds(inner, handler))
  })
}
