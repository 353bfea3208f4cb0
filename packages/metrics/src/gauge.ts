/** Gauges, values that rise and fall, and up-down counters, sums that do. OpenMetrics 1.0, "Gauge". */
import type { FamilyWriter } from './family-writer.ts'
import { type At, Instrument, type InstrumentParts, type Removable } from './instrument.ts'
import type { Room } from './room.ts'
import { Series, type SeriesHome } from './series.ts'
import { type BoundTimed, joined, startTimer, type Timed, timed, unitMs } from './timed.ts'

/** One series of an up-down counter, resolved once; recording through it allocates nothing. */
export interface BoundUpDownCounter {
  /** Adds `n`, which must be finite and may be negative; anything else is dropped and counted as `VALUE_INVALID`. */
  add(n: number): void
  /** Adds 1. */
  inc(): void
  /** Takes 1 away. */
  dec(): void
}

/** One series of a gauge, resolved once; recording through it allocates nothing. */
export interface BoundGauge extends BoundUpDownCounter, BoundTimed {
  /** Replaces the value. NaN and the infinities are values too: a ratio of nothing is NaN. */
  set(v: number): void
  /** Sets the value to the time of day, in seconds since 1970 or in the instrument's unit. */
  setToCurrentTime(): void
}

/** A sum that rises and falls, as OpenTelemetry has it; it is exposed as a gauge. */
export interface UpDownCounter<L extends string = never> extends Removable<L> {
  /** Adds `n`, which must be finite and may be negative; anything else is dropped and counted as `VALUE_INVALID`. */
  add(n: number, ...at: At<L>): void
  /** Adds 1. */
  inc(...at: At<L>): void
  /** Takes 1 away. */
  dec(...at: At<L>): void
  /** The series of these labels, to be kept: it spares the look-up. Beyond the limit it is the overflow series. */
  series(...at: At<L>): BoundUpDownCounter
}

/** A value that rises and falls. A timer sets it to the latest duration. */
export interface Gauge<L extends string = never> extends UpDownCounter<L>, Timed<L> {
  /** Replaces the value. NaN and the infinities are values too: a ratio of nothing is NaN. */
  set(v: number, ...at: At<L>): void
  /** Sets the value to the time of day, in seconds since 1970 or in the instrument's unit. */
  setToCurrentTime(...at: At<L>): void
  /** The series of these labels, to be kept: it spares the look-up. Beyond the limit it is the overflow series. */
  series(...at: At<L>): BoundGauge
}

/** What all series of a gauge share. */
export interface GaugeShape {
  /** Milliseconds in its unit. */
  readonly unitMs: number
}

/** What a gauge adds to what every series has. */
export class GaugeSeries extends Series<GaugeShape> implements BoundGauge {
  value = 0

  set(v: number): void {
    if (this.isAwake) this.record(v)
    else this.home.awake<GaugeSeries>(this).record(v)
  }

  add(n: number): void {
    const series = this.isAwake ? this : this.home.awake<GaugeSeries>(this)
    // An infinite step would leave NaN behind as soon as another goes the other way.
    if (Number.isFinite(n)) series.record(series.value + n)
    else this.home.room.invalid()
  }

  inc(): void {
    this.add(1)
  }

  dec(): void {
    this.add(-1)
  }

  setToCurrentTime(): void {
    this.set(this.home.room.clock.wallMs() / this.home.shape.unitMs)
  }

  startTimer(): () => number {
    return startTimer(this.home.room, this.home.shape.unitMs, (passed) => this.set(passed))
  }

  time<T>(fn: () => T): T {
    return timed(fn, this.startTimer())
  }

  /** Records to a series that is awake. */
  record(v: number): boolean {
    if (typeof v !== 'number') {
      this.home.room.invalid()
      return false
    }
    this.value = v
    return true
  }

  clear(): void {
    this.value = 0
  }
}

class OverflowGaugeSeries extends GaugeSeries {
  readonly #onFold: () => void

  constructor(home: SeriesHome<GaugeShape>, values: readonly unknown[], labels: string, onFold: () => void) {
    super(home, values, labels)
    this.#onFold = onFold
  }

  override record(v: number): boolean {
    const kept = super.record(v)
    if (kept) this.#onFold()
    return kept
  }
}

/** Takes what is recorded with labels that cannot be read; the loss was counted when it was asked for. */
const NOWHERE: BoundGauge = {
  set: () => undefined,
  setToCurrentTime: () => undefined,
  add: () => undefined,
  inc: () => undefined,
  dec: () => undefined,
  startTimer: () => () => 0,
  time: (fn) => fn(),
}

/** The gauge or up-down counter itself; the registry hands it out by the type that knows the labels. */
export class GaugeInstrument extends Instrument<GaugeSeries, GaugeShape> {
  constructor(parts: InstrumentParts, room: Room) {
    super(parts, room, {
      shape: { unitMs: unitMs(parts.head.unit) },
      series: (home, values, labels) => new GaugeSeries(home, values, labels),
      overflow: (home, values, labels, onFold) => new OverflowGaugeSeries(home, values, labels, onFold),
    })
  }

  set(v: number, labels?: unknown): void {
    this.at(labels)?.set(v)
  }

  setToCurrentTime(labels?: unknown): void {
    this.at(labels)?.setToCurrentTime()
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

  startTimer(labels?: unknown): (rest?: unknown) => number {
    return startTimer(this.room, this.table.shape.unitMs, (passed, rest?: unknown) =>
      this.set(passed, joined(labels, rest)),
    )
  }

  time<T>(fn: () => T, labels?: unknown): T {
    return timed(fn, this.startTimer(labels))
  }

  series(labels?: unknown): BoundGauge {
    return this.at(labels) ?? NOWHERE
  }

  protected writeSeries(series: GaugeSeries, writer: FamilyWriter): void {
    writer.value(this.table.namesOf(series), series, series.value, undefined, undefined)
  }
}
