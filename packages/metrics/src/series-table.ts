/**
 * Finds the series of a label set, and makes it at first sight.
 *
 * Invariant: label sets that differ when exposed never share a series, and those that do not differ never make two.
 * That is why values are compared one by one, in the order of the label names, and never joined to one key.
 *
 * The way: a tree with one level a label, which is only as deep as the sets differ, so that a label set costs one
 * entry and not one Map a level. A look-up allocates nothing.
 */
import { DistinctCount } from './distinct-count.ts'
import { escapeLabelValue } from './family.ts'
import { isPlainValue, labelValueText, MAX_LABEL_VALUE_LENGTH } from './label-value.ts'
import type { Room } from './room.ts'
import { METRIC } from './semconv.ts'

/** What every kind of series has: the values it was first seen with, and its labels as they are exposed. */
export abstract class Series {
  /** As the caller gave them, in the order of the label names. */
  readonly values: readonly unknown[]
  /** `a="x",b="y"`, escaped; labels without a value are left out. */
  readonly labels: string

  constructor(values: readonly unknown[], labels: string) {
    this.values = values
    this.labels = labels
  }
}

/** The one label of the overflow series, which no instrument may choose. OpenTelemetry metrics SDK, "Overflow attribute". */
export const OVERFLOW_LABEL = 'otel_metric_overflow'
const OVERFLOW_LABELS = `${OVERFLOW_LABEL}="true"`

/** A label, and about how many different values it had. */
export interface LabelValues {
  readonly label: string
  readonly values: number
}

/** How a kind of instrument makes its series; `onFold` is called for each recording that lands in the overflow. */
export interface SeriesMaker<S extends Series> {
  series(values: readonly unknown[], labels: string): S
  overflow(labels: string, onFold: () => void): S
}

/** The other spelling of a label set, `200` for `"200"`, which leads to the same series. */
class Alias<S extends Series> {
  readonly values: readonly unknown[]
  readonly series: S

  constructor(values: readonly unknown[], series: S) {
    this.values = values
    this.series = series
  }
}

type Node<S extends Series> = S | Alias<S> | Map<unknown, Node<S>>

/** One per instrument. */
export class SeriesTable<S extends Series> {
  readonly names: readonly string[]
  /** In the order in which they were first seen; the overflow series is not among them. */
  readonly all: S[] = []
  overflow: S | undefined
  /** Recordings that landed in the overflow series. */
  folded = 0

  readonly #owner: string
  readonly #ownLimit: number | undefined
  readonly #room: Room
  readonly #make: SeriesMaker<S>
  readonly #root: Map<unknown, Node<S>> = new Map()
  /** By exposed labels; made when a value is first seen that is not exposed exactly as given. */
  #byLabels: Map<string, S> | undefined
  #aliases = 0
  /** In the order of the label names; made when the first set is folded, and fed with each that is folded then. */
  #distinct: readonly DistinctCount[] | undefined

  constructor(
    owner: string,
    names: readonly string[],
    ownLimit: number | undefined,
    room: Room,
    make: SeriesMaker<S>,
  ) {
    this.#owner = owner
    this.names = names
    this.#ownLimit = ownLimit
    this.#room = room
    this.#make = make
  }

  /** Label sets kept: its own limit, else the registry's as it is now. */
  get maxSeries(): number {
    return this.#ownLimit ?? this.#room.maxSeries
  }

  /** How many different values each label has had, within a few in a hundred; empty until a set was folded. */
  get labelValues(): readonly LabelValues[] {
    return (
      this.#distinct?.map((count, i) => ({ label: this.names[i] as string, values: count.estimate() })) ?? []
    )
  }

  /** The series of these labels, or `undefined` when they cannot be read; the loss is counted. */
  find(labels: unknown): S | undefined {
    if (typeof labels === 'object' && labels !== null) {
      try {
        const series = this.#known(labels as Readonly<Record<string, unknown>>) ?? this.#meet(labels)
        if (series !== undefined) return series
      } catch {
        // A getter or a proxy of the app's threw; counted below like every set that cannot be read.
      }
    }
    this.#room.invalid()
    return undefined
  }

  /** The one series of an instrument without labels. */
  only(): S {
    const series = this.#make.series([], '')
    this.all.push(series)
    return series
  }

