/**
 * Sends what it is offered, in batches, one after the other, again where that may help, and never for ever.
 *
 * Invariant: every record that was offered is accepted by the backend, counted as dropped, or still queued. At most
 * one batch is in flight. A timer exists only while something is queued or a flush is pending.
 */
import {
  type Clock,
  createDiagnostics,
  type DiagnosticCode,
  type Diagnostics,
  messageOf,
  type Pipeline,
  systemClock,
  type Timer,
  untraced,
} from '@triscope/core'
import { BatchExport, type ExportHost } from './batch-export.ts'
import { createDeliveryCounters, type DeliveryCounters } from './delivery-counters.ts'
import { type DeliveryOptions, type ResolvedDelivery, resolveDelivery } from './delivery-options.ts'
import { errorTypeOf } from './export-error.ts'
import { PendingFlushes } from './pending-flushes.ts'
import { RecordQueue } from './queue.ts'
import { ALREADY_SHUTDOWN, recordsOf, TOO_LARGE } from './semconv.ts'

/** The way of one signal's records to one endpoint: a queue with limits, and batches that are tried again. */
export interface Delivery extends Pipeline {
  /**
   * Takes a record over: the caller never touches it again.
   * @param keepLonger in a full queue, ordinary records make way for this one
   * @returns `false` when it was dropped, and counted, at once
   */
  offer(record: Uint8Array, keepLonger?: boolean): boolean
  /**
   * Sends all that was offered before the call, without waiting for a batch to fill. Waits between attempts are cut
   * to half a second at most; a `Retry-After` is honoured still. The process is kept alive meanwhile.
   * @param timeoutMs milliseconds, at most this long; @default 5000
   * @returns `true` when every record is accepted or counted; `false` when time ran out, and what is left stays queued
   */
  flush(timeoutMs?: number): Promise<boolean>
  /**
   * Flushes, counts what is left as `SHUTDOWN`, and closes the sender. Where the backend asked for a wait beyond the
   * deadline, it gets one last attempt at once, and the wait is not sat out. A second call gets the same promise.
   * @param timeoutMs milliseconds, at most this long; @default 5000
   * @returns `false` when records were left
   */
  shutdown(timeoutMs?: number): Promise<boolean>
  /** Records held: waiting and in flight. */
  readonly queuedRecords: number
  /** Bytes of the records held. */
  readonly queuedBytes: number
}

/** Makes a delivery, which sends nothing before it is offered something. Throws `TRI_ERR_OPTION`, `TRI_ERR_UNKNOWN_OPTION`. */
export function createDelivery(options: DeliveryOptions): Delivery {
  return new QueuedDelivery(resolveDelivery(options), options.diagnostics, options.clock ?? systemClock)
}

const DEFAULT_TIMEOUT_MS = 5_000
/** OTLP 1.10, "OTLP/HTTP Request": a request over 64 MiB is not sent. */
const MAX_BODY_BYTES = 64 * 1024 * 1024

class QueuedDelivery implements Delivery {
  readonly #options: ResolvedDelivery
  readonly #diagnostics: Diagnostics
  readonly #clock: Clock
  readonly #queue: RecordQueue
  readonly #counters: DeliveryCounters
  readonly #flushes = new PendingFlushes()
  readonly #host: ExportHost
  #current: BatchExport | undefined
  #timer: Timer | undefined
  /** The timer runs out at once, because a full batch waits. */
  #hurried = false
  /** No batch begins before this moment: the last one ended while the backend asked for a wait. */
  #notBeforeMs = 0
  /** The queue has been full since the last batch left; said once each time. */
  #overflowing = false
  #deadlineMs = Number.POSITIVE_INFINITY
  #ending: Promise<boolean> | undefined

