/**
 * Hears of every layer that a router enters, and of every error, for all apps of one copy of Express: the two methods
 * of the router's own layer class are wrapped, once.
 *
 * Router 2.3 also publishes this, on the tracing channel `express.router.request`. For a channel with a subscriber it
 * makes a message, three closures and two contexts for each layer, and looks the layer up on the request: on Node 20 that
 * is 6 µs a layer, where the wrapped method takes 0.7.
 *
 * Invariant: the router does what it would have done. Nothing here throws into it.
 */
import type { Telemetry } from '@triscope/sdk'
import { matchedPattern } from './matched-pattern.ts'
import type { Layer } from './mount-template.ts'
import { progressOf, type RoutedRequest } from './route-progress.ts'

type Diagnostics = Telemetry['diagnostics']

/** On a class that is wrapped already, so that two copies of this package do the work once. */
const OBSERVED = Symbol.for('triscope.1.express.observed')

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

/** Begins to observe layers of the class of `sample`; once for each class, whoever asks. */
export function observeLayers(sample: Layer, diagnostics: Diagnostics): void {
  const prototype = Object.getPrototypeOf(sample) as LayerClass
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
      observeRequest(this, req, next)
    } catch (error) {
      diagnostics.failed('TRI_WARN_ROUTE', error)
    }
    return handleRequest.call(this, req, res, next)
  }
  prototype[onError] = function (error, req, res, next) {
    try {
      observeError(this, error, req, next)
    } catch (fault) {
      diagnostics.failed('TRI_WARN_ROUTE', fault)
    }
    return handleError.call(this, error, req, res, next)
  }
}

function observeRequest(layer: Layer, req: RoutedRequest, next: unknown): void {
  // A handler within a route: the route itself was seen before.
  if ('method' in layer) return
  const { route } = layer
  if (route !== undefined) progressOf(req).matched(next, route, matchedPattern(route, layer, req))
  // A handler of errors is passed by, while there is none.
  else if ((layer.handle as { length: number }).length <= 3) progressOf(req).entered(req, layer, next)
}

function observeError(layer: Layer, error: unknown, req: RoutedRequest, next: unknown): void {
  const progress = progressOf(req)
  // The callback of a parameter fails after its route was found, and before the route's layer runs.
  const { route } = req
  if (route !== undefined && route !== progress.lastRoute && !('method' in layer)) {
    progress.unreached(req, next, route, matchedPattern(route, layer, req))
  }
  progress.failed(error)
}
