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
  rejectOption,
  rejectUnknownKeys,
  systemClock,
} from '@triscope/core'
import { checkBuckets, DEFAULT_BUCKETS } from './buckets.ts'
import { type Counter, CounterInstrument } from './counter.ts'
import { renderFamilies, selectFamilies } from './exposition.ts'
import { type InstrumentKind, sampleName } from './family.ts'
import { type Gauge, GaugeInstrument, type UpDownCounter } from './gauge.ts'
import { type Histogram, HistogramInstrument, histogramIdentity } from './histogram.ts'
import { type Info, InfoInstrument } from './info.ts'
import type { Exposable, InstrumentOptions } from './instrument.ts'
import { checkInstrument, checkMaxSeries } from './instrument-check.ts'
import { type AnyInstrument, InstrumentSet, type RecordedInstrument } from './instrument-set.ts'
import type { NameRule } from './names.ts'
import { checkNative, type NativeOptions } from './native-buckets.ts'
import { type Negotiated, negotiate } from './negotiate.ts'
import { type Observable, ObservableInstrument, type ObserveCallback } from './observable.ts'
import { checkLintMode, type LintMode, RegistrationLint } from './registration-lint.ts'
import { Room } from './room.ts'
import type { LabelValues } from './series-table.ts'
import { SharedRenderings } from './shared-rendering.ts'
import type { MetricSource, MetricSourceGroup } from './source.ts'
import { SourceSet } from './source-set.ts'
import { type Summary, SummaryInstrument } from './summary.ts'
import { checkSummary, SUMMARY_KEYS, type SummaryOptions, summaryIdentity } from './summary-accuracy.ts'

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
  /**
   * Which names of metrics and labels are legal: those that every Prometheus server knows, or any text, as
   * `http.server.duration`, which readers that do not ask for UTF-8 get escaped. Names that would become one when
   * escaped with underscores are refused when they are made.
   * @default 'legacy'
   */
  names?: NameRule
  /**
   * What happens to an instrument whose name, unit, help or labels break the conventions, as `lint` finds them:
   * `throw` refuses it with `TRI_ERR_METRIC_LINT`, `warn` makes it and says `TRI_WARN_METRIC_LINT`.
   * @default 'warn'
   */
  lint?: LintMode
}

/** What a histogram takes. */
export interface HistogramOptions<L extends string = never> extends InstrumentOptions<L> {
  /**
   * Upper bounds that increase, 1 to 300; `+Inf` is added. `false`, with `native`, keeps no others: readers that do not
   * take protobuf then see count and sum alone. Throws `TRI_ERR_METRIC_BUCKETS`.
   * @default the 14 of the HTTP conventions, 0.005 to 10 seconds
   */
  buckets?: readonly number[] | false
  /**
   * Native (exponential, sparse) buckets beside the others, for scrapers that take protobuf: no bounds to choose, and
   * quantiles within the growth factor. `true` takes all defaults. Throws `TRI_ERR_OPTION`.
   * @default false
   */
  native?: boolean | NativeOptions
}

/** What an observable instrument takes. */
export interface ObservableOptions<L extends string = never> extends Omit<InstrumentOptions<L>, 'ttlMs'> {
  /** Gives the values at each scrape, as `observeWith` does. @default none: no series is exposed */
  callback?: ObserveCallback<L>
}

/** What an info takes. */
export type InfoOptions<L extends string> = Pick<InstrumentOptions<L>, 'name' | 'help'> & {
  /** What it says: at least one label. */
  labels: readonly [L, ...L[]]
}

/** What a scrape asks for. */
export interface ExposeAsk {
  /** The `Accept` header as it came; text 0.0.4 is answered to whatever cannot be read. */
  accept?: string | undefined
  /** Only the families of these names, or of samples of these names. @default all */
  names?: readonly string[] | undefined
  /**
   * Milliseconds that sources and callbacks have; those that are not done by then cost their own families.
   * @default 5000
   */
  timeoutMs?: number | undefined
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
  /** Makes an up-down counter, or returns the one with the same name, labels and unit; throws like `counter`. */
  upDownCounter<const L extends string = never>(options: InstrumentOptions<L>): UpDownCounter<L>
  /** Makes a gauge, or returns the one with the same name, labels and unit; throws like `counter`. */
  gauge<const L extends string = never>(options: InstrumentOptions<L>): Gauge<L>
  /** Makes a histogram, or returns the one with the same name, labels, unit and buckets; throws like `counter`. */
  histogram<const L extends string = never>(options: HistogramOptions<L>): Histogram<L>
  /** Makes a summary, or returns the one with the same name, labels, unit and accuracy; throws like `counter`. */
  summary<const L extends string = never>(options: SummaryOptions<L>): Summary<L>
  /** Makes an info, or returns the one with the same name and labels, at least one; throws like `counter`. */
  info<const L extends string>(options: InfoOptions<L>): Info<L>
  /** Makes a counter that is asked for its totals, or returns the one there is; throws like `counter`. */
  observableCounter<const L extends string = never>(options: ObservableOptions<L>): Observable<L>
  /** Makes a gauge that is asked for its values, or returns the one there is; throws like `counter`. */
  observableGauge<const L extends string = never>(options: ObservableOptions<L>): Observable<L>
  /** Makes an up-down counter that is asked for its sums, or returns the one there is; throws like `counter`. */
  observableUpDownCounter<const L extends string = never>(options: ObservableOptions<L>): Observable<L>
  /** Asks the source at each scrape from now on; the returned function ends that. */
  attach(source: MetricSource | MetricSourceGroup): () => void
  /**
   * Renders everything in the format that `Accept` prefers: text, OpenMetrics or protobuf. Who asks for the same within
   * a quarter of a second reads the same rendering.
   */
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
  configure(options: ConfigureOptions): void
}

