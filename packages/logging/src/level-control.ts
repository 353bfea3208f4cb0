/**
 * Levels changed while the app runs: of all loggers, or of those with one name, for good or for a while.
 *
 * Invariant: children that exist are reached, and held weakly; when the time is over each has the level it had.
 */
import { type Clock, rejectOption, type Timer } from '@triscope/core'
import type { Logger } from 'pino'

/** How long a change lasts. */
export interface LevelChange {
  /** Milliseconds until the level returns to what it was; 1 or more. @default for good */
  forMs?: number
}

/** Children looked after; of further ones the oldest are let go, and keep their level. */
const MAX_CHILDREN = 10_000

interface Change {
  readonly timer: Timer | undefined
  readonly before: (readonly [WeakRef<Logger>, string])[]
}

export class LevelControl {
  readonly #clock: Clock
  readonly #root: Logger
  /** By the name it was made with; the root is under no name. */
  readonly #named = new Map<string, Set<WeakRef<Logger>>>()
  readonly #changes = new Map<string, Change>()
  /** Names whose level was changed for good or for now: loggers made later get it. */
  readonly #levels = new Map<string, string>()
  #children = 0

  constructor(root: Logger, clock: Clock) {
    this.#root = root
    this.#clock = clock
  }

  /** Looks after a logger that was made for `name`. */
  watch(name: string, logger: Logger): void {
    const level = this.#levels.get(name)
    if (level !== undefined) logger.level = level
    const loggers = this.#named.get(name) ?? new Set()
    this.#named.set(name, loggers)
    if (this.#children >= MAX_CHILDREN) this.#sweep()
    loggers.add(new WeakRef(logger))
    this.#children++
  }

  /** @param name `undefined` for all. Throws `TRI_ERR_OPTION` for a level pino does not know. */
  set(name: string | undefined, level: string, change: LevelChange): void {
    const { forMs } = change
    if (this.#root.levels.values[level] === undefined && level !== 'silent') {
      rejectOption('level', Object.keys(this.#root.levels.values).join(', '), level)
    }
    if (forMs !== undefined && !(forMs >= 1 && forMs <= 2_147_483_647)) {
      rejectOption('forMs', 'milliseconds from 1 to 2147483647', forMs)
    }
    const key = name ?? ''
    // The level to return to is the one before the first of changes that overlap.
    const earlier = this.#changes.get(key)
    earlier?.timer?.cancel()
    const known = new Map(earlier?.before.map(([ref, was]) => [ref.deref(), was] as const))
    const before: (readonly [WeakRef<Logger>, string])[] = []
    for (const logger of this.#loggersOf(name)) {
      before.push([new WeakRef(logger), known.get(logger) ?? logger.level])
      logger.level = level
    }
    if (forMs === undefined) {
      this.#changes.delete(key)
      this.#levels.set(key, level)
      return
    }
    const wasFor = this.#levels.get(key)
    this.#levels.set(key, level)
    const timer = this.#clock.timer(forMs, () => {
      this.#changes.delete(key)
      if (wasFor === undefined || earlier !== undefined) this.#levels.delete(key)
      else this.#levels.set(key, wasFor)
      for (const [ref, was] of before) {
        const logger = ref.deref()
        if (logger !== undefined) logger.level = was
      }
    })
    this.#changes.set(key, { timer, before })
  }

  /** Cancels what was to return; levels stay as they are. */
  stop(): void {
    for (const { timer } of this.#changes.values()) timer?.cancel()
    this.#changes.clear()
  }

  *#loggersOf(name: string | undefined): Generator<Logger> {
    if (name === undefined) yield this.#root
    const sets =
      name === undefined ? this.#named.values() : [this.#named.get(name) ?? new Set<WeakRef<Logger>>()]
    for (const loggers of sets) {
      for (const ref of loggers) {
        const logger = ref.deref()
        if (logger !== undefined) yield logger
      }
    }
  }

  /** Forgets those that are gone; where too many live, the oldest too. */
  #sweep(): void {
    for (const loggers of this.#named.values()) {
      for (const ref of loggers) {
        if (ref.deref() !== undefined && this.#children < MAX_CHILDREN) continue
        loggers.delete(ref)
        this.#children--
      }
    }
  }
}
