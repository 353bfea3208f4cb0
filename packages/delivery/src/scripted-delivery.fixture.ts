/**
 * A delivery for tests: a clock turned by hand, a sender that answers as it is told and keeps what it accepted, and a
 * book that must balance.
 */
import { createDiagnostics, type DiagnosticMessage, type Diagnostics } from '@triscope/core'
import { createManualClock, type ManualClock } from '@triscope/testing'
import { createDelivery, type Delivery, type DeliveryOptions, type SendResult } from './index.ts'

/** One attempt, as the sender saw it. */
export interface Attempt {
  readonly atMs: number
  readonly timeoutMs: number
  readonly records: readonly string[]
  /** Ends the attempt; only for the script `'hang'`. */
  answer(result: SendResult): void
}

export interface ScriptedDelivery {
  readonly delivery: Delivery
  readonly clock: ManualClock
  readonly diagnostics: Diagnostics
  readonly messages: readonly DiagnosticMessage[]
  readonly attempts: readonly Attempt[]
  /** Records that the sender accepted, in order. */
  readonly accepted: readonly string[]
  readonly closed: boolean
  /** Offers records that read as their numbers. */
  offer(count: number, keepLonger?: boolean): void
  /** `signal` and reason to count. */
  dropped(): Record<string, number>
  /** The value of a series; `undefined` when there is none. */
  point(name: string, labels?: Record<string, string>): number | undefined
  /** Offered, less what was accepted, dropped, or is queued: always 0. */
  missing(): number
}

export const REFUSED: SendResult & { kind: 'refused' } = {
  kind: 'refused',
  cause: new Error('http://c:4318/ answered 400'),
}
export const AWAY: SendResult & { kind: 'retry' } = {
  kind: 'retry',
  cause: Object.assign(new Error('http://c:4318/ cannot be reached'), { code: 'ECONNREFUSED' }),
}
export const ACCEPTED: SendResult & { kind: 'accepted' } = { kind: 'accepted' }

/** What the sender answers at attempt `n`, the first being 1; `'hang'` waits for `answer` or `close`. */
export type Script = (n: number, attempt: Attempt) => SendResult | 'hang'

export function scriptedDelivery(script: Script, options: Partial<DeliveryOptions> = {}): ScriptedDelivery {
  const clock = createManualClock()
  const messages: DiagnosticMessage[] = []
  const diagnostics = createDiagnostics({ clock, onMessage: (message) => messages.push(message) })
  const attempts: Attempt[] = []
  const accepted: string[] = []
  const open = new Set<Attempt>()
  let offered = 0
  let closed = false
  const delivery = createDelivery({
    signal: 'traces',
    diagnostics,
    clock,
    random: () => 0.5,
    frame: (records) => Buffer.from(records.map((record) => Buffer.from(record).toString()).join(',')),
    sender: {
      send: (body, timeoutMs) =>
        new Promise((resolve) => {
          const records = Buffer.from(body).toString().split(',')
          const attempt: Attempt = {
            atMs: clock.monotonicMs(),
            timeoutMs,
            records,
            answer(result) {
              if (!open.delete(attempt)) return
              if (result.kind === 'accepted') accepted.push(...records.slice(result.rejected ?? 0))
              resolve(result)
            },
          }
          if (open.size > 0) throw new Error('two attempts at once')
          open.add(attempt)
          attempts.push(attempt)
          const result = script(attempts.length, attempt)
          if (result !== 'hang') attempt.answer(result)
        }),
      close() {
        closed = true
        for (const attempt of open) attempt.answer(AWAY)
      },
    },
    ...options,
  })
  const dropped = (): Record<string, number> => {
    const reasons: Record<string, number> = {}
    for (const { name, labels, value } of diagnostics.snapshot()) {
      if (name === 'triscope_telemetry_dropped_total') reasons[String(labels['reason'])] = value
    }
    return reasons
  }
  return {
    delivery,
    clock,
    diagnostics,
    messages,
    attempts,
    accepted,
    get closed() {
      return closed
    },
    offer(count, keepLonger = false) {
      for (let i = 0; i < count; i++) delivery.offer(Buffer.from(String(offered++)), keepLonger)
    },
    dropped,
    point(name, labels = {}) {
      const wanted = JSON.stringify(labels)
      return diagnostics.snapshot().find((p) => p.name === name && JSON.stringify(p.labels) === wanted)?.value
    },
    missing() {
      const lost = Object.values(dropped()).reduce((sum, count) => sum + count, 0)
      return offered - accepted.length - lost - delivery.queuedRecords
    },
  }
}
