/**
 * Shows our metrics in an app's own prom-client registry, so that the `/metrics` it has shows them too.
 *
 * Each of our families is one object there, with the contract of prom-client's metrics. What they say is read back
 * from our own exposition: so they cannot differ from it, whatever kind an instrument is of.
 *
 * Invariant: a family whose names are taken there is left out and named, because prom-client would throw, or write
 * one name twice. Ours are read once for all that are asked for in one turn of the event loop.
 */
import { createDiagnostics, type Diagnostics, rejectOption } from '@triscope/core'
import { type ReadFamily, readExposition } from './exposition-reader.ts'
import { baseName, claimedNames, type FamilyType } from './family.ts'
import { type ForeignRegistry, isOpenMetrics, isWrittenByUs, WRITTEN } from './foreign-registry.ts'
import type { Registry } from './registry.ts'
import { isPromClientRuntimeName, METRIC } from './semconv.ts'

/** A foreign registry that takes metrics. */
export interface WritableRegistry extends ForeignRegistry {
  registerMetric(metric: never): void
  removeSingleMetric(name: string): void
}

export interface WriteOptions {
  /** What messages call the foreign registry. @default 'prom-client' */
  name?: string
  /** Where clashes are said. @default one of its own, which warns on the process */
  diagnostics?: Diagnostics
}

/** How prom-client puts the workers of a cluster together. */
type Aggregator = 'sum' | 'first' | 'omit'

interface WrittenValue {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  readonly metricName?: string
  readonly exemplar?: { labelSet: Readonly<Record<string, string>>; value: number; timestamp: number }
}

/**
 * Registers every family of `registry` in `foreign`; those that come later follow at the scrape after they were first
 * there. A name that is taken is left out and reported as `TRI_WARN_METRIC_DUP` with both owners, once; metrics of the
 * runtime that prom-client has too are left out in silence. Resolves, when all are registered, to a function that
 * takes them away again. Throws `TRI_ERR_OPTION` for what is no registry.
 *
 * In a cluster, prom-client adds up what workers report: of summaries it is told to report nothing, because quantiles
 * cannot be added.
 */
export async function writeInto(
  registry: Registry,
  foreign: WritableRegistry,
  options: WriteOptions = {},
): Promise<() => void> {
  if (typeof (foreign as Partial<WritableRegistry> | undefined)?.registerMetric !== 'function') {
    rejectOption('foreign', 'a registry of prom-client, such as its `register`', foreign)
  }
  const writer = new ForeignWriter(
    registry,
    foreign,
    options.name ?? 'prom-client',
    options.diagnostics ?? createDiagnostics(),
  )
  await writer.start()
  return () => writer.stop()
}

class ForeignWriter {
  readonly #registry: Registry
  readonly #foreign: WritableRegistry
  readonly #foreignName: string
  readonly #diagnostics: Diagnostics
  readonly #written = new Map<string, WrittenMetric>()
  readonly #clashed = new Set<string>()
  #reading: Promise<ReadonlyMap<string, ReadFamily>> | undefined
  #stopped = false

  constructor(registry: Registry, foreign: WritableRegistry, foreignName: string, diagnostics: Diagnostics) {
    this.#registry = registry
    this.#foreign = foreign
    this.#foreignName = foreignName
    this.#diagnostics = diagnostics
  }

  async start(): Promise<void> {
    await this.read()
    // Always there, so that each scrape comes by here and finds what is new.
    this.#register(METRIC.written, 'gauge', 'Metric families of Triscope in this registry')
  }

