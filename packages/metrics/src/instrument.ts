/**
 * What the kinds of instruments have in common: a family, its series, and how a label set leads to one of them.
 *
 * Invariant: making an instrument may throw, recording never does. What cannot be recorded is dropped and counted,
 * and no recording can make a series invalid for good.
 */
import type { Value } from '@triscope/core'
import { type FamilyHead, ownerText } from './family.ts'
import type { FamilyWriter } from './family-writer.ts'
import type { Room } from './room.ts'
import type { Series } from './series.ts'
import { type SeriesLimits, type SeriesMaker, SeriesTable } from './series-table.ts'

/** The arguments that choose a series: none for an instrument without labels, else one object with every label. */
export type At<L extends string> = [L] extends [never] ? [] : [labels: Readonly<Record<L, Value>>]

/** What every instrument takes. */
export interface InstrumentOptions<L extends string = never> {
  /**
   * A Prometheus name with its unit: `orders_total`, `job_duration_seconds`. A counter's may be given with or
   * without `_total`. Throws `TRI_ERR_METRIC_NAME` when it is not legal, or is taken by another family's lines.
   */
  name: string
  /** What a reader of the dashboard needs to know; not part of the instrument's identity. */
  help: string
  /**
   * The base unit, `seconds` or `bytes`, for OpenMetrics' `# UNIT`; the name must end with it (before `_total`).
   * @default none
   */
  unit?: string
  /**
   * Label names, which recording calls must then give. Throws `TRI_ERR_METRIC_LABELS` for names that are not legal,
   * are reserved (`__…`, `otel_metric_overflow`, `le` on a histogram), or stand twice.
   * @default none
   */
  labels?: readonly L[]
  /**
   * Label sets kept before new ones fold into one overflow series, labelled `otel_metric_overflow="true"`.
   * Totals stay true; `triscope_telemetry_dropped_total{signal="metrics",reason="SERIES_LIMIT"}` rises by one for
   * each recording that was folded.
   * @default the registry's `maxSeries`
   */
  maxSeries?: number
  /**
   * Milliseconds after which a label set that was not recorded to is no longer exposed, 1000 or more; it goes up to a
   * quarter of that late. When it is recorded to again it begins at 0, with a new created timestamp. Not for an
   * instrument without labels.
   * @default series stay
   */
  ttlMs?: number
}

/** A family that can be written. */
export interface Exposable {
  readonly head: FamilyHead
  /** Its points as they are listed now: those that come or go later are another scrape's. */
  view(): FamilyView
}

/** The points of a family, to be written one by one. */
export interface FamilyView {
  readonly count: number
  /** Writes one point whole; what it writes fits together, because nothing else runs meanwhile. */
  write(index: number, writer: FamilyWriter): void
}

/** What can be done with an instrument of any kind. */
export interface Removable<L extends string> {
  /** Takes the series of these labels out of the exposition; whether there was one. Recorded to again, it begins at 0. */
  remove(...at: At<L>): boolean
  /** Takes all series out, and sets the one of an instrument without labels back to its beginning. For tests, mostly. */
  reset(): void
}

/** What an instrument is made of, besides what its kind adds. */
export interface InstrumentParts {
  readonly head: FamilyHead
  readonly labels: readonly string[]
  readonly limits: SeriesLimits
}

/** An instrument of any kind, as the registry keeps it. */
export abstract class Instrument<S extends Series<T>, T> implements Exposable {
  readonly head: FamilyHead
  readonly table: SeriesTable<S, T>
  protected readonly room: Room
  readonly #only: S | undefined

  constructor(
    { head, labels, limits }: InstrumentParts,
    room: Room,
    make: SeriesMaker<S, T>,
    hasOnly = true,
  ) {
    this.head = head
    this.room = room
    this.table = new SeriesTable(ownerText(head), labels, limits, room, make)
    // Without labels there is one series, which is exposed from the start: an alert on it must not see a gap.
    this.#only = labels.length === 0 && hasOnly ? this.table.only() : undefined
  }

  view(): FamilyView {
    this.table.sweep()
    // When series go, the table makes another list: this one stays as it is, but for what is added at its end.
    const { all, overflow } = this.table
    const count = all.length
    return {
      count: overflow === undefined ? count : count + 1,
      write: (index, writer) => {
        const series = index < count ? all[index] : overflow
        if (series !== undefined) this.writeSeries(series, writer)
      },
    }
  }

  remove(labels?: unknown): boolean {
    return this.table.remove(labels)
  }

  reset(): void {
    this.table.reset()
  }

  /** The series that a recording call means; `undefined` when it cannot be told, which is counted. */
  protected at(labels: unknown): S | undefined {
    return labels === undefined && this.#only !== undefined ? this.#only : this.table.find(labels)
  }

  protected abstract writeSeries(series: S, writer: FamilyWriter): void
}
