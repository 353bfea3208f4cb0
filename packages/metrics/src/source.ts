/**
 * Metrics that are read when somebody asks, from places that keep their own numbers.
 *
 * Invariant: what a source gives is exposed only if it is valid in every format, and only once it has given all; a
 * source that fails costs its own families and nothing else.
 */
import { type Labels, TriscopeError } from '@triscope/core'
import { CollectedFamily, isFamilyType, type PointSuffix } from './collected-family.ts'
import { baseName, type FamilyType } from './family.ts'
import { checkMetricName, isUnit, type NameRule } from './names.ts'
import { type PointExemplar, shownExemplar } from './point-exemplar.ts'

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

/** What one source gave at one scrape. */
export class Collected implements MetricSink {
  readonly families: CollectedFamily[] = []
  readonly #onDropped: (reason: 'VALUE_INVALID' | 'EXEMPLAR_INVALID') => void
  readonly #names: NameRule
  #closed = false

  constructor(names: NameRule, onDropped: (reason: 'VALUE_INVALID' | 'EXEMPLAR_INVALID') => void) {
    this.#names = names
    this.#onDropped = onDropped
  }

  family(name: string, type: FamilyType, help: string, unit?: string): void {
    if (this.#closed) return
    checkMetricName(type, name, this.#names)
    if (!isFamilyType(type)) {
      throw new TriscopeError(
        'TRI_ERR_OPTION',
        `family "${name}": ${JSON.stringify(type)} is no type of metric`,
      )
    }
    const base = baseName(name, type)
    const head = { base, type, kind: undefined, help: String(help), unit: unitOf(base, unit) }
    this.families.push(new CollectedFamily(head, this.#names))
  }

  point(labels: Labels, value: number, suffix: PointSuffix = '', exemplar?: PointExemplar): void {
    if (this.#closed) return
    const family = this.families.at(-1)
    if (family === undefined) {
      throw new TriscopeError('TRI_ERR_OPTION', 'point() was called before family()')
    }
    const shown = exemplar === undefined ? undefined : shownExemplar(exemplar)
    const mayHave = suffix === '_bucket' || (suffix === '' && family.head.type === 'counter')
    if (exemplar !== undefined && (shown === undefined || !mayHave)) this.#onDropped('EXEMPLAR_INVALID')
    if (!family.add(labels, value, suffix, mayHave ? shown : undefined)) this.#onDropped('VALUE_INVALID')
  }

  /** From here on nothing is taken: the scrape that asked has moved on. */
  close(): void {
    this.#closed = true
  }
}

/** OpenMetrics 1.0, "Unit": a name that does not end with its unit would fail the scrape. */
function unitOf(base: string, unit: string | undefined): string | undefined {
  return unit !== undefined && isUnit(unit) && base.endsWith(`_${unit}`) ? unit : undefined
}
