/**
 * The sources of one registry, and what they give at a scrape.
 *
 * Invariant: a source costs at most its own families. What it throws, and a family whose names are taken, is
 * reported, because half a family or a second one of a name would cost the whole scrape.
 */
import { messageOf } from '@triscope/core'
import { claimedNames } from './family.ts'
import type { Exposable } from './instrument.ts'
import type { Room } from './room.ts'
import { Collected, type MetricSource, type MetricSourceGroup } from './source.ts'

/** One per registry. */
export class SourceSet {
  readonly #room: Room
  readonly #attached = new Set<MetricSource | MetricSourceGroup>()

  constructor(room: Room) {
    this.#room = room
  }

  attach(source: MetricSource | MetricSourceGroup): () => void {
    this.#attached.add(source)
    return () => {
      this.#attached.delete(source)
    }
  }

  /**
   * All families of all sources whose names are free.
   * @param instrumentOf what uses a name already
   */
  async collect(instrumentOf: (name: string) => string | undefined): Promise<readonly Exposable[]> {
    const families: Exposable[] = []
    const taken = new Map<string, string>()
    const ownerOf = (name: string): string | undefined => instrumentOf(name) ?? taken.get(name)
    const sources = [...this.#attached].flatMap((each) => this.#sourcesOf(each))
    // All at once: those that have to wait for something wait together.
    const collected = await Promise.all(sources.map((source) => this.#collectFrom(source)))
    for (const [i, source] of sources.entries()) {
      for (const family of collected[i] ?? []) {
        const { base, type } = family.head
        const names = claimedNames(base, type)
        const clash = names.find((name) => ownerOf(name) !== undefined)
        if (clash === undefined) {
          for (const name of names) taken.set(name, `metric source "${source.name}"`)
          families.push(family)
        } else {
          const both = `both have the name "${clash}" for themselves`
          const text = `metric source "${source.name}": ${type} "${base}" is left out, it clashes with ${ownerOf(clash)}: ${both}`
          this.#room.diagnostics.warn('TRI_WARN_METRIC_DUP', text, `${source.name} ${base}`)
        }
      }
    }
    return families
  }

  #sourcesOf(attached: MetricSource | MetricSourceGroup): readonly MetricSource[] {
    if ('collect' in attached) return [attached]
    try {
      return [...attached.sources()]
    } catch (error) {
      this.#failed(attached, `its metrics are left out: ${messageOf(error)}`, error)
      return []
    }
  }

  async #collectFrom(source: MetricSource): Promise<readonly Exposable[]> {
    const room = this.#room
    const sink = new Collected((reason) => room.diagnostics.dropped('metrics', reason))
    const startMs = room.clock.monotonicMs()
    try {
      let pending: void | Promise<void>
      try {
        pending = source.collect(sink)
      } finally {
        room.busyMs += room.clock.monotonicMs() - startMs
      }
      // Waited for only where there is something to wait for: most sources have their numbers at hand.
      if (pending !== undefined) await pending
      return sink.families
    } catch (error) {
      this.#failed(source, `its metrics are left out: ${messageOf(error)}`, error)
      return []
    } finally {
      sink.close()
    }
  }

  #failed(source: { readonly name: string }, what: string, cause?: unknown): void {
    const error = new Error(`metric source "${source.name}": ${what}`, { cause })
    this.#room.diagnostics.failed('TRI_WARN_COLLECT', error)
  }
}
