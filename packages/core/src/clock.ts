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

/** The machine's own clock. Its timers are `unref`ed. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  timer(delayMs, fn) {
    const handle = setTimeout(fn, delayMs)
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}
