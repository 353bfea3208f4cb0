/**
 * The app's own word on the route of a request, over what its framework says.
 *
 * Invariant: bounded. A route is a series and a span name; a function that returns paths would make one of each request.
 */
import { type Diagnostics, settle } from '@triscope/core'
import type { Req } from './request-end.ts'

/** Names a route. @param route what the framework says; `undefined` where it says nothing */
export type RouteOverride = (req: Req, route: string | undefined) => string | undefined

/** More templates than a service has. */
const MAX_ROUTES = 1_000
/** A template is a line of code; what is longer is cut. */
const MAX_LENGTH = 256
/** What further ones are called. */
const OTHER_ROUTE = '(other)'

/** The route to tell; what the app's function throws is counted, and the framework's word stands. */
export function createRouteOverride(override: RouteOverride, diagnostics: Diagnostics): RouteOverride {
  const given = new Set<string>()
  const failed = (error: unknown): void => diagnostics.failed('TRI_WARN_HOOK', error)
  return (req, route) => {
    try {
      const named: unknown = override(req, route)
      if (typeof named !== 'string' || named === '') {
        settle(named, failed)
        return route
      }
      if (named === route || given.has(named)) return named
      if (given.size >= MAX_ROUTES) {
        diagnostics.warn(
          'TRI_WARN_ROUTES',
          `route: the function has named more than ${MAX_ROUTES} routes; further ones are "${OTHER_ROUTE}": return a template such as /users/:id, not the path`,
        )
        return OTHER_ROUTE
      }
      const kept = named.slice(0, MAX_LENGTH)
      given.add(kept)
      return kept
    } catch (error) {
      failed(error)
      return route
    }
  }
}
