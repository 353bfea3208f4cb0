/**
 * The registry: which instruments there are, and one exposition of them all.
 *
 * Invariant: no two families in it can meet in a line of any format; that is decided when an instrument is made, and
 * for sources at each scrape, so that whatever is exposed can be read.
 */
import {
  createDiagnostics,
  type Diagnostics,
  processSlot,
  type RoomOptions,
  rejectUnknownKeys,
  systemClock,
} from '@triscope/core'
import { checkBuckets, DEFAULT_BUCKETS } from './buckets.ts'
import { type Counter, CounterInstrument } from './counter.ts'
import { renderFamilies, selectFamilies } from './exposition.ts'
import { type Format, sampleName } from './family.ts'
import { type Gauge, GaugeInstrument } from './gauge.ts'
import { type Histogram, HistogramInstrument } from './histogram.ts'
import type { Exposable, InstrumentOptions } from './instrument.ts'
import { checkInstrument, checkMaxSeries, InstrumentSet } from './instrument-set.ts'
import { CONTENT_TYPES, negotiate } from './negotiate.ts'
import { Room } from './room.ts'
import type { LabelValues } from './series-table.ts'
import type { MetricSource, MetricSourceGroup } from './source.ts'
import { SourceSet } from './source-set.ts'
import { TextWriter } from './text-writer.ts'

export interface RegistryOptions {
  /**
   * Label sets kept per instrument before new ones fold into its overflow series; 1 or more.
   * @default 2000
   */
  maxSeries?: number
  /**
   * Label sets kept in all instruments together before new ones fold, each into the overflow series of its
   * instrument; 1 or more. It bounds memory: a label set costs some 200 bytes in a counter, 400 in a histogram.
   * @default ten times `maxSeries`, 20 000
   */
  maxTotalSeries?: number
  /**
   * Whether counters and histograms keep, for each series and bucket, the ids of the last sampled span that touched
   * it. They are exposed in OpenMetrics only, because the text format has no place for them.
   * @default true
   */
  exemplars?: boolean
}

/** What a histogram takes. */
export interface HistogramOptions<L extends string = never> extends InstrumentOptions<L> {
  /**
   * Upper bounds that increase, 1 to 300; `+Inf` is added. Throws `TRI_ERR_METRIC_BUCKETS`.
   * @default the 14 of the HTTP conventions, 0.005 to 10 seconds
   */
  buckets?: readonly number[]
}

/** What a scrape asks for. */
export interface ExposeAsk {
  /** The `Accept` header as it came; text 0.0.4 is answered to whatever cannot be read. */
  accept?: string | undefined
  /** Only the families of these names, or of samples of these names. @default all */
  names?: readonly string[] | undefined
}

/** What answers a scrape. */
export interface Exposition {
  readonly contentType: string
  /** Rendered while it is read, in chunks of some ten kilobytes; reading stops the work at any chunk. */
  readonly body: AsyncIterable<Uint8Array>
}

/** How full an instrument is. */
export interface InstrumentUsage {
  /** The name its samples have; for a histogram that of the family. */
  readonly metric: string
  /** Label sets kept. */
  readonly series: number
  readonly maxSeries: number
  /** Recordings that were folded into the overflow series. */
  readonly folded: number
  /** About how many different values each label has had, within a few in a hundred; empty until something was folded. */
  readonly labelValues: readonly LabelValues[]
}

/** The instruments of an app, and the way they are read. */
export interface Registry {
  /**
   * Makes a counter, or returns the one with the same name, labels and unit. Throws `TRI_ERR_METRIC_DUP` when the
   * name is another instrument's, and as {@link InstrumentOptions} says.
   */
  counter<const L extends string = never>(options: InstrumentOptions<L>): Counter<L>
  /** Makes a gauge, or returns the one with the same name, labels and unit; throws like `counter`. */
  gauge<const L extends string = never>(options: InstrumentOptions<L>): Gauge<L>
  /** Makes a histogram, or returns the one with the same name, labels, unit and buckets; throws like `counter`. */
  histogram<const L extends string = never>(options: HistogramOptions<L>): Histogram<L>
  /** Asks the source at each scrape from now on; the returned function ends that. */
  attach(source: MetricSource | MetricSourceGroup): () => void
  /** Renders everything in the format that `Accept` prefers: text 0.0.4 or OpenMetrics 1.0. */
  expose(ask?: ExposeAsk): Exposition
  /** The whole exposition as one string: for tests and small tools. @param accept as in {@link ExposeAsk} */
  text(accept?: string): Promise<string>
  /** How full each instrument is, in the order they were made. */
  usage(): readonly InstrumentUsage[]
  /**
   * Milliseconds this registry has kept the event loop busy with collecting and rendering, in all. Measures of
   * event-loop lag leave them out.
   */
  busyMs(): number
  /**
   * Changes limits and where losses are reported, also for instruments that exist: they may be made and used before
   * telemetry is created. What was counted before, in the store the registry made for itself, is carried over; series
   * beyond a lower limit are kept. Throws `TRI_ERR_OPTION`.
   */
  configure(options: RegistryOptions & { diagnostics?: Diagnostics }): void
}

