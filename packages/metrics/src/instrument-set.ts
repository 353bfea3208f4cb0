/**
 * Which instruments there are, and which names their lines use.
 *
 * Invariant: an instrument that is in the set meets no other in any format. Making one is where an app learns of a
 * mistake, so the messages name both sides and the way out.
 */
import { rejectOption, rejectUnknownKeys, TriscopeError } from '@triscope/core'
import type { CounterInstrument } from './counter.ts'
import { baseName, claimedNames, type FamilyHead } from './family.ts'
import type { GaugeInstrument } from './gauge.ts'
import type { HistogramInstrument } from './histogram.ts'
import type { InstrumentOptions } from './instrument.ts'
import { checkLabelNames, checkMetricName } from './names.ts'
import { OVERFLOW_LABEL } from './series-table.ts'

export type AnyInstrument = CounterInstrument | GaugeInstrument | HistogramInstrument

/** What every kind of instrument is made of, checked. */
export interface CheckedInstrument {
  readonly head: FamilyHead
  readonly labels: readonly string[]
  /** `undefined` follows the registry. */
  readonly maxSeries: number | undefined
  /** What messages call it: `histogram "job_seconds"`. */
  readonly owner: string
}

/** Throws what {@link InstrumentOptions} says of each field. */
export function checkInstrument(
  type: 'counter' | 'gauge' | 'histogram',
  options: InstrumentOptions<string>,
): CheckedInstrument {
  const base = baseName(checkMetricName(type, options.name), type)
  checkMetricName(type, base)
  const owner = `${type} "${options.name}"`
  rejectUnknownKeys(owner, options, type === 'histogram' ? [...OPTION_KEYS, 'buckets'] : OPTION_KEYS)
  if (typeof options.help !== 'string') rejectOption(`${owner}.help`, 'a text', options.help)
  return {
    head: { base, type, help: options.help, unit: checkUnit(owner, base, options.unit) },
    labels: checkLabelNames(
      owner,
      options.labels,
      type === 'histogram' ? ['le', OVERFLOW_LABEL] : [OVERFLOW_LABEL],
    ),
    maxSeries:
      options.maxSeries === undefined ? undefined : checkMaxSeries(`${owner}.maxSeries`, options.maxSeries),
    owner,
  }
}

/** Throws `TRI_ERR_OPTION`. */
export function checkMaxSeries(path: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value
  return rejectOption(path, 'a whole number of 1 or more', value)
}

/** The instruments of one registry. */
export class InstrumentSet {
  readonly #byBase = new Map<string, AnyInstrument>()
  /** Which instrument uses a name in any format. */
  readonly #claims = new Map<string, AnyInstrument>()

  /** In the order they were made. */
  all(): readonly AnyInstrument[] {
    return [...this.#byBase.values()]
  }

  /** What messages call the instrument that uses the name; `undefined` when it is free. */
  ownerOf(name: string): string | undefined {
    const instrument = this.#claims.get(name)
    return instrument === undefined ? undefined : ownerText(instrument.head)
  }

  /** The instrument that is there if it is the same, else a new one; throws `TRI_ERR_METRIC_DUP` on a clash. */
  getOrCreate(
    head: FamilyHead,
    labels: readonly string[],
    isSameKind: (there: AnyInstrument) => boolean,
    create: () => AnyInstrument,
  ): AnyInstrument {
    const there = this.#byBase.get(head.base)
    if (there !== undefined) {
      const { names } = there.table
      if (isSameKind(there) && there.head.unit === head.unit && sameSet(names, labels)) return there
      const otherwise =
        traits(head, labels) === traits(there.head, names) ? 'other buckets' : traits(there.head, names)
      throw new TriscopeError(
        'TRI_ERR_METRIC_DUP',
        `${ownerText(head)} with ${traits(head, labels)} is already there as ${ownerText(there.head)} with ${otherwise}`,
        { hint: 'give it another name, or make it in one place and import it' },
      )
    }
    const names = claimedNames(head.base, head.type)
    const clash = names.find((name) => this.#claims.has(name))
    if (clash !== undefined) {
      throw new TriscopeError(
        'TRI_ERR_METRIC_DUP',
        `${ownerText(head)} clashes with ${this.ownerOf(clash)}: both have the name "${clash}" for themselves`,
        { hint: 'give one of them another name' },
      )
    }
    const instrument = create()
    this.#byBase.set(head.base, instrument)
    for (const name of names) this.#claims.set(name, instrument)
    return instrument
  }
}

const OPTION_KEYS: readonly string[] = ['name', 'help', 'unit', 'labels', 'maxSeries']

/** OpenMetrics 1.0, "Unit". */
function checkUnit(owner: string, base: string, unit: unknown): string | undefined {
  if (unit === undefined || unit === '') return undefined
  if (typeof unit !== 'string') return rejectOption(`${owner}.unit`, 'a text', unit)
  if (base.endsWith(`_${unit}`)) return unit
  throw new TriscopeError(
    'TRI_ERR_METRIC_NAME',
    `${owner}: the name of a metric in ${unit} must end with "_${unit}"`,
    { hint: `name it "${base}_${unit}"` },
  )
}

function ownerText({ type, base }: FamilyHead): string {
  return `${type} "${base}"`
}

function traits({ unit }: FamilyHead, labels: readonly string[]): string {
  const shown = labels.length === 0 ? 'no labels' : `labels ${labels.join(', ')}`
  return unit === undefined ? shown : `${shown} and unit ${unit}`
}

/** In any order: labels are given by name. */
function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item))
}
