/**
 * Instruments for any file of an app, at any moment: before telemetry is created too, so that the order of imports does
 * not matter. Each is made in the process's registry at the first call, and is the same one at the next.
 */
import {
  type Counter,
  type Gauge,
  type Histogram,
  type HistogramOptions,
  type Info,
  type InfoOptions,
  type InstrumentOptions,
  type Observable,
  type ObservableOptions,
  processRegistry,
  type Summary,
  type SummaryOptions,
  type UpDownCounter,
} from '@triscope/metrics'

/** What an instrument is made of, besides its name: `help`, and where wanted `unit`, `labels`, `maxSeries`, `ttlMs`. */
export type InstrumentSettings<L extends string> = Omit<InstrumentOptions<L>, 'name'>

/** A total that only rises. */
export function counter<const L extends string = never>(
  name: string,
  settings: InstrumentSettings<L>,
): Counter<L> {
  return processRegistry().counter({ name, ...settings })
}

/** A sum that rises and falls. */
export function upDownCounter<const L extends string = never>(
  name: string,
  settings: InstrumentSettings<L>,
): UpDownCounter<L> {
  return processRegistry().upDownCounter({ name, ...settings })
}

/** A value that rises and falls. */
export function gauge<const L extends string = never>(
  name: string,
  settings: InstrumentSettings<L>,
): Gauge<L> {
  return processRegistry().gauge({ name, ...settings })
}

/** A distribution in buckets: `buckets` are the upper bounds of classic ones, `native` adds exponential ones. */
export function histogram<const L extends string = never>(
  name: string,
  settings: Omit<HistogramOptions<L>, 'name'>,
): Histogram<L> {
  return processRegistry().histogram({ name, ...settings })
}

/** Quantiles of what was observed lately, within `objectives` or a `relativeError`. */
export function summary<const L extends string = never>(
  name: string,
  settings: Omit<SummaryOptions<L>, 'name'>,
): Summary<L> {
  return processRegistry().summary({ name, ...settings })
}

/** What something is, told by labels: a version, a revision. */
export function info<const L extends string>(name: string, settings: Omit<InfoOptions<L>, 'name'>): Info<L> {
  return processRegistry().info({ name, ...settings })
}

/** A counter whose totals are asked for at each scrape. */
export function observableCounter<const L extends string = never>(
  name: string,
  settings: Omit<ObservableOptions<L>, 'name'>,
): Observable<L> {
  return processRegistry().observableCounter({ name, ...settings })
}

/** A gauge whose values are asked for at each scrape. */
export function observableGauge<const L extends string = never>(
  name: string,
  settings: Omit<ObservableOptions<L>, 'name'>,
): Observable<L> {
  return processRegistry().observableGauge({ name, ...settings })
}

/** An up-down counter whose sums are asked for at each scrape. */
export function observableUpDownCounter<const L extends string = never>(
  name: string,
  settings: Omit<ObservableOptions<L>, 'name'>,
): Observable<L> {
  return processRegistry().observableUpDownCounter({ name, ...settings })
}
