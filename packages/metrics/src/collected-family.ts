/**
 * A family of points that somebody else counted: checked, and grouped by label set as OpenMetrics wants them.
 *
 * Invariant: what comes out can be read in every format: legal names and values, no series twice, and histograms whose
 * buckets add up to their count.
 */
import { escapeLabelName } from './escaping.ts'
import type { ShownExemplar } from './exemplar.ts'
import { escapeLabelValue, type FamilyHead, type FamilyType } from './family.ts'
import type { FamilyWriter, PointLabels } from './family-writer.ts'
import type { Exposable, FamilyView } from './instrument.ts'
import { labelValueText, wireText } from './label-value.ts'
import { isLabelName, type NameRule } from './names.ts'

/** Which sample of a histogram or a summary a point is. */
export type PointSuffix = '' | '_bucket' | '_sum' | '_count'

/** What was given for one label set. */
interface Group extends PointLabels {
  readonly names: readonly string[]
  value: number | undefined
  sum: number | undefined
  count: number | undefined
  /** By upper bound or by quantile. */
  readonly parts: Map<number, number>
  /** By upper bound; for a counter under 0. */
  exemplars: Map<number, ShownExemplar> | undefined
}

const POINT_SUFFIXES: Readonly<Record<FamilyType, readonly PointSuffix[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
  info: [''],
  unknown: [''],
}

/** Whether a word names a type of metrics. */
export function isFamilyType(word: string): word is FamilyType {
  return Object.hasOwn(POINT_SUFFIXES, word)
}

/** One family of one scrape. */
export class CollectedFamily implements Exposable {
  readonly head: FamilyHead
  readonly #nameRule: NameRule
  readonly #groups = new Map<string, Group>()
  #last: [key: string, isNew: boolean] = ['', false]

  constructor(head: FamilyHead, nameRule: NameRule) {
    this.head = head
    this.#nameRule = nameRule
  }

  /** Label sets. */
  get size(): number {
    return this.#groups.size
  }

  /** Whether the point is valid and new. */
  add(
    labels: Readonly<Record<string, unknown>>,
    value: number,
    suffix: PointSuffix,
    exemplar?: ShownExemplar,
  ): boolean {
    const { type } = this.head
    if (typeof value !== 'number' || !POINT_SUFFIXES[type].includes(suffix)) return false
    if (!isLegal(type, suffix, value)) return false
    const partName =
      suffix === '_bucket' ? 'le' : type === 'summary' && suffix === '' ? 'quantile' : undefined
    const part = partName === undefined ? undefined : partOf(partName, labels[partName])
    if (partName !== undefined && part === undefined) return false
    const pairs = this.#pairsOf(labels, partName)
    if (pairs === undefined) return false
    const group = this.#groupOf(pairs)
    if (part !== undefined) {
      if (group.parts.has(part)) return false
      group.parts.set(part, value)
      keep(group, part, exemplar)
      return true
    }
    const field = suffix === '_sum' ? 'sum' : suffix === '_count' ? 'count' : 'value'
    if (group[field] !== undefined) return false
    group[field] = value
    keep(group, 0, exemplar)
    return true
  }

  /** Takes back the label set that the last point began; nothing where it belonged to one that was there. */
  dropLast(): void {
    const [key, isNew] = this.#last
    if (isNew) this.#groups.delete(key)
  }

  /** Leaves out histograms that do not add up; how many. */
  dropBroken(): number {
    if (this.head.type !== 'histogram') return 0
    let dropped = 0
    for (const [key, group] of this.#groups) {
      if (completeBuckets(group)) continue
      this.#groups.delete(key)
      dropped++
    }
    return dropped
  }

