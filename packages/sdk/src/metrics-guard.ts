/**
 * Who may scrape: who brings the token, and whom the app's own function allows.
 *
 * Invariant: what cannot be decided is refused, and a token is compared in constant time.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { type Diagnostics, settle } from '@triscope/core'
import type { MetricsOptions } from './options.ts'
import type { Req } from './request-end.ts'

export interface MetricsGuard {
  readonly token: string | undefined
  readonly allow: MetricsOptions['allow']
}

/** `undefined` where the scrape may go on, else the status of the answer. */
export type Refusal = 401 | 403 | undefined

/** Where nothing needs to be asked of the app the answer is there at once. */
export type Ask = (req: Req) => Refusal | Promise<Refusal>

/** RFC 6750 §2.1; the scheme in any case. A longer header is no token. */
const BEARER = /^bearer +([^\s]{1,4096}) *$/i

export function createGuard({ allow, token }: MetricsGuard, diagnostics: Diagnostics): Ask {
  const digest = token === undefined ? undefined : digestOf(token)
  const failed = (error: unknown): 403 => {
    diagnostics.failed('TRI_WARN_HOOK', error)
    return 403
  }
  return (req) => {
    if (digest !== undefined && !timingSafeEqual(digest, digestOf(tokenOf(req)))) return 401
    if (allow === undefined) return undefined
    try {
      const answer: unknown = allow(req)
      if (typeof answer === 'boolean') return answer ? undefined : 403
      settle(answer, () => {})
      return Promise.resolve(answer).then((allowed) => (allowed === true ? undefined : 403), failed)
    } catch (error) {
      return failed(error)
    }
  }
}

function tokenOf(req: Req): string {
  const header = req.headers['authorization']
  return typeof header === 'string' && header.length <= 5_000 ? (BEARER.exec(header)?.[1] ?? '') : ''
}

/** Digests have one length, which `timingSafeEqual` asks for, and which tells nothing of the token's. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
