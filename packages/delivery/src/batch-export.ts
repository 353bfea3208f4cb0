/**
 * One batch on its way: attempts, and the waits between them, until it is accepted or given up.
 *
 * Invariant: `ended` is called once, after every record of the batch was counted as accepted or dropped; never after
 * `abandon`. OTLP 1.10, "OTLP/HTTP Response" and "OTLP/HTTP Throttling", say what is tried again, and when.
 */
import { type Clock, messageOf, type Timer, untraced } from '@triscope/core'
import { backoffMs } from './backoff.ts'
import type { DeliveryCounters } from './delivery-counters.ts'
import type { ResolvedDelivery } from './delivery-options.ts'
import { errorTypeOf } from './export-error.ts'
import { REJECTED, recordsOf, TOO_LARGE } from './semconv.ts'
import type { SendResult } from './sender.ts'

/** During a flush no backoff is longer: a process that ends has seconds, not minutes. */
const FLUSH_BACKOFF_MS = 500
/** From the second retry on no wait is shorter, whatever jitter or the backend says: no loop of ours is a busy one. */
const MIN_WAIT_MS = 100
/** A backend that asks for more is asked again after this: a date from a wrong clock must not stop us for a day. */
const MAX_RETRY_AFTER_MS = 300_000

/** What an export needs of its delivery. */
export interface ExportHost {
  readonly options: ResolvedDelivery
  readonly clock: Clock
  readonly counters: DeliveryCounters
  /** Whether somebody waits for the batch. */
  readonly flushing: boolean
  /** When the delivery closes, on the monotonic clock; infinity while nobody has said so. */
  readonly deadlineMs: number
  /** A timer that holds no request's context. */
  timer(delayMs: number, fn: () => void): Timer
  /** Says what happened. */
  tell(what: string, cause?: unknown): void
  /** Every record is counted. @param notBeforeMs when the backend wants the next request, or 0 */
  ended(notBeforeMs: number): void
  /** The backend wants to be asked again only after the deadline, and its last chance is gone. */
  hopeless(): void
}

export class BatchExport {
  readonly #host: ExportHost
  readonly #body: Uint8Array
  readonly #startedMs: number
  #attempts = 0
  /** When the backend asked to be called again, on the monotonic clock; 0 when it did not say. */
  #notBeforeMs = 0
  /** This attempt goes out earlier than the backend asked, because the delivery ends before. */
  #last: boolean
  #timer: Timer | undefined
  #abandoned = false
  #lastCause: unknown
  /** Records in the batch. */
  readonly count: number

  /** @param last the backend has asked for a wait already that is longer than the delivery has left */
  constructor(host: ExportHost, count: number, body: Uint8Array, last: boolean) {
    this.#host = host
    this.count = count
    this.#body = body
    this.#startedMs = host.clock.monotonicMs()
    this.#last = last
  }

  /** Why the attempt before failed; `undefined` while none has. */
  get lastCause(): unknown {
    return this.#lastCause
  }

