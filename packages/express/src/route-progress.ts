/**
 * Follows one request through the routers it passes, and tells its route: the templates of the mounts it is in, then
 * that of the route that matched.
 *
 * Invariant: what is told is made of templates alone. Where a router is left without an answer the route is taken back,
 * but not where an error leaves it: the error belongs to the route it was thrown in.
 */
import { holderOf, type Req, type ServerRequest } from '@triscope/sdk'
import { type ExpressApp, isExpressApp, routerOf } from './express-app.ts'
import { pathnameOf } from './matched-pattern.ts'
import { type Layer, mountTemplate, type PathPattern, type Route } from './mount-template.ts'

/** What a router of Express keeps on a request while it handles it. */
export interface RoutedRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly baseUrl?: string
  readonly route?: Route | undefined
  readonly app?: ExpressApp
}

/** One router that is handling the request. */
interface Frame {
  /** The function that continues the router: it is this router's for this request, and nobody else's. */
  readonly next: unknown
  readonly outer: Frame | undefined
  /** The path that was cut off before this router, as the client sent it; and the same as templates. */
  readonly base: string
  readonly template: string
  /** The same below the mount that was entered last: the next router stands there. */
  inner: Layer | undefined
  innerBase: string
  innerTemplate: string
}

/** Where one request is. `next` is the function that the router in charge has handed to its layer. */
export interface RouteProgress {
  /** Tells the route to `request`, from now on. */
  follow(request: ServerRequest): void
  /** A middleware, or a router below a mount, is about to run. */
  entered(req: RoutedRequest, layer: Layer, next: unknown): void
  /** A route matched. @param pattern that entry of its path which did */
  matched(next: unknown, route: Route, pattern: PathPattern): void
  /** The callback of a parameter failed after a route had matched, and before its layer ran. */
  unreached(req: RoutedRequest, next: unknown, route: Route, pattern: PathPattern): void
  /** The route that matched last. */
  readonly lastRoute: Route | undefined
  /** Every router was left, and nobody has answered. */
  left(): void
  failed(error: unknown): void
}

/** On the holder of the request's fields, and shared by every copy of this package. */
const PROGRESS = Symbol.for('triscope.1.express.progress')

/** The request that was begun last and is still in its first turn: most looks are for that one. */
let current: RoutedRequest | undefined
let currentProgress: RouteProgress | undefined

/** The progress of `req`, begun where there is none: a router may come before the middleware that begins the request. */
export function progressOf(req: RoutedRequest): RouteProgress {
  if (req === current && currentProgress !== undefined) return currentProgress
  const holder = holderOf(req as Req) as { [PROGRESS]?: RouteProgress }
  const known = holder[PROGRESS]
  if (known !== undefined) return known
  const progress = new Progress()
  holder[PROGRESS] = progress
  current = req
  currentProgress = progress
  return progress
}

/** Ends the first turn of a request, so that none is held when it is over. */
export function turnEnded(): void {
  current = undefined
  currentProgress = undefined
}

class Progress implements RouteProgress {
  lastRoute: Route | undefined = undefined
  #request: ServerRequest | undefined = undefined
  #route: string | undefined = undefined
  #frame: Frame | undefined = undefined

  follow(request: ServerRequest): void {
    this.#request = request
    request.route(this.#route)
  }

  entered(req: RoutedRequest, layer: Layer, next: unknown): void {
    const frame = this.#frameOf(next)
    frame.inner = layer
    frame.innerBase = frame.base
    frame.innerTemplate = frame.template
    if (!isEverywhere(layer)) {
      const base = req.baseUrl ?? ''
      if (base.length > frame.base.length) {
        frame.innerBase = base
        frame.innerTemplate = frame.template + mountText(layer, base.slice(frame.base.length), req)
      }
    }
    this.#tell(frame.innerTemplate === '' ? undefined : frame.innerTemplate)
  }

  matched(next: unknown, route: Route, pattern: PathPattern): void {
    const frame = this.#frameOf(next)
    // A handler may call a router by itself: that one stands where this one does.
    frame.inner = undefined
    frame.innerBase = frame.base
    frame.innerTemplate = frame.template
    this.#found(frame.template, route, pattern)
  }

  unreached(req: RoutedRequest, next: unknown, route: Route, pattern: PathPattern): void {
    const deepest = this.#frame
    const charged = this.#frameOf(next)
    this.#found(templateAbove(route, deepest, charged, req) ?? charged.template, route, pattern)
  }

  #found(template: string, route: Route, pattern: PathPattern): void {
    this.lastRoute = route
    this.#tell(template + text(pattern) || '/')
  }

