/**
 * Which instruments there are, and which names their lines use.
 *
 * Invariant: an instrument that is in the set meets no other in any format. Making one is where an app learns of a
 * mistake, so the messages name both sides and the way out.
 */
import { TriscopeError } from '@triscope/core'
import type { CounterInstrument } from './counter.ts'
import { escapeName } from './escaping.ts'
import { claimedNames, type FamilyHead, type FamilyType, ownerText } from './family.ts'
import type { GaugeInstrument } from './gauge.ts'
import type { HistogramInstrument } from './histogram.ts'
import type { InfoInstrument } from './info.ts'
import type { ObservableInstrument } from './observable.ts'
import type { SummaryInstrument } from './summary.ts'

export type RecordedInstrument =
  | CounterInstrument
  | GaugeInstrument
  | HistogramInstrument
  | SummaryInstrument
  | InfoInstrument
export type AnyInstrument = RecordedInstrument | ObservableInstrument

/** What two definitions must share to be the same instrument; its help is not part of it. */
export interface Definition {
  readonly head: FamilyHead
  readonly labels: readonly string[]
  /** What else makes it: the bounds of a histogram, the accuracy of a summary. `''` where there is nothing. */
  readonly identity: string
  /** What messages call that: `buckets`. */
  readonly identityWord: string
}

interface Entry {
  readonly definition: Definition
  readonly instrument: AnyInstrument
}

/** Every name that a family's lines use for a reader without UTF-8 names, where names are likest. */
export function shownNames(base: string, type: FamilyType): readonly string[] {
  return claimedNames(base, type).map((name) => escapeName(name, 'underscores'))
}

/** The instruments of one registry. */
export class InstrumentSet {
  readonly #onNew: (definition: Definition) => void
  readonly #byBase = new Map<string, Entry>()
  /** Which instrument uses a name in any format. */
  readonly #claims = new Map<string, Entry>()

  /** @param onNew asked before one is made; what it throws keeps it from being made */
  constructor(onNew: (definition: Definition) => void) {
    this.#onNew = onNew
  }

  /** In the order they were made. */
  all(): readonly AnyInstrument[] {
    return [...this.#byBase.values()].map(({ instrument }) => instrument)
  }

  /** What messages call the instrument that uses the name; `undefined` when it is free. */
  ownerOf(name: string): string | undefined {
    const entry = this.#claims.get(name)
    return entry === undefined ? undefined : ownerText(entry.definition.head)
  }

  /** The instrument that is there if it is the same, else a new one; throws `TRI_ERR_METRIC_DUP` on a clash. */
  getOrCreate<I extends AnyInstrument>(definition: Definition, create: () => I): I {
    const { head, labels } = definition
    const there = this.#byBase.get(head.base)
    if (there !== undefined) {
      // Of the same kind, so made by the same call.
      if (isSame(there.definition, definition)) return there.instrument as I
      throw alreadyThere(definition, there.definition)
    }
    const names = shownNames(head.base, head.type)
    const clash = names.find((name) => this.#claims.has(name))
    if (clash !== undefined) {
      throw new TriscopeError(
        'TRI_ERR_METRIC_DUP',
        `${ownerText(head)} clashes with ${this.ownerOf(clash)}: both have the name "${clash}" for themselves`,
        { hint: 'give one of them another name' },
      )
    }
    this.#onNew(definition)
    const instrument = create()
    const entry = { definition: { ...definition, labels: [...labels] }, instrument }
    this.#byBase.set(head.base, entry)
    for (const name of names) this.#claims.set(name, entry)
    return instrument
  }
}

function isSame(a: Definition, b: Definition): boolean {
  return (
    a.head.kind === b.head.kind &&
    a.head.unit === b.head.unit &&
    a.identity === b.identity &&
    // In any order: labels are given by name.
    a.labels.length === b.labels.length &&
    a.labels.every((label) => b.labels.includes(label))
  )
}

function alreadyThere(asked: Definition, there: Definition): TriscopeError {
  const same = asked.head.kind === there.head.kind && traits(asked) === traits(there)
  const otherwise = same ? `other ${there.identityWord}` : traits(there)
  return new TriscopeError(
    'TRI_ERR_METRIC_DUP',
    `${ownerText(asked.head)} with ${traits(asked)} is already there as ${ownerText(there.head)} with ${otherwise}`,
    { hint: 'give it another name, or make it in one place and import it' },
  )
}

function traits({ head: { unit }, labels }: Definition): string {
  const shown = labels.length === 0 ? 'no labels' : `labels ${labels.join(', ')}`
  return unit === undefined ? shown : `${shown} and unit ${unit}`
}