const defaults = { maxSeries: 2000, exemplars: true } as const

/** Makes an empty registry. Throws `TRI_ERR_OPTION` or `TRI_ERR_UNKNOWN_OPTION`. */
export function createRegistry(options: RegistryOptions & RoomOptions = {}): Registry {
  rejectUnknownKeys('', options, ['maxSeries', 'maxTotalSeries', 'exemplars', 'diagnostics', 'clock', 'env'])
  return new MetricRegistry(options)
}

/** The process's default registry; instruments can be made in it at import, before telemetry is created. */
export function processRegistry(): Registry {
  return processSlot('metrics.registry', () => createRegistry())
}

class MetricRegistry implements Registry {
  readonly #room: Room
  readonly #writer = new TextWriter()
  readonly #instruments = new InstrumentSet()
  readonly #sources: SourceSet
  /** The store the registry made for itself, until it is told where to report. */
  #own: Diagnostics | undefined

  constructor(options: RegistryOptions & RoomOptions) {
    const clock = options.clock ?? systemClock
    const diagnostics = options.diagnostics ?? createDiagnostics({ clock })
    if (options.diagnostics === undefined) this.#own = diagnostics
    const maxSeries = checkMaxSeries('maxSeries', options.maxSeries ?? defaults.maxSeries)
    const { maxTotalSeries: total } = options
    const totalLimit = total === undefined ? undefined : checkMaxSeries('maxTotalSeries', total)
    this.#room = new Room(diagnostics, clock, options.exemplars ?? defaults.exemplars, maxSeries, totalLimit)
    this.#sources = new SourceSet(this.#room)
  }

  counter<const L extends string = never>(options: InstrumentOptions<L>): Counter<L> {
    const { head, labels, maxSeries } = checkInstrument('counter', options)
    const made = this.#instruments.getOrCreate(
      head,
      labels,
      (there) => there instanceof CounterInstrument,
      () => new CounterInstrument(head, labels, maxSeries, this.#room),
    )
    return made as unknown as Counter<L>
  }

  gauge<const L extends string = never>(options: InstrumentOptions<L>): Gauge<L> {
    const { head, labels, maxSeries } = checkInstrument('gauge', options)
    const made = this.#instruments.getOrCreate(
      head,
      labels,
      (there) => there instanceof GaugeInstrument,
      () => new GaugeInstrument(head, labels, maxSeries, this.#room),
    )
    return made as unknown as Gauge<L>
  }

  histogram<const L extends string = never>(options: HistogramOptions<L>): Histogram<L> {
    const { head, labels, maxSeries, owner } = checkInstrument('histogram', options)
    const bounds = checkBuckets(owner, options.buckets ?? DEFAULT_BUCKETS)
    const made = this.#instruments.getOrCreate(
      head,
      labels,
      (there) =>
        there instanceof HistogramInstrument &&
        there.upperBounds.length === bounds.length &&
        there.upperBounds.every((bound, index) => bound === bounds[index]),
      () => new HistogramInstrument(head, labels, maxSeries, this.#room, bounds),
    )
    return made as unknown as Histogram<L>
  }

  attach(source: MetricSource | MetricSourceGroup): () => void {
    return this.#sources.attach(source)
  }

  expose(ask: ExposeAsk = {}): Exposition {
    const format = negotiate(ask.accept)
    return { contentType: CONTENT_TYPES[format], body: this.#body(format, ask.names) }
  }

  async text(accept?: string): Promise<string> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this.expose({ accept }).body) chunks.push(chunk)
    return Buffer.concat(chunks).toString('utf8')
  }

  usage(): readonly InstrumentUsage[] {
    return this.#instruments.all().map(({ head, table }) => ({
      metric: sampleName(head),
      series: table.all.length,
      maxSeries: table.maxSeries,
      folded: table.folded,
      labelValues: table.labelValues,
    }))
  }

  busyMs(): number {
    return this.#room.busyMs
  }

  configure(options: RegistryOptions & { diagnostics?: Diagnostics }): void {
    const { diagnostics, exemplars, maxSeries, maxTotalSeries } = options
    if (maxSeries !== undefined) this.#room.maxSeries = checkMaxSeries('metrics.maxSeries', maxSeries)
    if (maxTotalSeries !== undefined) {
      this.#room.ownTotalLimit = checkMaxSeries('metrics.maxTotalSeries', maxTotalSeries)
    }
    if (exemplars !== undefined) this.#room.exemplars = exemplars
    if (diagnostics === undefined) return
    for (const { name, help, labels, type, value } of this.#own?.snapshot() ?? []) {
      if (type === 'counter') diagnostics.counter({ name, help, labels }).add(value)
    }
    this.#own = undefined
    this.#room.diagnostics = diagnostics
  }

  async *#body(
    format: Format,
    names: readonly string[] | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const collected = await this.#sources.collect((name) => this.#instruments.ownerOf(name))
    const families: readonly Exposable[] = [...this.#instruments.all(), ...collected]
    yield* renderFamilies(selectFamilies(families, names), format, this.#writer, this.#room)
  }
}
