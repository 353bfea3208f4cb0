/** Infos: labels that say what something is. OpenMetrics 1.0, "Info". */
import type { Value } from '@triscope/core'
import type { FamilyWriter } from './family-writer.ts'
import { Instrument, type InstrumentParts } from './instrument.ts'
import type { Room } from './room.ts'
import { Series } from './series.ts'

/** What something is, told by labels: a version, a revision. It is exposed as `<name>_info` with the value 1. */
export interface Info<L extends string> {
  /** Says it, in place of what was said before. */
  set(labels: Readonly<Record<L, Value>>): void
  /** Says nothing any more. */
  reset(): void
}

class InfoSeries extends Series<undefined> {
  clear(): void {
    // It has no value but 1.
  }
}

/** The info itself; the registry hands it out as `Info<L>`, whose types know the labels. */
export class InfoInstrument extends Instrument<InfoSeries, undefined> {
  constructor(parts: InstrumentParts, room: Room) {
    const make = (...of: ConstructorParameters<typeof InfoSeries>): InfoSeries => new InfoSeries(...of)
    super(parts, room, { shape: undefined, series: make, overflow: make })
  }

  set(labels?: unknown): void {
    const said = this.at(labels)
    if (said === undefined) return
    const others = this.table.all.filter((series) => series !== said)
    if (others.length > 0) this.table.letGo(others)
  }

  protected writeSeries(series: InfoSeries, writer: FamilyWriter): void {
    writer.value(this.table.namesOf(series), series, 1, undefined, undefined)
  }
}
