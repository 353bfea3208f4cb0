/**
 * Whether the process lives, and whether it is ready: `/livez` and `/readyz`, as the Kubernetes API server has them.
 *
 * Invariant: a check runs once however many ask, a check that hangs costs its own timeout and no more, and nothing
 * of it leaves telemetry.
 */
import type { ServerResponse } from 'node:http'
import { type Clock, type Diagnostics, messageOf, type Redaction } from '@triscope/core'
import type { HealthCheck, HealthOptions } from './options.ts'
import { cameThroughProxy, unseen } from './own-traffic.ts'
import type { Req, Res } from './request-end.ts'
import { pathOf, urlOf } from './request-target.ts'

/** What one check answered. */
export interface CheckReport {
  readonly ok: boolean
  readonly durationMs: number
  /** Why it failed, without secrets. */
  readonly error?: string
}

/** Whether the service is ready, and why not. */
export interface HealthReport {
  readonly status: 'ready' | 'not ready' | 'draining'
  readonly checks: Readonly<Record<string, CheckReport>>
}

export interface Health {
  /** Whether the request asks for one of the two paths. */
  owns(req: Req): boolean
  /** Answers it, where it is owned, and says whether it was. */
  answer(req: Req, res: Res): boolean
  report(): Promise<HealthReport>
  /** From now on it is not ready, whatever the checks say. */
  drain(): void
}

export interface HealthParts {
  readonly clock: Clock
  readonly diagnostics: Diagnostics
  readonly redaction: Redaction
  /** Whether requests that came through a proxy are told what failed. */
  readonly detailsToProxies: boolean
}

/** A check that ignores its signal and hangs is begun again, so that one lost answer is not for ever; but so often only. */
const MAX_HANGING = 8
const MAX_ERROR_LENGTH = 200

export function createHealth(options: HealthOptions, parts: HealthParts): Health {
  const live = options.paths?.live ?? '/livez'
  const ready = options.paths?.ready ?? '/readyz'
  const checks = Object.entries(options.checks ?? {}).map(([name, check]) => {
    return new CachedCheck(name, check, options.timeoutMs ?? 1_000, options.cacheMs ?? 1_000, parts)
  })
  let draining = false

  function asked(req: Req): 'live' | 'ready' | undefined {
    if (req.method !== 'GET' && req.method !== 'HEAD') return undefined
    const url = urlOf(req)
    // Most requests are told apart by the first characters, without cutting the query off.
    if (url.startsWith(ready) && pathOf(url) === ready) return 'ready'
    return url.startsWith(live) && pathOf(url) === live ? 'live' : undefined
  }

  async function report(): Promise<HealthReport> {
    const answers = await Promise.all(checks.map((check) => check.answer()))
    const failed = answers.some(({ ok }) => !ok)
    return {
      status: draining ? 'draining' : failed ? 'not ready' : 'ready',
      checks: Object.fromEntries(answers.map((answer, index) => [checks[index]?.name ?? '', answer])),
    }
  }

  return {
    owns: (req) => asked(req) !== undefined,
    answer(req, res) {
      const what = asked(req)
      if (what === undefined) return false
      const response = res as ServerResponse
      if (what === 'live') send(req, response, 200, { status: 'live' })
      else {
        const details = isVerbose(urlOf(req)) && (parts.detailsToProxies || !cameThroughProxy(req))
        void unseen(report).then(({ status, checks: told }) => {
          const body = details ? { status, checks: told } : { status }
          send(req, response, status === 'ready' ? 200 : 503, body)
        })
      }
      return true
    },
    report: () => unseen(report),
    drain() {
      draining = true
    },
  }
}

/** One check, its last answer, and the run that is under way. */
class CachedCheck {
  readonly name: string
  readonly #check: HealthCheck
  readonly #timeoutMs: number
  readonly #cacheMs: number
  readonly #parts: HealthParts
  #last: CheckReport | undefined
  #lastAtMs = 0
  #running: Promise<CheckReport> | undefined
  #hanging = 0

  constructor(name: string, check: HealthCheck, timeoutMs: number, cacheMs: number, parts: HealthParts) {
    this.name = name
    this.#check = check
    this.#timeoutMs = timeoutMs
    this.#cacheMs = cacheMs
    this.#parts = parts
  }

  answer(): Promise<CheckReport> {
    if (this.#running !== undefined) return this.#running
    const isFresh = this.#parts.clock.monotonicMs() - this.#lastAtMs < this.#cacheMs
    if (this.#last !== undefined && (isFresh || this.#hanging >= MAX_HANGING)) {
      return Promise.resolve(this.#last)
    }
    this.#running = this.#run().then((report) => {
      this.#running = undefined
      this.#last = report
      this.#lastAtMs = this.#parts.clock.monotonicMs()
      return report
    })
    return this.#running
  }

  #run(): Promise<CheckReport> {
    const { clock } = this.#parts
    const startMs = clock.monotonicMs()
    const late = new AbortController()
    return new Promise((resolve) => {
      const done = (why: string | undefined): void => {
        timer.cancel()
        resolve(this.#reported(clock.monotonicMs() - startMs, why))
      }
      const timer = clock.timer(this.#timeoutMs, () => {
        const why = `no answer within ${this.#timeoutMs} ms`
        done(why)
        late.abort(new Error(why))
      })
      this.#hanging++
      this.#ask(late.signal)
        // A strict redaction throws where it would have replaced: what failed is then not told.
        .catch(() => 'what it threw may not be shown')
        .then((why) => {
          this.#hanging--
          done(why)
        })
    })
  }

  /** Why it failed; `undefined` where it holds. */
  async #ask(signal: AbortSignal): Promise<string | undefined> {
    try {
      return (await this.#check(signal)) === false ? 'it returned false' : undefined
    } catch (error) {
      return this.#parts.redaction.text(messageOf(error)).slice(0, MAX_ERROR_LENGTH)
    }
  }

  #reported(durationMs: number, why: string | undefined): CheckReport {
    if (why === undefined) return { ok: true, durationMs }
    this.#parts.diagnostics.warn(
      'TRI_WARN_HEALTH',
      `health.checks.${this.name}: not ready: ${why}`,
      this.name,
    )
    return { ok: false, durationMs, error: why }
  }
}

function isVerbose(url: string): boolean {
  const question = url.indexOf('?')
  return question >= 0 && new URLSearchParams(url.slice(question + 1)).has('verbose')
}

function send(req: Req, res: ServerResponse, status: number, body: object): void {
  // The client may have gone while the checks ran.
  if (res.destroyed || res.headersSent) return
  const text = `${JSON.stringify(body)}\n`
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  res.end(req.method === 'HEAD' ? undefined : text)
}
