/**
 * The one line for an Express app. It begins requests and runs the app in their context; what they mean is told by the
 * sdk.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  bindBody,
  type RequestTelemetry,
  type Telemetry,
  TriscopeError,
  type TriscopeOptions,
  telemetryFor,
} from '@triscope/sdk'
import {
  type ExpressApp,
  type Handler,
  isExpressApp,
  type Next,
  rejectOther,
  routerOf,
  use,
} from './express-app.ts'
import { beginAt, closeStack, instrument, telemetryOf } from './instrumented-app.ts'
import { progressOf, turnEnded } from './route-progress.ts'

// Here and not elsewhere: the bundled declarations keep it only beside a type that is exported.
declare global {
  namespace Express {
    interface Request {
      /** This request's telemetry: its span, its trace id, its logger, and fields for its access line. */
      readonly triscope: RequestTelemetry
      /** A logger whose lines name this request's trace. */
      log: RequestTelemetry['log']
    }
  }
}

/** `triscope` itself. */
export interface Triscope {
  /**
   * Equips an app; call it before its routes. The same as `app.use(triscope(options))`.
   * Throws `TRI_ERR_APP`, `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`.
   */
  (app: ExpressApp, options?: TriscopeOptions | Telemetry): Telemetry
  /**
   * The middleware, for `app.use()`: first, and once. On a path or on a Router it sees the requests that pass there.
   * Throws `TRI_ERR_APP`, `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`.
   */
  (options?: TriscopeOptions | Telemetry): Handler
  /** The telemetry that stands on `app`. Throws `TRI_ERR_APP` where there is none. */
  of(app: ExpressApp): Telemetry
}

/** Metrics, traces and logs for an Express app: `app.use(triscope())`. */
export const triscope: Triscope = Object.assign(start, {
  of: telemetryOf,
  // These three make Express take the function for an app, and hand us the app it was given to: see `mountable`.
  handle: (req: IncomingMessage, res: ServerResponse, next: Next) => start(req, res, next),
  set: () => {},
  emit(): boolean {
    throw new TriscopeError('TRI_ERR_APP', UNCALLED)
  },
})

const UNCALLED = 'app.use(triscope) got the function itself; call it: app.use(triscope())'

function start(app: ExpressApp, options?: TriscopeOptions | Telemetry): Telemetry
function start(options?: TriscopeOptions | Telemetry): Handler
function start(req: IncomingMessage, res: ServerResponse, next: Next): void
function start(first?: unknown, second?: unknown, third?: unknown): unknown {
  if (typeof third === 'function') {
    passUncalled(first as IncomingMessage, third as Next)
    return undefined
  }
  if (!isExpressApp(first)) {
    rejectOther(first)
    return mountable(telemetryFor(first as TriscopeOptions | Telemetry | undefined))
  }
  const telemetry = telemetryFor(second as TriscopeOptions | Telemetry | undefined)
  use(first, mountable(telemetry))
  return telemetry
}

const warned = new WeakSet<object>()

/** `router.use(triscope)` is found out at a request, which must not suffer: it is said once for each app. */
function passUncalled(req: IncomingMessage, next: Next): void {
  const { app } = req as { app?: object }
  if (app !== undefined && !warned.has(app)) {
    warned.add(app)
    const message = UNCALLED.replaceAll('app.use', 'router.use')
    process.emitWarning(message, { type: 'TriscopeWarning', code: 'TRI_WARN_UNCALLED' })
  }
  next()
}

/**
 * The middleware. With `handle`, `set` and `emit` it looks like an app to Express, which then tells it where it was
 * mounted; a Router calls it as a function, and there the app is taken from the first request.
 */
function mountable(telemetry: Telemetry): Handler {
  function beginIn(app: ExpressApp | undefined, req: IncomingMessage, res: ServerResponse, next: Next): void {
    if (app !== undefined) closeStack(app, req)
    if (telemetry.answer(req, res)) return
    const begun = telemetry.beginRequest(req, res)
    const request = begun ?? telemetry.requestOf(req)
    if (request !== undefined) progressOf(req).follow(request)
    try {
      if (begun === undefined) next()
      else {
        bindBody(req, begun)
        begun.run(next)
      }
    } finally {
      turnEnded()
    }
  }
  const handler: Handler = Object.assign(
    (req: IncomingMessage, res: ServerResponse, next: Next): void => {
      const { app } = req as { app?: ExpressApp }
      if (app !== undefined) instrument(app, telemetry, handler)
      beginIn(app, req, res, next)
    },
    {
      handle: (req: IncomingMessage, res: ServerResponse, next: Next): void => handler(req, res, next),
      set: () => {},
      emit(event: string, app: ExpressApp): boolean {
        if (event !== 'mount') return true
        // Express has just put us on the stack, within a function of its own.
        instrument(app, telemetry, routerOf(app).stack.at(-1)?.handle)
        beginAt(app, (req, res, next) => beginIn(app, req, res, next))
        return true
      },
    },
  )
  return handler
}
