/**
 * Counters: totals that only rise.
 *
 * Invariant: the total is finite, starts at 0 and never falls. OpenMetrics 1.0, "Counter".
 */
import type { SpanContext } from '@opentelemetry/api'
import { type Exemplar, exemplarText, keepExemplar } from './exemplar.ts'
import { type FamilyHead, type Format, sampleName } from './family.ts'
import { type At, Instrument } from './instrument.ts'
import type { Room } from './room.ts'
import { Series } from './series-table.ts'
import type { TextWriter } from './text-writer.ts'

/** One series of a counter, resolved once; recording through it allocates nothing but a first exemplar. */
export interface BoundCounter {
  /** Adds 1. */
  inc(): void
  /**
   * Adds `n`, finite and not negative; anything else is dropped and counted as `VALUE_INVALID`.
   * @param from the span whose ids the exemplar takes; the active one where none is given
   */
  add(n: number, from?: SpanContext): void
}

/** A total that only rises. It is exposed as `<name>_total`. */
export interface Counter<L extends string = never> {
  /** Adds 1. */
  inc(...at: At<L>): void
  /** Adds `n`, finite and not negative; anything else is dropped and counted as `VALUE_INVALID`. */
  add(n: number, ...at: At<L>): void
  /** The series of these labels, to be kept: it spares the look-up. Beyond the limit it is the overflow series. */
  series(...at: At<L>): BoundCounter
}

/** What a counter adds to what every series has. */
export class CounterSeries extends Series implements BoundCounter {
  readonly #room: Room
  value = 0
  exemplar: Exemplar | undefined = undefined

  constructor(room: Room, values: readonly unknown[], labels: string) {
    super(values, labels)
    this.#room = room
  }

  inc(): void {
    this.add(1)
  }

  add(n: number, from?: SpanContext): void {
    this.record(n, from)
  }

  /** Whether the recording was kept. */
  protected record(n: number, from: SpanContext | undefined): boolean {
    const room = this.#room
    // The last test refuses infinity, and a sum that would become it.
    if (typeof n !== 'number' || !(n >= 0) || !Number.isFinite(this.value + n)) {
      room.invalid()
      return false
    }
    this.value += n
    const span = room.sampledSpan(from)
    if (span !== undefined) this.exemplar = keepExemplar(room, this.exemplar, span, n)
    return true
  }
}

class OverflowCounterSeries extends CounterSeries {
  readonly #onFold: () => void

  constructor(room: Room, labels: string, onFold: () => void) {
    super(room, [], labels)
    this.#onFold = onFold
  }

  override add(n: number, from?: SpanContext): void {
    if (this.record(n, from)) this.#onFold()
  }
}

/** Takes what is recorded with labels that cannot be read; the loss was counted when it was asked for. */
const NOWHERE: BoundCounter = { inc: () => undefined, add: () => undefined }

/** The counter itself; the registry hands it out as `Counter<L>`, whose types know the labels. */
export class CounterInstrument extends Instrument<CounterSeries> {
  readonly #name: string

  constructor(head: FamilyHead, labelNames: readonly string[], maxSeries: number | undefined, room: Room) {
    super(head, labelNames, maxSeries, room, {
      series: (values, labels) => new CounterSeries(room, values, labels),
      overflow: (labels, onFold) => new OverflowCounterSeries(room, labels, onFold),
    })
    this.#name = sampleName(head)
  }

  inc(labels?: unknown): void {
    this.at(labels)?.add(1)
  }

  add(n: number, labels?: unknown): void {
    this.at(labels)?.add(n)
  }

  series(labels?: unknown): BoundCounter {
    return this.at(labels) ?? NOWHERE
  }

  protected writeSeries(series: CounterSeries, writer: TextWriter, format: Format): void {
    writer.text(this.#name)
    writer.labels(series.labels)
    writer.number(series.value)
    if (format === 'openmetrics' && series.exemplar !== undefined) writer.text(exemplarText(series.exemplar))
    writer.endLine()
  }
}
