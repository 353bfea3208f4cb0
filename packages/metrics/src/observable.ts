/**
 * Observable instruments: a callback is asked for the values when somebody scrapes.
 *
 * Invariant: what a callback gives replaces what it gave before; label sets it does not name any more are not exposed.
 * A callback that fails or takes too long costs its own family for this scrape.
 */
import type { CollectedFamily } from './collected-family.ts'
import { type FamilyHead, sampleName } from './family.ts'
import type { At, InstrumentParts } from './instrument.ts'
import type { Room } from './room.ts'

/** Takes the values of one scrape. */
export interface Observer<L extends string> {
  /**
   * The value of a label set now: for a counter the total so far, never below 0. What is not legal, or is given
   * twice, is dropped and counted as `VALUE_INVALID`; label sets beyond `maxSeries` are dropped and counted as
   * `SERIES_LIMIT`.
   */
  observe(value: number, ...at: At<L>): void
}

/** Gives the values of an observable instrument. It may take its time, within what the scrape has. */
export type ObserveCallback<L extends string> = (to: Observer<L>) => void | Promise<void>

/** An instrument whose values are asked for. */
export interface Observable<L extends string = never> {
  /**
   * Asks `callback` from now on, in place of the one before: there is one for each instrument, so that a module that
   * is loaded again does not ask twice. The returned function ends that.
   */
  observeWith(callback: ObserveCallback<L>): () => void
}

/** The instrument itself; the registry hands it out as `Observable<L>`, whose types know the labels. */
export class ObservableInstrument implements Observable<string> {
  readonly head: FamilyHead
  readonly labels: readonly string[]
  readonly #maxSeries: number | undefined
  readonly #room: Room
  #callback: ObserveCallback<string> | undefined

  constructor({ head, labels, limits }: InstrumentParts, room: Room) {
    this.head = head
    this.labels = labels
    this.#maxSeries = limits.maxSeries
    this.#room = room
  }

  /** What a failure of its callback is counted under. */
  get name(): string {
    return sampleName(this.head)
  }

  observeWith(callback: ObserveCallback<string>): () => void {
    this.#callback = callback
    return () => {
      if (this.#callback === callback) this.#callback = undefined
    }
  }

  /** Asks the callback; what it gives goes into `family`. */
  collectInto(family: CollectedFamily): void | Promise<void> {
    const room = this.#room
    const maxSeries = this.#maxSeries ?? room.maxSeries
    return this.#callback?.({
      observe: (value: number, ...at: readonly unknown[]) => {
        const labels = this.#labelsOf(at[0])
        if (labels === undefined || !family.add(labels, value, '')) room.invalid()
        else if (family.size > maxSeries) {
          family.dropLast()
          room.diagnostics.dropped('metrics', 'SERIES_LIMIT')
        }
      },
    })
  }

  /** Only those it has. */
  #labelsOf(given: unknown): Record<string, unknown> | undefined {
    if (typeof given !== 'object' || given === null) return this.labels.length === 0 ? {} : undefined
    try {
      return Object.fromEntries(this.labels.map((name) => [name, (given as Record<string, unknown>)[name]]))
    } catch {
      // A getter of the app's threw: the point is counted as invalid.
      return undefined
    }
  }
}
