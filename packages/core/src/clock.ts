/**
 * Time and timers. Every room takes its clock from here, so that an outage of an hour is a test of a millisecond.
 */

/** A timer that was started; `cancel` is safe at any moment, any number of times. */
export interface Timer {
  cancel(): void
}

/** Where a room reads the time and sets its timers. `@triscope/testing` has one that is turned by hand. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC, with fractions. It may jump when the machine's clock is set. */
  wallMs(): number
  /** Milliseconds since some fixed moment, with fractions. It never runs backwards: take durations from it. */
  monotonicMs(): number
  /** Calls `fn` once after `delayMs`. Never keeps the process alive. */
  timer(delayMs: number, fn: () => void): Timer
}

/** Wall time may stray this far from the machine's clock before it is taken anew. */
const MAX_DRIFT_MS = 5

/** Wall time at monotonic zero. */
let anchorMs = performance.timeOrigin

/**
 * The machine's own clock. Its timers are `unref`ed. `wallMs` has the fractions of the monotonic clock, and follows
 * the machine's clock when that is set: `timeOrigin` alone strays by seconds over the weeks that a service runs.
 */
export const systemClock: Clock = {
  wallMs() {
    const nowMs = anchorMs + performance.now()
    const coarseMs = Date.now()
    if (Math.abs(nowMs - coarseMs) <= MAX_DRIFT_MS) return nowMs
    anchorMs = coarseMs - performance.now()
    return coarseMs
  },
  monotonicMs: () => performance.now(),
  timer(delayMs, fn) {
    const handle = setTimeout(fn, delayMs)
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}
