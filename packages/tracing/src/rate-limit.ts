/** So many a second, with what was not used saved up to a limit: a token bucket on the clock of the house. */
import type { Clock } from '@triscope/core'

export class RateLimit {
  readonly #perMs: number
  readonly #burst: number
  readonly #clock: Clock
  #tokens: number
  #atMs: number

  /** @param burst how many may be saved up; at first all of them are */
  constructor(perSecond: number, burst: number, clock: Clock) {
    this.#perMs = perSecond / 1_000
    this.#burst = burst
    this.#clock = clock
    this.#tokens = burst
    this.#atMs = clock.monotonicMs()
  }

  /** Whether one more is within the limit; then it is taken. */
  take(): boolean {
    const nowMs = this.#clock.monotonicMs()
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, nowMs - this.#atMs) * this.#perMs)
    this.#atMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