  constructor(options: ResolvedDelivery, diagnostics: Diagnostics | undefined, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#diagnostics = diagnostics ?? createDiagnostics({ clock })
    const { maxRecords, maxBytes } = options
    const queue = new RecordQueue({ maxRecords, maxBytes }, (reason, count) =>
      this.#droppedAtOffer(reason, count),
    )
    this.#queue = queue
    const shown = {
      get records() {
        return queue.records
      },
      get inFlight() {
        return queue.records - queue.waitingRecords
      },
      capacity: maxRecords,
    }
    this.#counters = createDeliveryCounters(this.#diagnostics, options.signal, shown, options.component)
    const flushes = this.#flushes
    const deadlineMs = (): number => this.#deadlineMs
    this.#host = {
      options,
      clock,
      counters: this.#counters,
      get flushing() {
        return flushes.size > 0
      },
      get deadlineMs() {
        return deadlineMs()
      },
      timer: (delayMs, fn) => this.#in(delayMs, fn),
      tell: (what, cause) => this.#tell(what, cause),
      ended: (notBeforeMs) => this.#ended(notBeforeMs),
      hopeless: () => flushes.finishAll(false),
    }
  }

  get queuedRecords(): number {
    return this.#queue.records
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  offer(record: Uint8Array, keepLonger = false): boolean {
    if (this.#ending !== undefined) {
      this.#counters.droppedWaiting('SHUTDOWN', 1)
      return false
    }
    const taken = this.#queue.offer(record, keepLonger)
    if (this.#current === undefined && (this.#timer === undefined || !this.#hurried)) this.#schedule()
    return taken
  }

  flush(timeoutMs: number = DEFAULT_TIMEOUT_MS): Promise<boolean> {
    const upTo = this.#queue.lastPlace
    if (!this.#queue.holdsUpTo(upTo)) return Promise.resolve(true)
    const flushed = this.#flushes.add(upTo, (expire) => this.#in(timeoutMs, expire))
    this.#hasten()
    return flushed
  }

  shutdown(timeoutMs: number = DEFAULT_TIMEOUT_MS): Promise<boolean> {
    if (this.#ending === undefined) {
      this.#deadlineMs = this.#clock.monotonicMs() + timeoutMs
      this.#ending = this.flush(timeoutMs).then(() => this.#close())
    }
    return this.#ending
  }

  /** Sets the timer for the next batch, or cuts it short; called whenever the queue or the flushes have changed. */
  #schedule(): void {
    const queue = this.#queue
    if (this.#current !== undefined || queue.waitingRecords === 0) return
    const { batchDelayMs, maxBatchBytes, maxBatchRecords } = this.#options
    const full = queue.waitingRecords >= maxBatchRecords || queue.waitingBytes >= maxBatchBytes
    const hurry = full || this.#flushes.size > 0
    if (this.#timer !== undefined && !hurry) return
    this.#timer?.cancel()
    this.#hurried = hurry
    const blockedMs = this.#notBeforeMs > this.#deadlineMs ? 0 : this.#notBeforeMs - this.#clock.monotonicMs()
    const delayMs = Math.max(hurry ? 0 : batchDelayMs, blockedMs)
    // Even a full batch waits for the timers' turn: `offer` runs inside a request, which must not pay for it.
    this.#timer = this.#in(delayMs, () => {
      this.#timer = undefined
      this.#hurried = false
      this.#begin()
    })
  }

  /** A flush wants what can be had now: the wait for a batch ends, and so does a wait between attempts. */
  #hasten(): void {
    if (this.#current === undefined) this.#schedule()
    else this.#current.hasten()
  }

  #begin(): void {
    const { maxBatchBytes, maxBatchRecords } = this.#options
    const batch = this.#queue.take(maxBatchRecords, maxBatchBytes)
    if (batch === undefined) return
    this.#overflowing = false
    const count = batch.records.length
    this.#counters.submitted(count)
    const body = this.#framed(batch.records)
    if (body === undefined) {
      this.#ended(0)
      return
    }
    const early = this.#clock.monotonicMs() < this.#notBeforeMs
    this.#current = new BatchExport(this.#host, count, body, early)
    this.#current.attempt()
  }

  /** The body of one request; `undefined` when there is none to send, and its records are counted. */
  #framed(records: readonly Uint8Array[]): Uint8Array | undefined {
    try {
      const body = this.#options.frame(records)
      if (body.length <= MAX_BODY_BYTES) return body
      this.#counters.droppedSending('TOO_LARGE', records.length, TOO_LARGE)
      this.#tell(`a request of ${body.length} bytes is over the 64 MiB that OTLP allows`)
    } catch (error) {
      this.#counters.droppedSending('HOOK_THREW', records.length, errorTypeOf(error))
      this.#tell(
        `${messageOf(error)}, thrown while framing ${recordsOf(this.#options.signal, records.length)}`,
        error,
      )
    }
    return undefined
  }

  /** The batch is accepted or counted. */
  #ended(notBeforeMs: number): void {
    this.#current = undefined
    this.#notBeforeMs = notBeforeMs
    this.#queue.release()
    this.#flushes.settle((place) => this.#queue.holdsUpTo(place))
    this.#schedule()
  }

  #close(): boolean {
    this.#timer?.cancel()
    this.#timer = undefined
    const inFlight = this.#current?.count ?? 0
    const cause = this.#current?.lastCause
    this.#current?.abandon()
    this.#current = undefined
    this.#queue.release()
    const waiting = this.#queue.clear()
    if (waiting > 0) this.#counters.droppedWaiting('SHUTDOWN', waiting)
    if (inFlight > 0) this.#counters.droppedSending('SHUTDOWN', inFlight, ALREADY_SHUTDOWN)
    const left = waiting + inFlight
    if (left > 0) {
      const why = cause === undefined ? '' : `: ${messageOf(cause)}`
      // A code of its own: the retries before may have said theirs this minute, and this is the last word.
      this.#say(
        'TRI_WARN_LOST_AT_END',
        `${recordsOf(this.#options.signal, left)} could not be sent before the end${why}`,
        cause,
      )
    }
    this.#flushes.finishAll(left === 0)
    this.#counters.close()
    try {
      this.#options.sender.close()
    } catch (error) {
      this.#diagnostics.failed('TRI_WARN_EXPORT', error)
    }
    return left === 0
  }

  #droppedAtOffer(reason: 'QUEUE_FULL' | 'TOO_LARGE', count: number): void {
    this.#counters.droppedWaiting(reason, count)
    const { maxRecords, maxBytes } = this.#options
    if (reason === 'TOO_LARGE') {
      this.#say('TRI_WARN_TOO_LARGE', `a record is larger than the whole queue, maxBytes ${maxBytes}`)
      return
    }
    // Under pressure this runs for each record; a message for each would cost more than the record did.
    if (this.#overflowing) return
    this.#overflowing = true
    const { records, bytes } = this.#queue
    this.#say(
      'TRI_WARN_QUEUE_FULL',
      `the queue is full with ${records} of ${maxRecords} records and ${bytes} of ${maxBytes} bytes`,
    )
  }

  #tell(what: string, cause?: unknown): void {
    this.#say('TRI_WARN_EXPORT', what, cause)
  }

  /** Says what happened, with what was lost until now; diagnostics keeps it to once a minute. */
  #say(code: DiagnosticCode, what: string, cause?: unknown): void {
    const message = `${this.#options.signal}: ${what}; ${this.#counters.droppedSoFar} dropped so far`
    this.#diagnostics.failed(code, new Error(message, cause === undefined ? undefined : { cause }))
  }

  /** A timer outside of the request that happens to start it, whose context and span it must not hold. */
  #in(delayMs: number, fn: () => void): Timer {
    return untraced(() => this.#clock.timer(delayMs, fn))
  }
}
