/**
 * Instruments and loggers for any file of an app, at any moment: before telemetry is created too, so that the order of
 * imports does not matter.
 */
import { type Counter, type Gauge, type Histogram, processRegistry } from '@triscope/metrics'

/** What an instrument is made of, besides its name. */
export interface InstrumentSettings<L extends string> {
  /** Said in the exposition; required, because a name alone is a riddle to who reads the graph. */
  help: string
  /** A base unit, `seconds` or `bytes`; the name must end in it. */
  unit?: string
  /** Label names; every record call must give each of them. */
  labels?: readonly L[]
  /** Label sets kept before they fold into one overflow series. @default 2000 */
  maxSeries?: number
}

/** A counter of the process's registry: made at the first call, the same one at the next. */
export function counter<const L extends string = never>(
  name: string,
  settings: InstrumentSettings<L>,
): Counter<L> {
  return processRegistry().counter({ name, ...settings })
}

/** A gauge of the process's registry. */
export function gauge<const L extends string = never>(
  name: string,
  settings: InstrumentSettings<L>,
): Gauge<L> {
  return processRegistry().gauge({ name, ...settings })
}

/** A histogram of the process's registry; `buckets` are its upper bounds, increasing. */
export function histogram<const L extends string = never>(
  name: string,
  settings: InstrumentSettings<L> & { buckets?: readonly number[] },
): Histogram<L> {
  return processRegistry().histogram({ name, ...settings })
}
