/**
 * Finds the series of a label set, makes it at first sight, and lets it go when it is removed or has expired.
 *
 * Invariant: label sets that differ when exposed never share a series, and those that do not differ never make two.
 * That is why values are compared one by one, and never joined to one key.
 */
import type { Timer } from '@triscope/core'
import { DistinctCount } from './distinct-count.ts'
import { escapeLabelName } from './escaping.ts'
import { escapeLabelValue } from './family.ts'
import { LabelTree, type Leaf } from './label-tree.ts'
import { isPlainValue, labelValueText, MAX_LABEL_VALUE_LENGTH, wireText } from './label-value.ts'
import type { Room } from './room.ts'
import { METRIC } from './semconv.ts'
import { GONE, type Series, type SeriesHome } from './series.ts'

/** The one label of the overflow series, which no instrument may choose. OpenTelemetry metrics SDK, "Overflow attribute". */
export const OVERFLOW_LABEL = 'otel_metric_overflow'
const OVERFLOW_NAMES: readonly string[] = [OVERFLOW_LABEL]
const OVERFLOW_VALUES: readonly string[] = ['true']
const OVERFLOW_TEXT = `${OVERFLOW_LABEL}="true"`

/** So a series goes at most a quarter of its `ttlMs` late: it is marked at one sweep, and goes at a later one. */
const SWEEPS_PER_TTL = 8

/** A label, and about how many different values it had. */
export interface LabelValues {
  readonly label: string
  readonly values: number
}

/** How a kind of instrument makes its series; `onFold` is called for each recording that lands in the overflow. */
export interface SeriesMaker<S extends Series<T>, T> {
  /** What all series share. */
  readonly shape: T
  series(home: SeriesHome<T>, values: readonly unknown[], labels: string): S
  overflow(home: SeriesHome<T>, values: readonly unknown[], labels: string, onFold: () => void): S
}

/** What limits a table. */
export interface SeriesLimits {
  /** Label sets kept; `undefined` follows the registry. */
  readonly maxSeries: number | undefined
  /** Milliseconds after the last recording; `undefined` keeps series for good. */
  readonly ttlMs: number | undefined
}

/** The other spelling of a label set, `200` for `"200"`, which leads to the same series. */
class Alias<S> implements Leaf {
  readonly values: readonly unknown[]
  readonly series: S

  constructor(values: readonly unknown[], series: S) {
    this.values = values
    this.series = series
  }
}

/** One per instrument. */
export class SeriesTable<S extends Series<T>, T> implements SeriesHome<T> {
  readonly names: readonly string[]
  readonly room: Room
  readonly limits: SeriesLimits
  readonly shape: T
  overflow: S | undefined
  /** Recordings that landed in the overflow series. */
  folded = 0

  readonly #owner: string
  readonly #shownNames: readonly string[]
  readonly #make: SeriesMaker<S, T>
  readonly #tree: LabelTree<S | Alias<S>>
  /** By exposed labels; made when a value is first seen that is not exposed exactly as given. */
  #byLabels: Map<string, S> | undefined
  #aliases = 0
  /** In the order of the label names; made when the first set is folded, and fed with each that is folded then. */
  #distinct: readonly DistinctCount[] | undefined
  /** Replaced, not changed, when series go: a scrape that is under way keeps the list it began with. */
  #all: S[] = []
  #sweeper: Timer | undefined
  /** When a sweep first found a series without a new recording; only of those that are not awake. */
  readonly #idleSince = new Map<S, number>()

  constructor(
    owner: string,
    names: readonly string[],
    limits: SeriesLimits,
    room: Room,
    make: SeriesMaker<S, T>,
  ) {
    this.#owner = owner
    this.names = names
    this.#shownNames = names.map((name) => escapeLabelName(name, 'underscores'))
    this.limits = limits
    this.room = room
    this.#make = make
    this.shape = make.shape
    this.#tree = new LabelTree(names)
  }

  /** In the order in which they were first seen; the overflow series is not among them. */
  get all(): readonly S[] {
    return this.#all
  }

  /** Label sets kept: its own limit, else the registry's as it is now. */
  get maxSeries(): number {
    return this.limits.maxSeries ?? this.room.maxSeries
  }

  /** How many different values each label has had, within a few in a hundred; empty until a set was folded. */
  get labelValues(): readonly LabelValues[] {
    return (
      this.#distinct?.map((count, i) => ({ label: this.names[i] as string, values: count.estimate() })) ?? []
    )
  }

  ageMs(): number {
    return this.room.ageMs()
  }