/** What can be changed after instruments were made. */
export type ConfigureOptions = Omit<RegistryOptions, 'names'> & {
  diagnostics?: Diagnostics
}

const defaults = { maxSeries: 2000, exemplars: true, names: 'legacy', lint: 'warn', timeoutMs: 5000 } as const

/** Makes an empty registry. Throws `TRI_ERR_OPTION` or `TRI_ERR_UNKNOWN_OPTION`. */
export function createRegistry(options: RegistryOptions & RoomOptions = {}): Registry {
  rejectUnknownKeys('', options, [
    'maxSeries',
    'maxTotalSeries',
    'exemplars',
    'names',
    'lint',
    'diagnostics',
    'clock',
    'env',
  ])
  return new MetricRegistry(options)
}

/** The process's default registry; instruments can be made in it at import, before telemetry is created. */
export function processRegistry(): Registry {
  return processSlot('metrics.registry', () => createRegistry())
}

class MetricRegistry implements Registry {
  readonly #room: Room
  readonly #names: NameRule
  readonly #lint: RegistrationLint
  readonly #instruments: InstrumentSet
  readonly #sources: SourceSet
  readonly #renderings: SharedRenderings
  /** The store the registry made for itself, until it is told where to report. */
  #own: Diagnostics | undefined

  constructor(options: RegistryOptions & RoomOptions) {
    const clock = options.clock ?? systemClock
    const diagnostics = options.diagnostics ?? createDiagnostics({ clock })
    if (options.diagnostics === undefined) this.#own = diagnostics
    const maxSeries = checkMaxSeries('maxSeries', options.maxSeries ?? defaults.maxSeries)
    const names: unknown = options.names ?? defaults.names
    this.#names =
      names === 'legacy' || names === 'utf8' ? names : rejectOption('names', '"legacy" or "utf8"', names)
    const { maxTotalSeries: total } = options
    const totalLimit = total === undefined ? undefined : checkMaxSeries('maxTotalSeries', total)
    this.#room = new Room(diagnostics, clock, options.exemplars ?? defaults.exemplars, maxSeries, totalLimit)
    this.#lint = new RegistrationLint(checkLintMode('lint', options.lint ?? defaults.lint), this.#room)
    this.#instruments = new InstrumentSet((definition) => this.#lint.check(definition))
    this.#sources = new SourceSet(this.#room, this.#names)
    this.#renderings = new SharedRenderings(clock)
  }

