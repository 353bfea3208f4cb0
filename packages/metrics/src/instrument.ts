/**
 * What the kinds of instruments have in common: a family, its series, and how a label set leads to one of them.
 *
 * Invariant: making an instrument may throw, recording never does. What cannot be recorded is dropped and counted,
 * and no recording can make a series invalid for good.
 */
import type { Value } from '@triscope/core'
import type { FamilyHead, Format } from './family.ts'
import type { Room } from './room.ts'
import { type Series, type SeriesMaker, SeriesTable } from './series-table.ts'
import type { TextWriter } from './text-writer.ts'

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
}

/** A family that can be written, series by series. */
export interface Exposable {
  readonly head: FamilyHead
  /** How many series it has now. */
  readonly seriesCount: number
  /** Writes all lines of one series; what it writes is consistent, because nothing else runs meanwhile. */
  write(index: number, writer: TextWriter, format: Format): void
}

/** An instrument of any kind, as the registry keeps it. */
export abstract class Instrument<S extends Series> implements Exposable {
  readonly head: FamilyHead
  readonly table: SeriesTable<S>
  readonly #only: S | undefined

  constructor(
    head: FamilyHead,
    labelNames: readonly string[],
    maxSeries: number | undefined,
    room: Room,
    make: SeriesMaker<S>,
  ) {
    this.head = head
    this.table = new SeriesTable(`${head.type} "${head.base}"`, labelNames, maxSeries, room, make)
    // Without labels there is one series, which is exposed from the start: an alert on it must not see a gap.
    this.#only = labelNames.length === 0 ? this.table.only() : undefined
  }

  get seriesCount(): number {
    return this.table.all.length + (this.table.overflow === undefined ? 0 : 1)
  }

  write(index: number, writer: TextWriter, format: Format): void {
    const series = this.table.all[index] ?? this.table.overflow
    if (series !== undefined) this.writeSeries(series, writer, format)
  }

  /** The series that a recording call means; `undefined` when it cannot be told, which is counted. */
  protected at(labels: unknown): S | undefined {
    return labels === undefined && this.#only !== undefined ? this.#only : this.table.find(labels)
  }

  protected abstract writeSeries(series: S, writer: TextWriter, format: Format): void
}