  view(): FamilyView {
    const groups = [...this.#groups.values()]
    return {
      count: groups.length,
      write: (index, writer) => {
        const group = groups[index]
        if (group !== undefined) this.#write(group, writer)
      },
    }
  }

  #write(group: Group, writer: FamilyWriter): void {
    const { names, parts, sum, count, value } = group
    if (this.head.type === 'histogram') {
      const bounds = [...parts.keys()]
      const totals = [...parts.values()]
      const exemplars = group.exemplars && bounds.map((bound) => group.exemplars?.get(bound))
      const counts = totals.map((total, i) => total - (totals[i - 1] ?? 0))
      writer.histogram(names, group, { bounds, counts, sum, exemplars, native: undefined }, undefined)
    } else if (this.head.type === 'summary') {
      const point = { quantiles: [...parts.keys()], values: [...parts.values()], sum, count }
      writer.summary(names, group, point, undefined)
    } else if (value !== undefined) {
      writer.value(names, group, value, group.exemplars?.get(0), undefined)
    }
  }

  /** `[name, text]` for each label but the part's; `undefined` when a name is not legal, or a value has no text. */
  #pairsOf(
    labels: Readonly<Record<string, unknown>>,
    partName: string | undefined,
  ): [name: string, text: string][] | undefined {
    const reserved =
      this.head.type === 'histogram' ? 'le' : this.head.type === 'summary' ? 'quantile' : undefined
    const pairs: [string, string][] = []
    const shown = new Set<string>()
    for (const [name, value] of Object.entries(labels)) {
      if (name === partName) continue
      const text = labelValueText(value)
      if (!isLabelName(name, this.#nameRule) || name === reserved || text === undefined) return undefined
      if (text === '') continue
      pairs.push([name, text])
      const escaped = escapeLabelName(name, 'underscores')
      // Two labels of one name would cost the whole scrape.
      if (shown.has(escaped)) return undefined
      shown.add(escaped)
    }
    return pairs
  }

  #groupOf(pairs: readonly (readonly [name: string, text: string])[]): Group {
    const shown = pairs.map(
      ([name, text]) => `${escapeLabelName(name, 'underscores')}="${escapeLabelValue(text)}"`,
    )
    // The same labels in another order are the same series.
    const key = [...shown].sort().join(',')
    const there = this.#groups.get(key)
    this.#last = [key, there === undefined]
    if (there !== undefined) return there
    const group: Group = {
      names: pairs.map(([name]) => name),
      values: pairs.map(([, text]) => text),
      labels: wireText(shown.join(',')),
      value: undefined,
      sum: undefined,
      count: undefined,
      parts: new Map(),
      exemplars: undefined,
    }
    this.#groups.set(key, group)
    return group
  }
}

function keep(group: Group, at: number, exemplar: ShownExemplar | undefined): void {
  if (exemplar === undefined) return
  group.exemplars ??= new Map()
  group.exemplars.set(at, exemplar)
}

/**
 * Puts the buckets in order and adds the last one, infinity, where the count tells it; whether they are then a
 * histogram: counts that never fall, and the last equal to the count. OpenMetrics 1.0, "Histogram".
 */
function completeBuckets(group: Group): boolean {
  const { parts, count } = group
  const buckets = [...parts].sort(([a], [b]) => a - b)
  const last = buckets.at(-1)
  if (last?.[0] !== Number.POSITIVE_INFINITY) {
    if (count === undefined) return false
    buckets.push([Number.POSITIVE_INFINITY, count])
  } else if (count !== undefined && count !== last[1]) {
    return false
  }
  for (const [i, [, total]] of buckets.entries()) if (total < (buckets[i - 1]?.[1] ?? 0)) return false
  parts.clear()
  for (const [bound, total] of buckets) parts.set(bound, total)
  return true
}

/** OpenMetrics 1.0, "Metric Types": what counts is neither negative nor NaN, and an info is 1. */
function isLegal(type: FamilyType, suffix: PointSuffix, value: number): boolean {
  if (type === 'info') return value === 1
  if (type === 'counter' || suffix === '_bucket' || suffix === '_count') return value >= 0 && value < Infinity
  return suffix !== '_sum' || !Number.isNaN(value)
}

function partOf(name: 'le' | 'quantile', value: unknown): number | undefined {
  if (value === '+Inf' && name === 'le') return Number.POSITIVE_INFINITY
  const part = typeof value !== 'string' || value.trim() === '' ? Number.NaN : Number(value)
  // Minus zero is zero to a reader.
  if (name === 'le') return Number.isFinite(part) ? part + 0 : undefined
  return part >= 0 && part <= 1 ? part + 0 : undefined
}