  /**
   * Makes an attempt. It has its whole time, also where the delivery ends before: the deadline then abandons it and
   * closes the sender. Cut to what is left, both would end in one millisecond and either could be first, and a backend
   * would be said not to have answered within a time that nobody meant to give it.
   */
  attempt(): void {
    this.#attempts++
    void this.#send(this.#host.options.timeoutMs).then((result) => {
      if (!this.#abandoned) this.#answered(result)
    })
  }

  /** Cuts a wait short, unless the backend asked for it and it ends in time. */
  hasten(): void {
    const timer = this.#timer
    if (timer === undefined) return
    if (this.#notBeforeMs > this.#host.clock.monotonicMs()) {
      if (this.#notBeforeMs <= this.#host.deadlineMs) return
      this.#last = true
    }
    timer.cancel()
    this.#timer = undefined
    this.attempt()
  }

  /** Nothing more is tried, and the records are the caller's to count. */
  abandon(): void {
    this.#abandoned = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** A sender never rejects; a foreign one that does has broken its word, and nobody knows whether to try again. */
  async #send(timeoutMs: number): Promise<SendResult> {
    try {
      return await untraced(() => this.#host.options.sender.send(this.#body, timeoutMs))
    } catch (cause) {
      return { kind: 'refused', cause }
    }
  }

  #answered(result: SendResult): void {
    if (result.kind === 'accepted')
      this.#accepted(positive(result.rejected) ?? 0, result.reason, result.message)
    else if (result.kind === 'refused') this.#refused(result.cause)
    else this.#retry(positive(result.afterMs), result.cause)
  }

  #accepted(wanted: number, reason: 'REFUSED' | 'TOO_LARGE' = 'REFUSED', message?: string): void {
    const { counters, options, tell, ended } = this.#host
    const rejected = Math.min(this.count, Math.trunc(wanted))
    counters.accepted(this.count - rejected)
    if (rejected > 0) counters.droppedSending(reason, rejected, reason === 'REFUSED' ? REJECTED : TOO_LARGE)
    if (rejected > 0 || message !== undefined) {
      const words = message ?? 'the backend gave no reason'
      tell(`${words}; ${rejected} of ${recordsOf(options.signal, this.count)} were rejected`)
    }
    ended(0)
  }

  #refused(cause: unknown): void {
    const { counters, tell, ended } = this.#host
    counters.droppedSending('REFUSED', this.count, errorTypeOf(cause))
    tell(`${messageOf(cause)}; ${this.#records} lost, for this is not tried again`, cause)
    ended(0)
  }

  #retry(afterMs: number | undefined, cause: unknown): void {
    const { clock, counters, options, tell, ended } = this.#host
    const nowMs = clock.monotonicMs()
    this.#lastCause = cause
    const askedMs = afterMs === undefined ? undefined : Math.min(afterMs, MAX_RETRY_AFTER_MS)
    this.#notBeforeMs = askedMs === undefined ? 0 : nowMs + askedMs
    const spentMs = nowMs - this.#startedMs
    if (spentMs >= options.retryForMs) {
      counters.droppedSending('RETRIES_ENDED', this.count, errorTypeOf(cause))
      const attempts = this.#attempts === 1 ? '1 attempt' : `${this.#attempts} attempts`
      const tried = `${attempts} in ${Math.round(spentMs / 1000)} s`
      tell(`${messageOf(cause)}; ${this.#records} given up after ${tried}`, cause)
      ended(this.#notBeforeMs)
      return
    }
    // The first failure is often a restart that the first retry gets over; it is not worth a line.
    if (this.#attempts > 1) {
      tell(`${messageOf(cause)}; ${this.#records} to be sent again after ${this.#attempts} attempts`, cause)
    }
    this.#wait(askedMs, options.retryForMs - spentMs)
  }

  #wait(askedMs: number | undefined, budgetMs: number): void {
    const { deadlineMs, flushing, options, hopeless, timer } = this.#host
    let waitMs = askedMs
    if (waitMs === undefined) {
      waitMs = Math.min(budgetMs, backoffMs(this.#attempts, options.random()))
      if (flushing) waitMs = Math.min(waitMs, FLUSH_BACKOFF_MS)
    } else if (this.#notBeforeMs > deadlineMs) {
      if (this.#last) {
        hopeless()
        return
      }
      this.#last = true
      waitMs = 0
    }
    if (this.#attempts > 1 && !this.#last) waitMs = Math.max(waitMs, MIN_WAIT_MS)
    this.#timer = timer(waitMs, () => {
      this.#timer = undefined
      this.attempt()
    })
  }

  get #records(): string {
    return recordsOf(this.#host.options.signal, this.count)
  }
}

/** A figure from a sender, which may be foreign: 0 or more, or nothing. */
function positive(value: number | undefined): number | undefined {
  return value !== undefined && value >= 0 ? value : undefined
}
