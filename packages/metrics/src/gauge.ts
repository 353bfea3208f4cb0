/** Gauges: values that rise and fall. OpenMetrics 1.0, "Gauge". */
import type { FamilyHead, Format } from './family.ts'
import { type At, Instrument } from './instrument.ts'
import type { Room } from './room.ts'
import { Series } from './series-table.ts'
import type { TextWriter } from './text-writer.ts'

/** One series of a gauge, resolved once; recording through it allocates nothing. */
export interface BoundGauge {
  /** Replaces the value. NaN and the infinities are values too: a ratio of nothing is NaN. */
  set(v: number): void
  /** Adds `n`, which must be finite and may be negative. */
  add(n: number): void
  /** Adds 1. */
  inc(): void
  /** Takes 1 away. */
  dec(): void
}

/** A value that rises and falls; with `add` alone it is OpenTelemetry's up-down counter. */
export interface Gauge<L extends string = never> {
  /** Replaces the value. NaN and the infinities are values too: a ratio of nothing is NaN. */
  set(v: number, ...at: At<L>): void
  /** Adds `n`, which must be finite and may be negative; anything else is dropped and counted as `VALUE_INVALID`. */
  add(n: number, ...at: At<L>): void
  /** Adds 1. */
  inc(...at: At<L>): void
  /** Takes 1 away. */
  dec(...at: At<L>): void
  /** The series of these labels, to be kept: it spares the look-up. Beyond the limit it is the overflow series. */
  series(...at: At<L>): BoundGauge
}

/** What a gauge adds to what every series has. */
export class GaugeSeries extends Series implements BoundGauge {
  readonly #room: Room
  value = 0

  constructor(room: Room, values: readonly unknown[], labels: string) {
    super(values, labels)
    this.#room = room
  }

  set(v: number): void {
    if (typeof v === 'number') this.value = v
    else this.#room.invalid()
  }

  add(n: number): void {
    // An infinite step would leave NaN behind as soon as another goes the other way.
    if (Number.isFinite(n)) this.value += n
    else this.#room.invalid()
  }

  inc(): void {
    this.add(1)
  }

  dec(): void {
    this.add(-1)
  }
}

class OverflowGaugeSeries extends GaugeSeries {
  readonly #onFold: () => void

  constructor(room: Room, labels: string, onFold: () => void) {
    super(room, [], labels)
    this.#onFold = onFold
  }

  override set(v: number): void {
    super.set(v)
    if (typeof v === 'number') this.#onFold()
  }

  override add(n: number): void {
    super.add(n)
    if (Number.isFinite(n)) this.#onFold()
  }
}

/** Takes what is recorded with labels that cannot be read; the loss was counted when it was asked for. */
const NOWHERE: BoundGauge = {
  set: () => undefined,
  add: () => undefined,
  inc: () => undefined,
  dec: () => undefined,
}

/** The gauge itself; the registry hands it out as `Gauge<L>`, whose types know the labels. */
export class GaugeInstrument extends Instrument<GaugeSeries> {
  constructor(head: FamilyHead, labelNames: readonly string[], maxSeries: number | undefined, room: Room) {
    super(head, labelNames, maxSeries, room, {
      series: (values, labels) => new GaugeSeries(room, values, labels),
      overflow: (labels, onFold) => new OverflowGaugeSeries(room, labels, onFold),
    })
  }

  set(v: number, labels?: unknown): void {
    this.at(labels)?.set(v)
  }

  add(n: number, labels?: unknown): void {
    this.at(labels)?.add(n)
  }

  inc(labels?: unknown): void {
    this.at(labels)?.add(1)
  }

  dec(labels?: unknown): void {
    this.at(labels)?.add(-1)
  }

  series(labels?: unknown): BoundGauge {
    return this.at(labels) ?? NOWHERE
  }

  protected writeSeries(series: GaugeSeries, writer: TextWriter, _format: Format): void {
    writer.text(this.head.base)
    writer.labels(series.labels)
    writer.number(series.value)
    writer.endLine()
  }
}
