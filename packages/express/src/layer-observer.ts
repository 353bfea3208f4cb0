/**
 * Hears of every layer that a router enters, and of every error, for all apps of one copy of Express.
 *
 * Router 2.3 and later publish it on the tracing channel `express.router.request`. Below, and in Express 4, the two
 * methods of the router's own layer class are wrapped, once.
 *
 * Invariant: the router does what it would have done. Nothing here throws into it.
 */
import { channel } from 'node:diagnostics_channel'
import type { Telemetry } from '@triscope/sdk'
import type { Layer, PathPattern, Route } from './mount-template.ts'
import { progressOf, type RoutedRequest } from './route-progress.ts'

type Diagnostics = Telemetry['diagnostics']

/** Begins to observe the kind of layer that `sample` is; once for each kind, whoever asks. */
export function observeLayers(sample: Layer, diagnostics: Diagnostics): void {
  if ('rawPath' in sample) subscribe(diagnostics)
  else wrapLayerClass(Object.getPrototypeOf(sample) as LayerClass, diagnostics)
}

/** On what is observed already, so that two copies of this package do the work once. */
const OBSERVED = Symbol.for('triscope.1.express.observed')

/** What router 2.3 publishes. */
interface LayerEvent {
  readonly req: RoutedRequest
  readonly layer: Layer
  /** The entry of the path that matched: of the route where the layer is a handler of one, else of the mount. */
  readonly route?: PathPattern
  readonly errorHandler?: boolean
  readonly incomingError?: unknown
  /** The parameter whose callback runs. */
  readonly param?: string
  readonly error?: unknown
}

function subscribe(diagnostics: Diagnostics): void {
  const start = channel('tracing:express.router.request:start') as object as { [OBSERVED]?: boolean }
  if (start[OBSERVED] === true) return
  start[OBSERVED] = true
  const fenced = (observe: (event: LayerEvent) => void) => (message: unknown) => {
    try {
      observe(message as LayerEvent)
    } catch (error) {
      // What a subscriber throws becomes an uncaught exception, and would end the app.
      diagnostics.failed('TRI_WARN_ROUTE', error)
    }
  }
  channel('tracing:express.router.request:start').subscribe(fenced(onStart))
  channel('tracing:express.router.request:error').subscribe(
    fenced(({ req, error }) => progressOf(req).failed(error)),
  )
}

function onStart({ req, layer, route: pattern, errorHandler, incomingError, param }: LayerEvent): void {
  const progress = progressOf(req)
  if (errorHandler === true) progress.failed(incomingError)
  else if (pattern === undefined) return
  // Handlers of a route stand in layers with a method, `undefined` for all methods.
  else if ('method' in layer || (param !== undefined && layer.route !== undefined)) {
    progress.matched(req, pattern)
  } else if (param === undefined) progress.entered(req, layer, pattern)
}

type HandleRequest = (this: Layer, req: RoutedRequest, res: unknown, next: unknown) => unknown
type HandleError = (this: Layer, error: unknown, req: RoutedRequest, res: unknown, next: unknown) => unknown

/** The prototype of a router's layers. Express 4 writes the names of its methods with an underscore. */
interface LayerClass extends Layer {
  [OBSERVED]?: boolean
  handleRequest?: HandleRequest
  handleError?: HandleError
  handle_request?: HandleRequest
  handle_error?: HandleError
}

function wrapLayerClass(prototype: LayerClass, diagnostics: Diagnostics): void {
  if (prototype[OBSERVED] === true) return
  const [onRequest, onError] =
    prototype.handleRequest === undefined
      ? (['handle_request', 'handle_error'] as const)
      : (['handleRequest', 'handleError'] as const)
  const handleRequest = prototype[onRequest]
  const handleError = prototype[onError]
  if (handleRequest === undefined || handleError === undefined) {
    diagnostics.warn(
      'TRI_WARN_ROUTER',
      `the router of this version of Express is not known (a layer has neither handleRequest nor handle_request): requests are recorded without their routes`,
    )
    return
  }
  prototype[OBSERVED] = true
  prototype[onRequest] = function (req, res, next) {
    try {
      observeRequest(this, req)
    } catch (error) {
      diagnostics.failed('TRI_WARN_ROUTE', error)
    }
    return handleRequest.call(this, req, res, next)
  }
  prototype[onError] = function (error, req, res, next) {
    try {
      observeError(this, error, req)
    } catch (fault) {
      diagnostics.failed('TRI_WARN_ROUTE', fault)
    }
    return handleError.call(this, error, req, res, next)
  }
}

function observeRequest(layer: Layer, req: RoutedRequest): void {
  // A handler within a route: the route itself was seen before.
  if ('method' in layer) return
  const { route } = layer
  if (route !== undefined) progressOf(req).matched(req, matchedPattern(route, layer, req))
  // A handler of errors is passed by, while there is none.
  else if ((layer.handle as { length: number }).length <= 3) progressOf(req).entered(req, layer, undefined)
}

function observeError(layer: Layer, error: unknown, req: RoutedRequest): void {
  const progress = progressOf(req)
  // The callback of a parameter fails after its route was found, and before the route's layer runs.
  const { route } = req
  if (route !== undefined && route !== progress.lastRoute && !('method' in layer)) {
    progress.matched(req, matchedPattern(route, layer, req))
  }
  progress.failed(error)
}

/** The entry of the route's path that matches: found with the router's own layer class, one for each entry. */
function matchedPattern(route: Route, layer: Layer, req: RoutedRequest): PathPattern {
  const { path } = route
  if (!Array.isArray(path)) return path as PathPattern
  let entries = entriesOf.get(route)
  if (entries === undefined) {
    const LayerOf = layer.constructor as new (path: PathPattern, options: object, fn: () => void) => Entry
    const options = { sensitive: false, strict: false, end: true }
    entries = (path.flat(Number.POSITIVE_INFINITY) as PathPattern[]).map((pattern) => ({
      pattern,
      layer: new LayerOf(pattern, options, () => {}),
    }))
    entriesOf.set(route, entries)
  }
  const pathname = (req.url ?? '').split('?', 1)[0] ?? ''
  const found = entries.find((entry) => entry.layer.match(pathname)) ?? entries[0]
  return found?.pattern ?? ''
}

interface Entry {
  match(path: string): unknown
}

const entriesOf = new WeakMap<Route, { pattern: PathPattern; layer: Entry }[]>()
