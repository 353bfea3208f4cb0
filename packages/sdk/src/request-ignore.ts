/** Which requests leave no telemetry: scrapes, health checks, and what the app names. */
import { type Diagnostics, settle } from '@triscope/core'
import type { TriscopeOptions } from './options.ts'
import type { Req } from './request-end.ts'
import { pathOf, urlOf } from './request-target.ts'

const DEFAULT: readonly string[] = ['/metrics', '/livez', '/readyz', '/healthz', '/favicon.ico']

/** A predicate over requests. What the app's own function throws is counted, and the request is not ignored. */
export function createIgnore(
  ignore: TriscopeOptions['ignore'],
  diagnostics: Diagnostics,
): (req: Req) => boolean {
  if (typeof ignore === 'function') {
    const failed = (error: unknown): void => diagnostics.failed('TRI_WARN_HOOK', error)
    return (req) => {
      try {
        const answer: unknown = ignore(req.method ?? '', pathOf(urlOf(req)))
        settle(answer, failed)
        // Only `true`: a promise is truthy too, and would hide every request.
        return answer === true
      } catch (error) {
        failed(error)
        return false
      }
    }
  }
  const given = ignore ?? DEFAULT
  const paths = new Set(given.filter((entry): entry is string => typeof entry === 'string'))
  // A global or sticky pattern remembers where it stopped, and would match every other request.
  const patterns = given
    .filter((entry): entry is RegExp => typeof entry !== 'string')
    .map(({ source, flags }) => new RegExp(source, flags.replace(/[gy]/g, '')))
  return (req) => {
    const path = pathOf(urlOf(req))
    if (paths.has(path)) return true
    for (const pattern of patterns) if (pattern.test(path)) return true
    return false
  }
}
