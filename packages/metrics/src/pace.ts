/** Keeps the event loop free: long work says how far it is, and waits where others have waited long enough. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Room } from './room.ts'

/** How long work may keep the event loop before it lets others go first. */
const SLICE_MS = 1

/** The time one scrape takes from the event loop, which its lag leaves out. */
export class Pace {
  readonly #room: Room
  #startMs: number
  #sliceMs = 0

  constructor(room: Room) {
    this.#room = room
    this.#startMs = room.clock.monotonicMs()
  }

  /** Work begins again. */
  resume(): void {
    this.#startMs = this.#room.clock.monotonicMs()
  }

  /** Work stops for now; whether others should have their turn. */
  pause(): boolean {
    const nowMs = this.#room.clock.monotonicMs()
    this.#room.busyMs += nowMs - this.#startMs
    this.#sliceMs += nowMs - this.#startMs
    this.#startMs = nowMs
    return this.#sliceMs >= SLICE_MS
  }

  /** Lets others go first. */
  async turn(): Promise<void> {
    await nextTurn()
    this.#sliceMs = 0
    this.resume()
  }
}
