/**
 * How long garbage collection stopped the process.
 *
 * Invariant: each collection is counted once. A callback of the observer brings all that happened since the last, and
 * Node delivers them a turn of the event loop later, so a scrape sees those of the turns before it.
 */
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { INVALID_SPAN_CONTEXT } from '@opentelemetry/api'
import type { BoundHistogram } from './histogram.ts'
import type { Registry } from './registry.ts'
import type { RuntimeNaming } from './runtime-metrics.ts'
import { METRIC, SEMCONV_LABEL, SEMCONV_METRIC } from './semconv.ts'

/** In seconds: prom-client's, so that its dashboards keep their buckets, and those that the conventions advise. */
const FORMS: Readonly<Record<RuntimeNaming, { name: string; label: string; buckets: readonly number[] }>> = {
  'prom-client': { name: METRIC.gcDuration, label: 'kind', buckets: [0.001, 0.01, 0.1, 1, 2, 5] },
  semconv: { name: SEMCONV_METRIC.gcDuration, label: SEMCONV_LABEL.gcType, buckets: [0.01, 0.1, 1, 10] },
}

/** What an entry of the type `gc` has besides. */
type GcEntry = PerformanceEntry & { readonly detail: { readonly kind: number } }

/** Observes until it is stopped; an observer never keeps the process alive. */
export class GcDuration {
  readonly #observer: PerformanceObserver
  readonly #byKind: ReadonlyMap<number, BoundHistogram>

  constructor(registry: Registry, naming: RuntimeNaming) {
    const { name, label, buckets } = FORMS[naming]
    const duration = registry.histogram({
      name,
      help: 'Garbage collection duration by kind, one of major, minor, incremental or weakcb',
      unit: 'seconds',
      labels: [label],
      buckets,
    })
    const of = (kind: string): BoundHistogram => duration.series({ [label]: kind })
    const minor = of('minor')
    this.#byKind = new Map([
      [constants.NODE_PERFORMANCE_GC_MAJOR, of('major')],
      [constants.NODE_PERFORMANCE_GC_MINOR, minor],
      // V8's collector of the young generation that marks and sweeps has a kind that Node gives no name.
      [2, minor],
      [constants.NODE_PERFORMANCE_GC_INCREMENTAL, of('incremental')],
      [constants.NODE_PERFORMANCE_GC_WEAKCB, of('weakcb')],
    ])
    this.#observer = new PerformanceObserver((list) => this.#count(list.getEntries()))
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  stop(): void {
    this.#count(this.#observer.takeRecords())
    this.#observer.disconnect()
  }

  #count(entries: readonly PerformanceEntry[]): void {
    for (const entry of entries) {
      const { kind } = (entry as GcEntry).detail
      // No exemplar: the span that happens to be active did not cause the collection.
      this.#byKind.get(kind)?.observe(entry.duration / 1000, INVALID_SPAN_CONTEXT)
    }
  }
}
