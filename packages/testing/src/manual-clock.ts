/** A clock that is turned by hand: an outage of an hour passes in a millisecond, and always in the same order. */
import type { Clock, Timer } from '@triscope/core'

export interface ManualClock extends Clock {
  /**
   * Lets this much time pass. Timers run in the order they are due, and after each one the promises it settled get
   * their turn, so that what they start is on the clock too. Resolves when all is quiet.
   * @param ms milliseconds, 0 or more
   */
  advance(ms: number): Promise<void>
  /** Sets the wall clock, as NTP or a person would; monotonic time does not notice. @param wallMs since 1970 */
  setWall(wallMs: number): void
  /** How many timers wait. */
  readonly timers: number
}

/** 2026-01-01T00:00:00Z: a fixed start, so that expected output can be written down. */
const START_MS = 1_767_225_600_000

/** A clock that stands still until `advance` is called. */
export function createManualClock(startWallMs: number = START_MS): ManualClock {
  const waiting = new Set<{ dueMs: number; order: number; fn: () => void }>()
  let nowMs = 0
  let wallOffsetMs = startWallMs
  let order = 0

  function next(untilMs: number): { dueMs: number; order: number; fn: () => void } | undefined {
    let first: { dueMs: number; order: number; fn: () => void } | undefined
    for (const timer of waiting) {
      if (timer.dueMs > untilMs) continue
      const sooner = first === undefined || timer.dueMs < first.dueMs
      if (sooner || (first !== undefined && timer.dueMs === first.dueMs && timer.order < first.order))
        first = timer
    }
    return first
  }

  return {
    wallMs: () => wallOffsetMs + nowMs,
    monotonicMs: () => nowMs,
    timer(delayMs, fn): Timer {
      const timer = { dueMs: nowMs + Math.max(0, delayMs), order: order++, fn }
      waiting.add(timer)
      return { cancel: () => void waiting.delete(timer) }
    },
    async advance(ms) {
      const untilMs = nowMs + ms
      await settled()
      for (let timer = next(untilMs); timer !== undefined; timer = next(untilMs)) {
        waiting.delete(timer)
        nowMs = Math.max(nowMs, timer.dueMs)
        timer.fn()
        await settled()
      }
      nowMs = untilMs
    },
    setWall(wallMs) {
      wallOffsetMs = wallMs - nowMs
    },
    get timers() {
      return waiting.size
    },
  }
}

/** One turn of the event loop: every promise that can settle without time or network has settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