  /** The names that the values of `series` belong to. */
  namesOf(series: Leaf): readonly string[] {
    return series.values === OVERFLOW_VALUES ? OVERFLOW_NAMES : this.names
  }

  /** The series of these labels, or `undefined` when they cannot be read; the loss is counted. */
  find(labels: unknown): S | undefined {
    if (typeof labels === 'object' && labels !== null) {
      try {
        const leaf = this.#tree.find(labels as Readonly<Record<string, unknown>>)
        const series = this.#aliases > 0 ? seriesOf(leaf) : (leaf as S | undefined)
        if (series !== undefined && series.bornMs !== GONE) return series
        const met = this.#meet(labels)
        if (met !== undefined) return met
      } catch {
        // A getter or a proxy of the app's threw; counted below like every set that cannot be read.
      }
    }
    this.room.invalid()
    return undefined
  }

  /** The one series of an instrument without labels. */
  only(): S {
    const series = this.#make.series(this, [], '')
    this.#all.push(series)
    return series
  }

  /** Lets the series of these labels go; whether there was one. */
  remove(labels: unknown): boolean {
    if (typeof labels !== 'object' || labels === null || this.names.length === 0) return false
    try {
      const leaf = this.#tree.find(labels as Readonly<Record<string, unknown>>)
      const series = seriesOf(leaf) ?? this.#exposedAs(labels)
      if (series === undefined) return false
      this.letGo([series])
      return true
    } catch {
      this.room.invalid()
      return false
    }
  }

  /** Lets all series go; the one of an instrument without labels begins anew. */
  reset(): void {
    if (this.names.length > 0) this.letGo(this.#all)
    else for (const series of this.#all) this.#beginAnew(series)
    if (this.overflow === undefined) return
    this.overflow.bornMs = GONE
    this.overflow = undefined
  }

  awake<R extends Series<T>>(series: R): R {
    // Only series of this table have it for a home.
    return this.#awake(series as unknown as S) as unknown as R
  }

  /** Lets go what was not recorded to for `ttlMs`. */
  sweep(): void {
    const { ttlMs } = this.limits
    if (ttlMs === undefined || this.names.length === 0) return
    const nowMs = this.ageMs()
    const expired: S[] = []
    for (const series of this.#all) {
      if (series.isAwake) {
        series.bornMs = -2 - series.bornMs
        this.#idleSince.set(series, nowMs)
      } else if (nowMs - (this.#idleSince.get(series) ?? nowMs) >= ttlMs) {
        expired.push(series)
      }
    }
    if (expired.length > 0) this.letGo(expired)
  }

  #awake(series: S): S {
    const there = series.bornMs === GONE ? this.#again(series) : series
    if (!there.isAwake) there.bornMs = -2 - there.bornMs
    return there
  }

  /** The series that has the labels of one that is gone: the one that was made since, or itself, begun anew. */
  #again(series: S): S {
    if (series.values === OVERFLOW_VALUES) return this.#overflow()
    const leaf = series.values.every(isKey) ? this.#tree.get(series.values) : undefined
    const other = seriesOf(leaf) ?? this.#byLabels?.get(series.labels)
    if (other !== undefined && other.bornMs !== GONE) return other
    if (this.#isFull) return this.#fold(series.values)
    this.#beginAnew(series)
    this.#keep(series)
    return series
  }

  #beginAnew(series: S): void {
    series.clear()
    series.bornMs = this.ageMs()
  }

  /** Lets these series go, which must be of this table. */
  letGo(gone: readonly S[]): void {
    for (const series of gone) {
      series.bornMs = GONE
      this.#idleSince.delete(series)
      this.#tree.delete(series)
      this.#byLabels?.delete(series.labels)
    }
    const before = this.#all.length
    this.#all = this.#all.filter(({ bornMs }) => bornMs !== GONE)
    this.room.totalSeries -= before - this.#all.length
    if (this.#aliases === 0) return
    // Which spellings led to a series is not remembered: all are forgotten, and learnt again.
    this.#aliases = 0
    this.#tree.clear()
    for (const series of this.#all) if (series.values.every(isKey)) this.#tree.insert(series)
  }

  #exposedAs(labels: object): S | undefined {
    const exposed = this.#exposed(this.names.map((name) => ownValue(labels, name)))
    return this.#all.find((series) => series.labels === exposed)
  }

  get #isFull(): boolean {
    return this.#all.length >= this.maxSeries || this.room.isFull
  }

  #keep(series: S): void {
    this.#all.push(series)
    this.room.totalSeries++
    this.#byLabels?.set(series.labels, series)
    if (series.values.every(isKey)) this.#tree.insert(series)
    this.#sweepLater()
  }

