/**
 * The sources and observable instruments of one registry, and what they give at a scrape.
 *
 * Invariant: one that fails, or is not done in time, costs its own families and no more. What it throws, and a family
 * whose names are taken, is reported, because half a family or a second one of a name would cost the whole scrape.
 */
import { messageOf } from '@triscope/core'
import { CollectedFamily } from './collected-family.ts'
import type { Exposable } from './instrument.ts'
import { shownNames } from './instrument-set.ts'
import type { NameRule } from './names.ts'
import type { ObservableInstrument } from './observable.ts'
import { Pace } from './pace.ts'
import type { Room } from './room.ts'
import { METRIC } from './semconv.ts'
import { Collected, type MetricSource, type MetricSourceGroup } from './source.ts'

/** Somebody who is asked. */
interface Asked {
  readonly name: string
  readonly isInstrument: boolean
  readonly answer: Promise<readonly CollectedFamily[]>
}

const NOTHING: readonly CollectedFamily[] = []

/** One per registry. */
export class SourceSet {
  readonly #room: Room
  readonly #nameRule: NameRule
  readonly #attached = new Set<MetricSource | MetricSourceGroup>()
  /** How often each failed, by name. */
  readonly #errors = new Map<string, number>()

  constructor(room: Room, nameRule: NameRule) {
    this.#room = room
    this.#nameRule = nameRule
  }

  attach(source: MetricSource | MetricSourceGroup): () => void {
    this.#attached.add(source)
    return () => {
      this.#attached.delete(source)
    }
  }

  /**
   * All families of all sources whose names are free. All are asked at once, and waited for until `timeoutMs` is over.
   * @param instrumentOf what uses a name already
   */
  async collect(
    instruments: readonly ObservableInstrument[],
    instrumentOf: (name: string) => string | undefined,
    timeoutMs: number,
  ): Promise<readonly Exposable[]> {
    const pace = new Pace(this.#room)
    const asked: Asked[] = []
    for (const instrument of instruments) {
      asked.push({ name: instrument.name, isInstrument: true, answer: this.#observe(instrument, timeoutMs) })
      if (pace.pause()) await pace.turn()
    }
    for (const source of [...this.#attached].flatMap((each) => this.#sourcesOf(each))) {
      asked.push({ name: source.name, isInstrument: false, answer: this.#ask(source, timeoutMs) })
      if (pace.pause()) await pace.turn()
    }
    const families: Exposable[] = []
    const taken = new Map<string, string>()
    for (const { answer, isInstrument, name } of asked) {
      for (const family of await answer) {
        if (!isInstrument && !this.#take(family, name, instrumentOf, taken)) continue
        families.push(family)
      }
    }
    const errors = this.#errorFamily()
    return errors === undefined ? families : [...families, errors]
  }

  /** Whether the names of the family were free, which they are no longer. */
  #take(
    family: CollectedFamily,
    source: string,
    instrumentOf: (name: string) => string | undefined,
    taken: Map<string, string>,
  ): boolean {
    const { base, type } = family.head
    const names = shownNames(base, type)
    const clash = names.find((name) => instrumentOf(name) !== undefined || taken.has(name))
    if (clash === undefined) {
      for (const name of names) taken.set(name, `metric source "${source}"`)
      return true
    }
    const owner = instrumentOf(clash) ?? taken.get(clash)
    const both = `both have the name "${clash}" for themselves`
    const text = `metric source "${source}": ${type} "${base}" is left out, it clashes with ${owner}: ${both}`
    this.#countError(source)
    this.#room.diagnostics.warn('TRI_WARN_METRIC_DUP', text, `${source} ${base}`)
    return false
  }

  #sourcesOf(attached: MetricSource | MetricSourceGroup): readonly MetricSource[] {
    if ('collect' in attached) return [attached]
    try {
      return [...attached.sources()]
    } catch (error) {
      const owner = `metric source "${attached.name}"`
      this.#failed(owner, attached.name, `its metrics are left out: ${messageOf(error)}`, error)
      return []
    }
  }

  async #ask(source: MetricSource, timeoutMs: number): Promise<readonly CollectedFamily[]> {
    const room = this.#room
    const sink = new Collected(this.#nameRule, (reason) => room.diagnostics.dropped('metrics', reason))
    const isDone = await this.#within(
      timeoutMs,
      () => source.collect(sink),
      `metric source "${source.name}"`,
      source.name,
    )
    sink.close()
    return isDone ? this.#checked(sink.families) : NOTHING
  }

  async #observe(instrument: ObservableInstrument, timeoutMs: number): Promise<readonly CollectedFamily[]> {
    const family = new CollectedFamily(instrument.head, this.#nameRule)
    const isDone = await this.#within(
      timeoutMs,
      () => instrument.collectInto(family),
      `callback of metric "${instrument.name}"`,
      instrument.name,
    )
    return isDone ? [family] : NOTHING
  }

  #checked(families: readonly CollectedFamily[]): readonly CollectedFamily[] {
    for (const family of families) {
      const dropped = family.dropBroken()
      if (dropped > 0) this.#room.diagnostics.dropped('metrics', 'VALUE_INVALID', dropped)
    }
    return families
  }

  /** Whether `collect` was done in time and without an error; if not, that is reported. */
  async #within(
    timeoutMs: number,
    collect: () => void | Promise<void>,
    owner: string,
    name: string,
  ): Promise<boolean> {
    try {
      const pending = collect()
      // Waited for only where there is something to wait for: most have their numbers at hand.
      if (pending === undefined) return true
      if (await this.#isInTime(Promise.resolve(pending), timeoutMs)) return true
      this.#failed(owner, name, `its metrics are left out: not done after ${timeoutMs} ms`)
    } catch (error) {
      this.#failed(owner, name, `its metrics are left out: ${messageOf(error)}`, error)
    }
    return false
  }

  async #isInTime(pending: Promise<void>, timeoutMs: number): Promise<boolean> {
    let over: (() => void) | undefined
    const late = new Promise<false>((resolve) => {
      over = () => resolve(false)
    })
    const timer = this.#room.clock.timer(timeoutMs, () => over?.())
    try {
      return await Promise.race([pending.then(() => true as const), late])
    } finally {
      timer.cancel()
    }
  }

  #failed(owner: string, name: string, what: string, cause?: unknown): void {
    this.#countError(name)
    const error = new Error(`${owner}: ${what}`, { cause })
    this.#room.diagnostics.failed('TRI_WARN_COLLECT', error)
  }

  #countError(name: string): void {
    this.#errors.set(name, (this.#errors.get(name) ?? 0) + 1)
  }

  /** Counted here and not in the diagnostics, so that a failure shows in the very scrape it was in. */
  #errorFamily(): CollectedFamily | undefined {
    if (this.#errors.size === 0) return undefined
    const family = new CollectedFamily(
      {
        base: METRIC.collectorErrors.replace(/_total$/, ''),
        kind: undefined,
        type: 'counter',
        help: 'Families left out of a scrape because who gives them failed, was late or met another, by collector',
        unit: undefined,
      },
      this.#nameRule,
    )
    for (const [collector, count] of this.#errors) family.add({ collector }, count, '')
    return family
  }
}