  left(): void {
    this.#tell(undefined)
  }

  failed(error: unknown): void {
    this.#request?.error(error)
  }

  #tell(route: string | undefined): void {
    if (route === this.#route) return
    this.#route = route
    this.#request?.route(route)
  }

  /** A router that was not seen before stands below the mount that was entered last; one that was seen is in charge again. */
  #frameOf(next: unknown): Frame {
    for (let frame = this.#frame; frame !== undefined; frame = frame.outer) {
      if (frame.next !== next) continue
      this.#frame = frame
      return frame
    }
    const outer = this.#frame
    const base = outer?.innerBase ?? ''
    const template = outer?.innerTemplate ?? ''
    this.#frame = { next, outer, base, template, inner: undefined, innerBase: base, innerTemplate: template }
    return this.#frame
  }
}

/**
 * The template of the mount that `route` stands below, where its router was left without a layer that could have been
 * seen; `undefined` where it stands in the router in charge.
 */
function templateAbove(
  route: Route,
  deepest: Frame | undefined,
  charged: Frame,
  { app }: RoutedRequest,
): string | undefined {
  const own = charged.outer?.inner?.handle ?? app
  if (holds(own, route)) return undefined
  for (let frame = deepest; frame !== undefined; frame = frame.outer) {
    if (holds(frame.inner?.handle, route)) return frame.innerTemplate
  }
  // An app that is mounted hides its stack: what is nowhere else is there.
  for (let frame = deepest; frame !== undefined; frame = frame.outer) {
    if (frame.inner?.name === 'mounted_app') return frame.innerTemplate
  }
  return undefined
}

/** @param handle of a mount: a router, or an app that a router was given */
function holds(handle: unknown, route: Route): boolean {
  if (typeof handle !== 'function') return false
  // An app of Express 4 without routes has no router, and throws where it is asked for one.
  const isEmpty = 'lazyrouter' in handle && !('_router' in handle)
  const { stack } = (isExpressApp(handle) && !isEmpty ? routerOf(handle) : handle) as {
    stack?: readonly Layer[]
  }
  return stack?.some((layer) => layer.route === route) === true
}

/** Without the last slash, so that `/users` and `/users/` mounted below `/api` both are `/api/users`. */
function text(pattern: PathPattern): string {
  if (typeof pattern !== 'string') return String(pattern)
  return pattern.endsWith('/') ? pattern.slice(0, -1) : pattern
}

/** Whether the mount matches every path and cuts nothing off. */
export function isEverywhere({ regexp, slash }: Layer): boolean {
  return slash ?? (regexp as { fast_slash?: boolean } | undefined)?.fast_slash === true
}

/** The template of the mount `layer`, which cut `removed` off. Router 2.3 and later keep what the app gave. */
function mountText(layer: Layer, removed: string, req: RoutedRequest): string {
  const { matchers, rawPath } = layer
  if (rawPath === undefined) return mountTemplate(layer, removed)
  if (!Array.isArray(rawPath)) return text(rawPath as PathPattern)
  // As the router asked: with the whole path.
  const path = removed + pathnameOf(req.url ?? '')
  const index = matchers?.findIndex((matches) => matches(path) !== false) ?? -1
  return index < 0 ? '*' : text(rawPath[index] as PathPattern)
}
