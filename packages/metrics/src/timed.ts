/** Durations: from a start to an end, and of a function. */
import { types } from 'node:util'
import type { Value } from '@triscope/core'
import type { At } from './instrument.ts'
import type { Room } from './room.ts'

/** What measures durations, in the unit of the instrument: seconds where it has none. */
export interface Timed<L extends string> {
  /**
   * Starts a timer; calling the result records what has passed, and returns it. Each call records once more.
   * @param labels those that are known by now; the others are given when it ends
   */
  startTimer<const K extends L = never>(
    labels?: Readonly<Record<K, Value>>,
  ): (...rest: At<Exclude<L, K>>) => number
  /**
   * Runs `fn` and records how long it took, also when it throws; where it returns a promise, how long that took to
   * settle. Returns what `fn` returned, the very same promise, and throws what it threw.
   */
  time<T>(fn: () => T, ...at: At<L>): T
}

/** The same of one series. */
export interface BoundTimed {
  /** Starts a timer; calling the result records what has passed, and returns it. */
  startTimer(): () => number
  /** Runs `fn` and records how long it took, as the instrument's `time` does. */
  time<T>(fn: () => T): T
}

/** Units of time that an instrument may have, in milliseconds. */
const UNIT_MS: Readonly<Record<string, number>> = {
  nanoseconds: 1e-6,
  microseconds: 1e-3,
  milliseconds: 1,
  seconds: 1000,
  minutes: 60_000,
  hours: 3_600_000,
  days: 86_400_000,
}

/** Milliseconds in the unit of an instrument: a second where it has none, or none of time. */
export function unitMs(unit: string | undefined): number {
  return (unit === undefined ? undefined : UNIT_MS[unit]) ?? 1000
}

/** Starts a timer; what has passed at a call of the result, in units of `perUnitMs`, is handed to `record`. */
export function startTimer<A extends unknown[]>(
  room: Room,
  perUnitMs: number,
  record: (passed: number, ...rest: A) => void,
): (...rest: A) => number {
  const startMs = room.clock.monotonicMs()
  return (...rest) => {
    const passed = (room.clock.monotonicMs() - startMs) / perUnitMs
    record(passed, ...rest)
    return passed
  }
}

/** Runs `fn` and calls `end` when what it does is over. */
export function timed<T>(fn: () => T, end: () => void): T {
  let result: T
  try {
    result = fn()
  } catch (error) {
    end()
    throw error
  }
  // Only a real promise: to call the `then` of a query builder would send the query. A rejection is still the caller's.
  if (types.isPromise(result)) void result.then(end, end)
  else end()
  return result
}

/** The labels given at the start and those given at the end, as one set; nothing where they cannot be read. */
export function joined(some: unknown, rest: unknown): unknown {
  if (some === undefined || rest === undefined) return some ?? rest
  try {
    return { ...(some as object), ...(rest as object) }
  } catch {
    // A getter of the app's threw: a set that cannot be read, which is counted where it is recorded to.
    return null
  }
}
