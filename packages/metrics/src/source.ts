/**
 * Metrics that are read when somebody asks, from places that keep their own numbers.
 *
 * Invariant: what a source gives is exposed only if it is valid in every format, and only once it has given all; a
 * source that fails costs its own families and nothing else.
 */
import { type Labels, TriscopeError } from '@triscope/core'
import {
  baseName,
  escapeLabelValue,
  type FamilyHead,
  type FamilyType,
  type Format,
  sampleName,
} from './family.ts'
import type { Exposable } from './instrument.ts'
import { labelValueText } from './label-value.ts'
import { checkMetricName, isLabelName } from './names.ts'
import { canonicalFloat, numberText } from './number-text.ts'
import { type PointExemplar, pointExemplarText } from './point-exemplar.ts'
import type { TextWriter } from './text-writer.ts'

/** Which sample of a histogram or a summary a point is. */
export type PointSuffix = '' | '_bucket' | '_sum' | '_count'

/** Where a source puts what it has. */
export interface MetricSink {
  /**
   * Begins a family; the points that follow belong to it. A family whose names are taken by an instrument or by an
   * earlier source is left out, and reported as `TRI_WARN_METRIC_DUP` with both owners.
   * @param unit for OpenMetrics' `# UNIT`; the name must end with it
   */
  family(name: string, type: FamilyType, help: string, unit?: string): void
  /**
   * Adds a sample to the family. A point that is not valid (a label name that is not legal, a counter that is
   * negative or NaN, a bucket without `le`), or that was given before, is dropped and counted as `VALUE_INVALID`.
   * @param labels those of a bucket with `le`, those of a quantile with `quantile`
   * @param suffix the part of a histogram or a summary; a quantile has none
   * @default suffix `''`
   * @param exemplar of a counter or a bucket; one that OpenMetrics does not allow is dropped and counted as
   * `EXEMPLAR_INVALID`
   */
  point(labels: Labels, value: number, suffix?: PointSuffix, exemplar?: PointExemplar): void
}

/** Something with numbers of its own, asked at each scrape. */
export interface MetricSource {
  /** What messages call it. */
  readonly name: string
  /**
   * Gives all families, in one go. What it throws or rejects with costs its own families for this scrape and is
   * reported as `TRI_WARN_COLLECT`. Called for each scrape, also while an earlier call has not resolved yet.
   */
  collect(to: MetricSink): void | Promise<void>
}

/** Sources that come and go, and fail each by itself. */
export interface MetricSourceGroup {
  /** What messages call it. */
  readonly name: string
  /** Those there are now; asked at each scrape. What it throws costs the whole group for that scrape. */
  sources(): Iterable<MetricSource>
}

interface Point {
  /** `_bucket{a="x",` or `{a="x",`: everything up to the label that is written otherwise in each format. */
  readonly head: string
  /** The value of `le` or `quantile`. */
  readonly bound: number | undefined
  readonly boundName: 'le' | 'quantile'
  readonly value: number
  /** As it is written, in OpenMetrics only. */
  readonly exemplar: string | undefined
}

/** What one source gave at one scrape. */
export class Collected implements MetricSink {
  readonly families: CollectedFamily[] = []
  readonly #onDropped: (reason: 'VALUE_INVALID' | 'EXEMPLAR_INVALID') => void
  #closed = false

  constructor(onDropped: (reason: 'VALUE_INVALID' | 'EXEMPLAR_INVALID') => void) {
    this.#onDropped = onDropped
  }

