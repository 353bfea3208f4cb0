/**
 * What was observed lately: a row of sketches, one for each stretch of time, of which the oldest is forgotten whole.
 *
 * Invariant: an observation is in exactly one sketch, so it is counted once, and after `maxAgeMs` it is in none.
 */
import type { Clock } from '@triscope/core'
import type { QuantileSketch } from './quantile-sketch.ts'

/** No stretch is the current one: the next observation must look at the clock. */
const STOPPED = -1

/**
 * Which stretch of time it is, for all series of a summary. Reading the clock would cost more than an observation does,
 * so a timer counts the stretches, and only while there is something to forget.
 */
export class WindowClock {
  /** Of the current stretch; {@link STOPPED} when the timer does not run. */
  current: number = STOPPED
  /** Stretches that are remembered, the current one among them. */
  readonly windows: number
  readonly #clock: Clock
  readonly #stretchMs: number
  #used = 0

  constructor(clock: Clock, maxAgeMs: number, windows: number) {
    this.#clock = clock
    this.#stretchMs = maxAgeMs / windows
    this.windows = windows
  }

  /** The current stretch by the clock. */
  now(): number {
    return Math.floor(this.#clock.monotonicMs() / this.#stretchMs)
  }

  /** The current stretch, which is about to be recorded to: the timer runs from now on. */
  use(): number {
    const now = this.now()
    this.#used = now
    if (this.current === STOPPED) this.#waitForNext(now)
    this.current = now
    return now
  }

  #waitForNext(now: number): void {
    const restMs = (now + 1) * this.#stretchMs - this.#clock.monotonicMs()
    this.#clock.timer(Math.max(1, restMs), () => {
      const next = this.now()
      if (next > this.#used + 1) {
        // A whole stretch without an observation: the next one starts the timer again.
        this.current = STOPPED
        return
      }
      this.current = next
      this.#waitForNext(next)
    })
  }
}

interface Window<S> {
  stretch: number
  readonly sketch: S
}

/** The observations of one series that are not forgotten yet. */
export class SlidingWindow<S extends QuantileSketch<S>> {
  readonly #clock: WindowClock
  readonly #make: () => S
  readonly #windows: Window<S>[] = []
  #newest: Window<S> | undefined

  constructor(clock: WindowClock, make: () => S) {
    this.#clock = clock
    this.#make = make
  }

  /** Counts `v`, which must be finite. */
  add(v: number): void {
    const newest = this.#newest
    if (newest !== undefined && newest.stretch === this.#clock.current) newest.sketch.add(v)
    else this.#open().add(v)
  }

  /** All that is remembered, as one sketch of its own. */
  merged(): S {
    const oldest = this.#clock.now() - this.#clock.windows + 1
    const merged = this.#make()
    for (const { sketch, stretch } of this.#windows) if (stretch >= oldest) merged.merge(sketch)
    return merged
  }

  clear(): void {
    this.#windows.length = 0
    this.#newest = undefined
  }

  /** The sketch of the current stretch; the oldest is used again where it is out of date. */
  #open(): S {
    const now = this.#clock.use()
    const newest = this.#newest
    if (newest?.stretch === now) return newest.sketch
    const oldest = now - this.#clock.windows + 1
    let window = this.#windows.find(({ stretch }) => stretch < oldest)
    if (window === undefined) {
      window = { stretch: now, sketch: this.#make() }
      this.#windows.push(window)
    }
    window.sketch.clear()
    window.stretch = now
    this.#newest = window
    return window.sketch
  }
}