  /** A timer only while there is something to expire: an idle registry holds none. */
  #sweepLater(): void {
    const { ttlMs } = this.limits
    if (ttlMs === undefined || this.#sweeper !== undefined) return
    this.#sweeper = this.room.clock.timer(ttlMs / SWEEPS_PER_TTL, () => {
      this.#sweeper = undefined
      this.sweep()
      if (this.#all.length > 0) this.#sweepLater()
    })
  }

  /** The slow way: for a set that is new, or is not spelt as the one that was first seen. */
  #meet(labels: object): S | undefined {
    const values = this.names.map((name) => ownValue(labels, name))
    const exposed = this.#exposed(values)
    if (exposed === undefined) return undefined
    this.#warnOfUnknown(labels)
    if (this.names.length === 0) return this.#all[0]
    const plain = values.every(isPlainValue)
    if (!plain) this.#byLabels ??= new Map(this.#all.map((series) => [series.labels, series]))
    const existing = this.#byLabels?.get(exposed)
    if (existing !== undefined) {
      this.#alias(values, existing)
      return existing
    }
    if (this.#isFull) return this.#fold(values)
    const series = this.#make.series(this, values.map(keepable), exposed)
    this.#keep(series)
    return series
  }

  #exposed(values: readonly unknown[]): string | undefined {
    const pairs: string[] = []
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      const text = labelValueText(value)
      if (text === undefined) return undefined
      if (typeof value === 'string' && value.length > MAX_LABEL_VALUE_LENGTH) this.#countCut()
      if (text !== '') pairs.push(`${this.#shownNames[i]}="${escapeLabelValue(text)}"`)
    }
    return wireText(pairs.join(','))
  }

  /** Bounded like the series: a set with numbers has many spellings, and the slow way is always right. */
  #alias(values: readonly unknown[], series: S): void {
    if (this.#aliases >= this.maxSeries || !values.every(isKey)) return
    this.#aliases++
    this.#tree.insert(new Alias(values.map(keepable), series))
  }

  #fold(values: readonly unknown[]): S {
    this.#distinct ??= this.names.map((_, index) => {
      const count = new DistinctCount()
      for (const series of this.#all) count.add(labelValueText(series.values[index]) ?? '')
      return count
    })
    for (let i = 0; i < values.length; i++) this.#distinct[i]?.add(labelValueText(values[i]) ?? '')
    return this.#overflow()
  }

  #overflow(): S {
    this.overflow ??= this.#make.overflow(this, OVERFLOW_VALUES, OVERFLOW_TEXT, () => {
      this.folded++
      this.room.diagnostics.dropped('metrics', 'SERIES_LIMIT')
      // At each doubling, so that what goes on for hours is said again, with the count of then.
      if (Number.isInteger(Math.log2(this.folded))) this.#warnOfCardinality()
    })
    return this.overflow
  }

  #warnOfCardinality(): void {
    const worst = this.labelValues.reduce((a, b) => (b.values > a.values ? b : a), { label: '', values: 0 })
    const limit =
      this.#all.length < this.maxSeries
        ? `met the limit of ${this.room.maxTotalSeries} label sets for all instruments together`
        : `reached its limit of ${this.maxSeries} label sets`
    this.room.diagnostics.warn(
      'TRI_WARN_CARDINALITY',
      `${this.#owner} ${limit}, and counts new ones in one overflow series; label "${worst.label}" has about ${worst.values} different values`,
      this.#owner,
    )
  }

  #warnOfUnknown(labels: object): void {
    for (const name of Object.keys(labels)) {
      if (this.names.includes(name)) continue
      const known = this.names.length === 0 ? 'it has none' : `it has ${this.names.join(', ')}`
      this.room.diagnostics.warn(
        'TRI_WARN_LABEL',
        `${this.#owner} has no label ${JSON.stringify(name.slice(0, 100))}, ${known}; the label is left out`,
      )
      return
    }
  }

  #countCut(): void {
    this.room.diagnostics
      .counter({
        name: METRIC.labelValuesCut,
        help: `Label values longer than ${MAX_LABEL_VALUE_LENGTH} characters, which were cut`,
      })
      .add()
  }
}

function seriesOf<S>(leaf: S | Alias<S> | undefined): S | undefined {
  return leaf instanceof Alias ? leaf.series : leaf
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