  counter<const L extends string = never>(options: InstrumentOptions<L>): Counter<L> {
    const parts = checkInstrument('counter', options, this.#names)
    const definition = { ...parts, identity: '', identityWord: '' }
    const made = this.#instruments.getOrCreate(definition, () => new CounterInstrument(parts, this.#room))
    return made as unknown as Counter<L>
  }

  upDownCounter<const L extends string = never>(options: InstrumentOptions<L>): UpDownCounter<L> {
    return this.#gauge('upDownCounter', options) as unknown as UpDownCounter<L>
  }

  gauge<const L extends string = never>(options: InstrumentOptions<L>): Gauge<L> {
    return this.#gauge('gauge', options) as unknown as Gauge<L>
  }

  histogram<const L extends string = never>(options: HistogramOptions<L>): Histogram<L> {
    const parts = checkInstrument('histogram', options, this.#names, ['buckets', 'native'])
    const native = checkNative(parts.owner, options.native)
    const { buckets = DEFAULT_BUCKETS } = options
    const bounds = buckets === false && native !== undefined ? [] : checkBuckets(parts.owner, buckets)
    const definition = { ...parts, identity: histogramIdentity(bounds, native), identityWord: 'buckets' }
    const made = this.#instruments.getOrCreate(
      definition,
      () => new HistogramInstrument(parts, this.#room, bounds, native),
    )
    return made as unknown as Histogram<L>
  }

  summary<const L extends string = never>(options: SummaryOptions<L>): Summary<L> {
    const parts = checkInstrument('summary', options, this.#names, SUMMARY_KEYS)
    const shape = checkSummary(parts.owner, options)
    const definition = { ...parts, identity: summaryIdentity(shape), identityWord: 'accuracy or age' }
    const made = this.#instruments.getOrCreate(
      definition,
      () => new SummaryInstrument(parts, this.#room, shape),
    )
    return made as unknown as Summary<L>
  }

  info<const L extends string>(options: InfoOptions<L>): Info<L> {
    const { head, labels, owner } = checkInstrument('info', options, this.#names)
    if (labels.length === 0)
      rejectOption(`${owner}.labels`, 'at least one label, which is what it says', labels)
    // What is said replaces what was: for a moment there are two.
    const parts = { head, labels, limits: { maxSeries: 2, ttlMs: undefined } }
    const definition = { ...parts, identity: '', identityWord: '' }
    const made = this.#instruments.getOrCreate(definition, () => new InfoInstrument(parts, this.#room))
    return made as unknown as Info<L>
  }

  observableCounter<const L extends string = never>(options: ObservableOptions<L>): Observable<L> {
    return this.#observable('observableCounter', options)
  }

  observableGauge<const L extends string = never>(options: ObservableOptions<L>): Observable<L> {
    return this.#observable('observableGauge', options)
  }

  observableUpDownCounter<const L extends string = never>(options: ObservableOptions<L>): Observable<L> {
    return this.#observable('observableUpDownCounter', options)
  }

  attach(source: MetricSource | MetricSourceGroup): () => void {
    return this.#sources.attach(source)
  }

  expose({ accept, names, timeoutMs = defaults.timeoutMs }: ExposeAsk = {}): Exposition {
    const negotiated = negotiate(accept)
    const key = JSON.stringify([negotiated.contentType, names])
    return {
      contentType: negotiated.contentType,
      body: this.#renderings.read(key, () => this.#render(negotiated, names, timeoutMs)),
    }
  }

  async text(accept?: string): Promise<string> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this.expose({ accept }).body) chunks.push(chunk)
    return Buffer.concat(chunks).toString('utf8')
  }

  usage(): readonly InstrumentUsage[] {
    return this.#instruments
      .all()
      .filter(isRecorded)
      .map(({ head, table }) => ({
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

  configure({ diagnostics, exemplars, lint, maxSeries, maxTotalSeries }: ConfigureOptions): void {
    if (maxSeries !== undefined) this.#room.maxSeries = checkMaxSeries('metrics.maxSeries', maxSeries)
    if (maxTotalSeries !== undefined) {
      this.#room.ownTotalLimit = checkMaxSeries('metrics.maxTotalSeries', maxTotalSeries)
    }
    if (lint !== undefined) this.#lint.mode = checkLintMode('metrics.lint', lint)
    if (exemplars !== undefined) this.#room.exemplars = exemplars
    if (diagnostics === undefined) return
    for (const { name, help, labels, type, value } of this.#own?.snapshot() ?? []) {
      if (type === 'counter') diagnostics.counter({ name, help, labels }).add(value)
    }
    this.#own = undefined
    this.#room.diagnostics = diagnostics
  }

  #gauge(kind: InstrumentKind, options: InstrumentOptions<string>): GaugeInstrument {
    const parts = checkInstrument(kind, options, this.#names)
    const definition = { ...parts, identity: '', identityWord: '' }
    return this.#instruments.getOrCreate(definition, () => new GaugeInstrument(parts, this.#room))
  }

  #observable<L extends string>(kind: InstrumentKind, options: ObservableOptions<L>): Observable<L> {
    const { callback } = options
    const parts = checkInstrument(kind, options, this.#names, ['callback'])
    if (callback !== undefined && typeof callback !== 'function') {
      rejectOption(`${parts.owner}.callback`, 'a function', callback)
    }
    const definition = { ...parts, identity: '', identityWord: '' }
    const made = this.#instruments.getOrCreate(definition, () => new ObservableInstrument(parts, this.#room))
    const observable = made as unknown as Observable<L>
    if (callback !== undefined) observable.observeWith(callback)
    return observable
  }

  async *#render(
    negotiated: Negotiated,
    names: readonly string[] | undefined,
    timeoutMs: number,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const collected = await this.#sources.collect(
      this.#instruments.all().filter(isObservable),
      (name) => this.#instruments.ownerOf(name),
      timeoutMs,
    )
    const families: readonly Exposable[] = [...this.#instruments.all().filter(isRecorded), ...collected]
    yield* renderFamilies(selectFamilies(families, names), negotiated, this.#room)
  }
}

function isObservable(instrument: AnyInstrument): instrument is ObservableInstrument {
  return instrument instanceof ObservableInstrument
}

function isRecorded(instrument: AnyInstrument): instrument is RecordedInstrument {
  return !(instrument instanceof ObservableInstrument)
}