  stop(): void {
    this.#stopped = true
    for (const name of this.#written.keys()) this.#foreign.removeSingleMetric(name)
    this.#written.clear()
  }

  get size(): number {
    return this.#written.size - 1
  }

  isOpenMetrics(): boolean {
    return isOpenMetrics(this.#foreign)
  }

  /** Our families by name, as they are now; once for all that ask in one go. */
  read(): Promise<ReadonlyMap<string, ReadFamily>> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #read(): Promise<ReadonlyMap<string, ReadFamily>> {
    const { families } = readExposition(await this.#registry.text('application/openmetrics-text'))
    if (!this.#stopped) for (const family of families) this.#offer(family)
    return new Map(families.map((family) => [family.name, family]))
  }

  #offer({ name, type = 'unknown', help = '' }: ReadFamily): void {
    if (this.#written.has(writtenName(name, type)) || this.#clashed.has(name)) return
    const wanted = new Set(claimedNames(name, type as FamilyType))
    for (const metric of this.#foreign.getMetricsAsArray()) {
      if (isWrittenByUs(metric)) continue
      const there = metric as { name: string; type: string }
      const clash = claimsOf(there).find((claim) => wanted.has(claim))
      if (clash === undefined) continue
      this.#clashed.add(name)
      if (isPromClientRuntimeName(there.name)) return
      this.#diagnostics.warn(
        'TRI_WARN_METRIC_DUP',
        `${type} "${name}" of Triscope is left out of the registry "${this.#foreignName}", it clashes with ${there.type} "${there.name}" there: both have the name "${clash}" for themselves`,
        `${this.#foreignName} ${name}`,
      )
      return
    }
    this.#register(name, type, help)
  }

  #register(name: string, type: string, help: string): void {
    const metric = new WrittenMetric(this, name, type, help)
    this.#written.set(metric.name, metric)
    this.#foreign.registerMetric(metric as never)
  }
}

/** One family, with the contract of prom-client's metrics: what its registries read and call. */
class WrittenMetric {
  readonly [WRITTEN] = true
  readonly help: string
  readonly aggregator: Aggregator
  readonly #writer: ForeignWriter
  readonly #family: string
  readonly #type: string

  constructor(writer: ForeignWriter, family: string, type: string, help: string) {
    this.#writer = writer
    this.#family = family
    this.#type = type
    this.help = help
    this.aggregator = type === 'summary' ? 'omit' : type === 'info' ? 'first' : 'sum'
  }

  get name(): string {
    return writtenName(this.#family, this.#type)
  }

  /** An OpenMetrics registry would take `_total` off for good (peers' fault g): its text form must keep it. */
  set name(_: string) {}

  get type(): string {
    const type = this.#type
    if (type === 'info') return 'gauge'
    return type === 'unknown' && !this.#writer.isOpenMetrics() ? 'untyped' : type
  }

  /** What resets a whole prom-client registry leaves ours alone: other scrapers read them too. */
  reset(): void {}

  async get(): Promise<object> {
    const { help, type, aggregator } = this
    // There, an OpenMetrics registry adds the suffix of counters itself.
    const name = type === 'counter' && this.#writer.isOpenMetrics() ? this.#family : this.name
    const families = await this.#writer.read()
    const values =
      this.#family === METRIC.written
        ? [{ labels: {}, value: this.#writer.size }]
        : valuesOf(families.get(this.#family), this.#type)
    return { name, help, type, aggregator, values }
  }
}

function writtenName(family: string, type: string): string {
  return type === 'counter' ? `${family}_total` : type === 'info' ? `${family}_info` : family
}

function claimsOf({ name, type }: { name: string; type: string }): readonly string[] {
  const known = ['counter', 'gauge', 'histogram', 'summary'].includes(type) ? (type as FamilyType) : 'unknown'
  return claimedNames(baseName(name, known), known)
}

function valuesOf(family: ReadFamily | undefined, type: string): readonly WrittenValue[] {
  const hasParts = type === 'histogram' || type === 'summary'
  return (family?.samples ?? []).map(({ name, labels, value, exemplar }) => ({
    labels: labelsOf(labels),
    value,
    ...(hasParts && { metricName: name }),
    ...(exemplar !== undefined && {
      exemplar: {
        labelSet: Object.fromEntries(exemplar.labels),
        value: exemplar.value,
        timestamp: exemplar.timestampSeconds ?? Date.now() / 1000,
      },
    }),
  }))
}

/** Bounds and quantiles are numbers there, so that they are written as its own are: `1`, not `1.0`. */
function labelsOf(labels: ReadonlyMap<string, string>): Record<string, string | number> {
  return Object.fromEntries(
    [...labels].map(([name, value]) =>
      (name === 'le' || name === 'quantile') && value !== '+Inf' ? [name, Number(value)] : [name, value],
    ),
  )
}
