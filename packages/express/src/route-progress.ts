/**
 * Follows one request through the routers it passes, and tells its route: the templates of the mounts it is in, then
 * that of the route that matched.
 *
 * Invariant: what is told is made of templates alone. Where a router is left without an answer the route is taken back,
 * but not where an error leaves it: the error belongs to the route it was thrown in.
 */
import type { ServerRequest } from '@triscope/sdk'
import { type Layer, mountTemplate, type PathPattern, type Route } from './mount-template.ts'

/** What a router of Express keeps on a request while it handles it. */
export interface RoutedRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly baseUrl?: string
  /** The function that continues the router in charge: it is this router's for this request, and nobody else's. */
  readonly next?: unknown
  readonly route?: Route | undefined
}

/** One router that is handling the request. */
interface Frame {
  readonly next: unknown
  readonly outer: Frame | undefined
  /** The path that was cut off before this router, as the client sent it; and the same as templates. */
  readonly base: string
  readonly template: string
  /** The same below the mount that was entered last: the next router stands there. */
  innerBase: string
  innerTemplate: string
}

/** Where one request is. */
export interface RouteProgress {
  /** Tells the route to `request`, from now on. */
  follow(request: ServerRequest): void
  /** A middleware, or a router below a mount, is about to run. @param pattern of its mount, where the router tells it */
  entered(req: RoutedRequest, layer: Layer, pattern: PathPattern | undefined): void
  /** A route matched. @param pattern that entry of the route's path which did */
  matched(req: RoutedRequest, pattern: PathPattern): void
  /** The route that matched last. */
  readonly lastRoute: Route | undefined
  /** Every router was left, and nobody has answered. */
  left(): void
  failed(error: unknown): void
}

/** On the request, and shared by every copy of this package. */
const PROGRESS = Symbol.for('triscope.1.express.progress')

/** The progress of `req`, begun where there is none: a router may come before the middleware that begins the request. */
export function progressOf(req: RoutedRequest): RouteProgress {
  const marked = req as { [PROGRESS]?: RouteProgress }
  marked[PROGRESS] ??= new Progress()
  return marked[PROGRESS]
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

  entered(req: RoutedRequest, layer: Layer, pattern: PathPattern | undefined): void {
    const frame = this.#frameOf(req)
    const base = req.baseUrl ?? ''
    frame.innerBase = base
    frame.innerTemplate =
      base.length <= frame.base.length
        ? frame.template
        : frame.template +
          (pattern === undefined ? mountTemplate(layer, base.slice(frame.base.length)) : text(pattern))
    this.#tell(frame.innerTemplate === '' ? undefined : frame.innerTemplate)
  }

  matched(req: RoutedRequest, pattern: PathPattern): void {
    const { template } = this.#frameOf(req)
    this.lastRoute = req.route
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
  #frameOf(req: RoutedRequest): Frame {
    const { next } = req
    for (let frame = this.#frame; frame !== undefined; frame = frame.outer) {
      if (frame.next !== next) continue
      this.#frame = frame
      return frame
    }
    const outer = this.#frame
    const base = outer?.innerBase ?? ''
    const template = outer?.innerTemplate ?? ''
    this.#frame = { next, outer, base, template, innerBase: base, innerTemplate: template }
    return this.#frame
  }
}

/** Without the last slash, so that `/users` and `/users/` mounted below `/api` both are `/api/users`. */
function text(pattern: PathPattern): string {
  if (typeof pattern !== 'string') return String(pattern)
  return pattern.endsWith('/') ? pattern.slice(0, -1) : pattern
}
