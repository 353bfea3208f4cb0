/** What is true of all that telemetry serves by itself: it leaves no telemetry, and knows what came from outside. */
import { adoptContext, untraced } from '@triscope/core'
import type { Req } from './request-end.ts'

/** Calls `fn` out of every span; where nobody in the process makes any, no context is entered for it. */
export function unseen<T>(fn: () => T): T {
  return adoptContext() === undefined ? fn() : untraced(fn)
}

/** RFC 7239 and the header before it: a proxy in front of the app sets one of them, and so may anybody. */
export function cameThroughProxy(req: Req): boolean {
  return req.headers['forwarded'] !== undefined || req.headers['x-forwarded-for'] !== undefined
}
