/**
 * One rendering for all who scrape at the same time.
 *
 * Invariant: each reader gets the whole from its beginning. The chunks are a chain of which each reader holds its place:
 * what all have read is let go, and the work goes on only as far as the fastest reader reads.
 */
import type { Clock } from '@triscope/core'

/** A rendering that began longer ago than this is too old to be joined: values would not be of this scrape. */
const JOIN_MS = 250
/** Questions that differ are not remembered beyond this many; they are only not shared. */
const MAX_SHARED = 16

type Chunks = AsyncGenerator<Uint8Array, void, undefined>

/** A chunk, and the way to the next one. */
class Link {
  readonly chunk: Uint8Array | undefined
  readonly #source: Chunks
  #next: Promise<Link | undefined> | undefined

  constructor(source: Chunks, chunk: Uint8Array | undefined) {
    this.#source = source
    this.chunk = chunk
  }

  /** Rendered when the first reader asks for it. */
  next(): Promise<Link | undefined> {
    this.#next ??= this.#source
      .next()
      .then(({ done, value }) => (done === true ? undefined : new Link(this.#source, value)))
    return this.#next
  }
}

interface Shared {
  readonly head: Link
  readonly startMs: number
}

/** The renderings of one registry that can be joined. */
export class SharedRenderings {
  readonly #clock: Clock
  readonly #shared = new Map<string, Shared>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * A reader of the rendering under `key`, or of a new one.
   * @param render begins one; called when a reader reads, not before
   */
  async *read(key: string, render: () => Chunks): AsyncGenerator<Uint8Array, void, undefined> {
    const shared = this.#joinable(key) ?? this.#begin(key, render)
    let link: Link | undefined = shared.head
    try {
      while (link !== undefined) {
        if (link.chunk !== undefined) yield link.chunk
        link = await link.next()
        this.#joinable(key)
      }
    } finally {
      // It has ended, or this reader has: who comes now wants values of now.
      if (this.#shared.get(key) === shared) this.#shared.delete(key)
    }
  }

  #begin(key: string, render: () => Chunks): Shared {
    const shared = { head: new Link(render(), undefined), startMs: this.#clock.monotonicMs() }
    if (this.#shared.size < MAX_SHARED) this.#shared.set(key, shared)
    return shared
  }

  /** One that is too old is let go, and with it the chunks that every reader has read. */
  #joinable(key: string): Shared | undefined {
    const shared = this.#shared.get(key)
    if (shared === undefined || this.#clock.monotonicMs() - shared.startMs <= JOIN_MS) return shared
    this.#shared.delete(key)
    return undefined
  }
}