  family(name: string, type: FamilyType, help: string, unit?: string): void {
    if (this.#closed) return
    checkMetricName(type, name)
    if (!Object.hasOwn(POINT_SUFFIXES, type)) {
      throw new TriscopeError(
        'TRI_ERR_OPTION',
        `family "${name}": ${JSON.stringify(type)} is no type of metric`,
      )
    }
    const base = baseName(name, type)
    this.families.push(new CollectedFamily({ base, type, help: String(help), unit: unitOf(base, unit) }))
  }

  point(labels: Labels, value: number, suffix: PointSuffix = '', exemplar?: PointExemplar): void {
    if (this.#closed) return
    const family = this.families.at(-1)
    if (family === undefined) {
      throw new TriscopeError('TRI_ERR_OPTION', 'point() was called before family()')
    }
    const text = exemplar === undefined ? undefined : pointExemplarText(exemplar)
    const mayHave = suffix === '_bucket' || (suffix === '' && family.head.type === 'counter')
    if (exemplar !== undefined && (text === undefined || !mayHave)) this.#onDropped('EXEMPLAR_INVALID')
    if (!family.add(labels, value, suffix, mayHave ? text : undefined)) this.#onDropped('VALUE_INVALID')
  }

  /** From here on nothing is taken: the scrape that asked has moved on. */
  close(): void {
    this.#closed = true
  }
}

/** A family of points, grouped by label set as OpenMetrics wants them: "MetricFamily", no interleaving. */
export class CollectedFamily implements Exposable {
  readonly head: FamilyHead
  readonly #groups = new Map<string, Point[]>()
  readonly #seen = new Set<string>()
  #order: readonly Point[][] | undefined

  constructor(head: FamilyHead) {
    this.head = head
  }

  get seriesCount(): number {
    return this.#groups.size
  }

  /** Whether the point is valid and new. */
  add(labels: Labels, value: number, suffix: PointSuffix, exemplar?: string): boolean {
    const { type } = this.head
    if (
      typeof value !== 'number' ||
      !POINT_SUFFIXES[type].includes(suffix) ||
      !isLegal(type, suffix, value)
    ) {
      return false
    }
    const boundName =
      suffix === '_bucket' ? 'le' : type === 'summary' && suffix === '' ? 'quantile' : undefined
    const pairs = labelPairs(labels, boundName, reservedLabel(type))
    const bound = boundName === undefined ? undefined : boundOf(boundName, labels[boundName])
    if (pairs === undefined || (boundName !== undefined && bound === undefined)) return false
    const text = pairs.join(',')
    // The same labels in another order are the same series.
    const setKey = pairs.sort().join(',')
    const key = `${suffix} ${bound === undefined ? '' : numberText(bound)} ${setKey}`
    if (this.#seen.has(key)) return false
    this.#seen.add(key)
    const head = suffix + (text === '' && bound === undefined ? '' : `{${text}`)
    const point: Point = { head, bound, boundName: boundName ?? 'le', value, exemplar }
    const group = this.#groups.get(setKey)
    if (group === undefined) this.#groups.set(setKey, [point])
    else group.push(point)
    return true
  }

  write(index: number, writer: TextWriter, format: Format): void {
    this.#order ??= [...this.#groups.values()]
    const name = sampleName(this.head)
    for (const { head, bound, boundName, value, exemplar } of this.#order[index] ?? []) {
      writer.text(name)
      writer.text(head)
      if (bound !== undefined) {
        if (!head.endsWith('{')) writer.text(',')
        writer.text(`${boundName}="${format === 'openmetrics' ? canonicalFloat(bound) : numberText(bound)}"`)
      }
      writer.text(head.includes('{') ? '} ' : ' ')
      writer.number(value)
      if (format === 'openmetrics' && exemplar !== undefined) writer.text(exemplar)
      writer.endLine()
    }
  }
}

const POINT_SUFFIXES: Readonly<Record<FamilyType, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
  info: [''],
  unknown: [''],
}

/** OpenMetrics 1.0, "Metric Types": what counts is neither negative nor NaN, and an info is 1. */
function isLegal(type: FamilyType, suffix: PointSuffix, value: number): boolean {
  if (type === 'info') return value === 1
  if (type === 'counter' || suffix === '_bucket' || suffix === '_count') return value >= 0 && value < Infinity
  return suffix !== '_sum' || !Number.isNaN(value)
}

function reservedLabel(type: FamilyType): string | undefined {
  return type === 'histogram' ? 'le' : type === 'summary' ? 'quantile' : undefined
}

/** `a="x"` for each label but the bound's; `undefined` when a name is not legal, or a value has no text. */
function labelPairs(
  labels: Labels,
  boundName: string | undefined,
  reserved: string | undefined,
): string[] | undefined {
  const pairs: string[] = []
  for (const [name, value] of Object.entries(labels)) {
    if (name === boundName) continue
    const text = labelValueText(value)
    if (!isLabelName(name) || name === reserved || text === undefined) return undefined
    if (text !== '') pairs.push(`${name}="${escapeLabelValue(text)}"`)
  }
  return pairs
}

function boundOf(name: 'le' | 'quantile', text: string | undefined): number | undefined {
  if (text === '+Inf' && name === 'le') return Number.POSITIVE_INFINITY
  const bound = text === undefined || text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(bound)) return undefined
  return name === 'le' || (bound >= 0 && bound <= 1) ? bound : undefined
}

/** OpenMetrics 1.0, "Unit": a name that does not end with its unit would fail the scrape. */
function unitOf(base: string, unit: string | undefined): string | undefined {
  return unit !== undefined && unit !== '' && base.endsWith(`_${unit}`) ? unit : undefined
}
