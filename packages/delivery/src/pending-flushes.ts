/**
 * Who waits for the queue to empty, up to which record, and until when.
 *
 * Invariant: each flush resolves exactly once, at its deadline at the latest, and holds the process until then.
 */
import type { Timer } from '@triscope/core'
import { holdProcess } from './hold.ts'

interface Flush {
  /** The last record it waits for, by its place in the queue. */
  readonly upTo: number
  readonly finish: (done: boolean) => void
}

/** The flushes of one delivery. */
export class PendingFlushes {
  readonly #pending = new Set<Flush>()

  get size(): number {
    return this.#pending.size
  }

  /** Resolves with what `settle` or `finishAll` says, or with `false` when the timer runs out. */
  add(upTo: number, startTimer: (expire: () => void) => Timer): Promise<boolean> {
    return new Promise((resolve) => {
      const release = holdProcess()
      const finish = (done: boolean): void => {
        if (!this.#pending.delete(flush)) return
        deadline.cancel()
        release()
        resolve(done)
      }
      const flush: Flush = { upTo, finish }
      const deadline = startTimer(() => finish(false))
      this.#pending.add(flush)
    })
  }

  /** Ends those whose records are all gone. */
  settle(holdsUpTo: (place: number) => boolean): void {
    for (const flush of this.#pending) if (!holdsUpTo(flush.upTo)) flush.finish(true)
  }

  /** Ends all of them. */
  finishAll(done: boolean): void {
    for (const flush of this.#pending) flush.finish(done)
  }
}
