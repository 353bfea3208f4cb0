/**
 * Batches ended spans for a `SpanExporter` of OpenTelemetry. The SDK's own BatchSpanProcessor drops without a count,
 * sets its timers past our clock, and takes 75 ms to load; this keeps its figures and its contract.
 *
 * Invariant: exports never overlap, the queue is bounded, and made = accepted + counted drops.
 */
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { type Clock, type Diagnostics, settle, type Timer, untraced } from '@triscope/core'
import { SAMPLED_FLAG } from './traceparent.ts'

/** Figures of the specification, "Batching processor". */
const MAX_QUEUE = 2_048
const MAX_BATCH = 512
const DELAY_MS = 5_000
const TIMEOUT_MS = 30_000

export class ForeignExporterProcessor implements SpanProcessor {
  readonly #exporter: SpanExporter
  readonly #clock: Clock
  readonly #diagnostics: Diagnostics
  #queue: ReadableSpan[] = []
  /** The batch that the exporter has not answered, and what ends the wait for it. */
  #open: { readonly count: number; readonly giveUp: () => void } | undefined
  /** Nothing is waited for any more, and everything is counted. */
  #abandoned = false
  #timer: Timer | undefined
  #draining: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor(exporter: SpanExporter, clock: Clock, diagnostics: Diagnostics) {
    this.#exporter = exporter
    this.#clock = clock
    this.#diagnostics = diagnostics
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & SAMPLED_FLAG) === 0) return
    if (this.#stopped !== undefined) this.#diagnostics.dropped('traces', 'SHUTDOWN')
    else if (this.#queue.length >= MAX_QUEUE) this.#diagnostics.dropped('traces', 'QUEUE_FULL')
    else {
      this.#queue.push(span)
      if (this.#queue.length >= MAX_BATCH) void this.#drain()
      else this.#timer ??= this.#clock.timer(DELAY_MS, () => void this.#drain())
    }
  }

  /** Sends what is queued, then asks the exporter to do the same. Never rejects. */
  async forceFlush(): Promise<void> {
    await this.#drain()
    if (this.#abandoned) return
    try {
      await this.#exporter.forceFlush?.()
    } catch (error) {
      this.#diagnostics.failed('TRI_ERR_SPAN_EXPORTER', error)
    }
  }

  shutdown(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** The deadline of shutdown has come: counts what waits and what was not answered. A late answer changes nothing. */
  abandon(): void {
    if (this.#abandoned) return
    this.#abandoned = true
    this.#timer?.cancel()
    this.#timer = undefined
    const left = this.#queue.length + (this.#open?.count ?? 0)
    this.#queue = []
    this.#open?.giveUp()
    if (left === 0) return
    this.#diagnostics.dropped('traces', 'SHUTDOWN', left)
    const spans = left === 1 ? '1 span' : `${left} spans`
    this.#diagnostics.failed(
      'TRI_WARN_LOST_AT_END',
      new Error(`traces: ${spans} could not be sent before the end: the span exporter did not answer`),
    )
  }

  async #stop(): Promise<void> {
    await this.forceFlush()
    try {
      await this.#exporter.shutdown()
    } catch (error) {
      this.#diagnostics.failed('TRI_ERR_SPAN_EXPORTER', error)
    }
  }

  #drain(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#draining === undefined && this.#queue.length === 0) return Promise.resolve()
    this.#draining ??= this.#sendAll()
    return this.#draining
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, MAX_BATCH)
      const failure = await this.#send(batch)
      if (failure === undefined || this.#abandoned) continue
      this.#diagnostics.dropped('traces', failure.reason, batch.length)
      this.#diagnostics.failed('TRI_ERR_SPAN_EXPORTER', failure.error)
    }
    // In the same step as the last look at the queue, so that no span falls between two drains.
    this.#draining = undefined
  }

  /** One export; what the exporter says of it, or the time that ran out. Only what comes first is listened to. */
  #send(batch: ReadableSpan[]): Promise<Failure | undefined> {
    return new Promise((resolve) => {
      const answer = (failure?: Failure): void => {
        timer.cancel()
        this.#open = undefined
        resolve(failure)
      }
      const timer = this.#clock.timer(TIMEOUT_MS, () => {
        const error = new Error(`the span exporter did not answer within ${TIMEOUT_MS} ms`)
        answer({ reason: 'RETRIES_ENDED', error })
      })
      const open = { count: batch.length, giveUp: () => answer() }
      this.#open = open
      const first = (failure?: Failure): boolean => {
        if (this.#open !== open) return false
        answer(failure)
        return true
      }
      const threw = (error: unknown): void => {
        if (!first({ reason: 'REFUSED', error })) this.#diagnostics.failed('TRI_ERR_SPAN_EXPORTER', error)
      }
      try {
        const returned: unknown = untraced(() =>
          this.#exporter.export(batch, (result) => void first(failureOf(result))),
        )
        settle(returned, threw)
      } catch (error) {
        threw(error)
      }
    })
  }
}

interface Failure {
  readonly reason: 'REFUSED' | 'RETRIES_ENDED'
  readonly error: unknown
}

/** What a foreign exporter answered; anything but the code of success is a refusal. */
function failureOf(result: unknown): Failure | undefined {
  try {
    const { code, error } = (result ?? {}) as { code?: unknown; error?: unknown }
    if (code === EXPORT_SUCCESS) return undefined
    return {
      reason: 'REFUSED',
      error: error ?? new Error('the span exporter refused a batch and gave no reason'),
    }
  } catch (error) {
    return { reason: 'REFUSED', error }
  }
}

/** `ExportResultCode.SUCCESS`. */
const EXPORT_SUCCESS = 0