  #known(labels: Readonly<Record<string, unknown>>): S | undefined {
    const names = this.names
    let children = this.#root
    for (let level = 0; level < names.length; level++) {
      const node = children.get(labels[names[level] as string])
      if (node === undefined) return undefined
      if (node instanceof Map) {
        children = node
        continue
      }
      for (let rest = level + 1; rest < names.length; rest++) {
        if (node.values[rest] !== labels[names[rest] as string]) return undefined
      }
      return node instanceof Alias ? node.series : node
    }
    return undefined
  }

  /** The slow way: for a set that is new, or is not spelt as the one that was first seen. */
  #meet(labels: object): S | undefined {
    const values = this.names.map((name) => ownValue(labels, name))
    const exposed = this.#exposed(values)
    if (exposed === undefined) return undefined
    this.#warnOfUnknown(labels)
    if (this.names.length === 0) return this.all[0]
    const plain = values.every(isPlainValue)
    if (!plain) this.#byLabels ??= new Map(this.all.map((series) => [series.labels, series]))
    const existing = this.#byLabels?.get(exposed)
    if (existing !== undefined) {
      this.#alias(values, existing)
      return existing
    }
    if (this.all.length >= this.maxSeries || this.#room.isFull) return this.#fold(values)
    const kept = values.map(keepable)
    const series = this.#make.series(kept, exposed)
    this.all.push(series)
    this.#room.totalSeries++
    this.#byLabels?.set(exposed, series)
    if (values.every(isKey)) this.#insert(kept, series)
    return series
  }

  #exposed(values: readonly unknown[]): string | undefined {
    const pairs: string[] = []
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      const text = labelValueText(value)
      if (text === undefined) return undefined
      if (typeof value === 'string' && value.length > MAX_LABEL_VALUE_LENGTH) this.#countCut()
      if (text !== '') pairs.push(`${this.names[i]}="${escapeLabelValue(text)}"`)
    }
    // Joined, not added up: the text is read at every scrape, and a joined one is flat.
    return pairs.join(',')
  }

  #insert(values: readonly unknown[], node: S | Alias<S>): void {
    const last = values.length - 1
    let children = this.#root
    for (let level = 0; level <= last; level++) {
      const there = children.get(values[level])
      if (there === undefined) {
        children.set(values[level], node)
        return
      }
      if (there instanceof Map) {
        children = there
        continue
      }
      // The very same spelling: a getter or an inherited name was read differently the first time.
      if (level === last) return
      // Two sets agree up to here: the one that was there moves a level down, and the loop goes on.
      const below = new Map<unknown, Node<S>>([[there.values[level + 1], there]])
      children.set(values[level], below)
      children = below
    }
  }

  /** Bounded like the series: a set with numbers has many spellings, and the slow way is always right. */
  #alias(values: readonly unknown[], series: S): void {
    if (this.#aliases >= this.maxSeries || !values.every(isKey)) return
    this.#aliases++
    const kept = values.map(keepable)
    this.#insert(kept, new Alias(kept, series))
  }

  #fold(values: readonly unknown[]): S {
    this.#distinct ??= this.names.map((_, index) => {
      const count = new DistinctCount()
      for (const series of this.all) count.add(labelValueText(series.values[index]) ?? '')
      return count
    })
    for (let i = 0; i < values.length; i++) this.#distinct[i]?.add(labelValueText(values[i]) ?? '')
    this.overflow ??= this.#make.overflow(OVERFLOW_LABELS, () => {
      this.folded++
      this.#room.diagnostics.dropped('metrics', 'SERIES_LIMIT')
      // At each doubling, so that what goes on for hours is said again, with the count of then.
      if (Number.isInteger(Math.log2(this.folded))) this.#warnOfCardinality()
    })
    return this.overflow
  }

  #warnOfCardinality(): void {
    const worst = this.labelValues.reduce((a, b) => (b.values > a.values ? b : a), { label: '', values: 0 })
    const limit =
      this.all.length < this.maxSeries
        ? `met the limit of ${this.#room.maxTotalSeries} label sets for all instruments together`
        : `reached its limit of ${this.maxSeries} label sets`
    this.#room.diagnostics.warn(
      'TRI_WARN_CARDINALITY',
      `${this.#owner} ${limit}, and counts new ones in one overflow series; label "${worst.label}" has about ${worst.values} different values`,
      this.#owner,
    )
  }

  #warnOfUnknown(labels: object): void {
    for (const name of Object.keys(labels)) {
      if (this.names.includes(name)) continue
      const known = this.names.length === 0 ? 'it has none' : `it has ${this.names.join(', ')}`
      this.#room.diagnostics.warn(
        'TRI_WARN_LABEL',
        `${this.#owner} has no label ${JSON.stringify(name.slice(0, 100))}, ${known}; the label is left out`,
      )
      return
    }
  }

  #countCut(): void {
    this.#room.diagnostics
      .counter({
        name: METRIC.labelValuesCut,
        help: `Label values longer than ${MAX_LABEL_VALUE_LENGTH} characters, which were cut`,
      })
      .add()
  }
}

/** What every object inherits is not a label that was given: `constructor` is a legal name. */
function ownValue(labels: object, name: string): unknown {
  const value = (labels as Readonly<Record<string, unknown>>)[name]
  return typeof value === 'function' && !Object.hasOwn(labels, name) ? undefined : value
}

/** Whether a value may be kept as a key: not NaN, which equals nothing, and nothing that holds memory of the app. */
function isKey(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value.length <= MAX_LABEL_VALUE_LENGTH
    case 'number':
      return !Number.isNaN(value)
    case 'boolean':
    case 'undefined':
      return true
    default:
      return value === null
  }
}

/**
 * What a series remembers of a value: itself, but for a text the engine's one copy of it. A text that was cut from a
 * longer one would keep that alive: 2 000 values out of 16 KB each held 33 MB, their copies 0.5 MB; and against a
 * literal the engine's copy is compared by address.
 */
function keepable(value: unknown): unknown {
  const key = isKey(value) ? value : labelValueText(value)
  return typeof key === 'string' ? Object.keys({ [key]: 0 })[0] : key
}
