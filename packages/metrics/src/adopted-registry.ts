/**
 * Shows the metrics of a prom-client registry among ours.
 *
 * Invariant: a metric keeps the name its own endpoint gives it, and one that fails, or cannot be exposed, costs
 * itself alone. What prom-client would write so that a scraper drops the whole target (peers' faults a, b, d, e, f)
 * goes through the same checks as every other source.
 */
import { rejectOption } from '@triscope/core'
import type { PointSuffix } from './collected-family.ts'
import { type ForeignRegistry, isOpenMetrics, isWrittenByUs } from './foreign-registry.ts'
import { isPromClientRuntimeName } from './semconv.ts'
import type { MetricSink, MetricSource, MetricSourceGroup } from './source.ts'

export interface AdoptOptions {
  /** What messages call the registry. @default 'prom-client' */
  name?: string
  /**
   * Whether its default metrics are adopted too. They have the names that `startRuntimeMetrics` uses: with both, ours
   * are exposed, and a warning would name each of theirs.
   * @default true
   */
  defaultMetrics?: boolean
}

/** What a metric gives when it is asked. */
interface ForeignMetric {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values?: readonly ForeignValue[]
}

interface ForeignValue {
  readonly labels?: Readonly<Record<string, unknown>>
  readonly value: number
  readonly metricName?: string
  readonly exemplar?: ForeignExemplar | null
}

interface ForeignExemplar {
  readonly labelSet: Readonly<Record<string, string>>
  readonly value: number
  /** Seconds. */
  readonly timestamp: number
}

/**
 * A group of sources, one for each metric the registry has at that moment, to be given to `registry.attach`. Collect
 * functions are awaited, all at once. Throws `TRI_ERR_OPTION` for what is no registry.
 */
export function adoptRegistry(foreign: ForeignRegistry, options: AdoptOptions = {}): MetricSourceGroup {
  if (typeof (foreign as Partial<ForeignRegistry> | undefined)?.getMetricsAsArray !== 'function') {
    rejectOption('registry', 'a registry of prom-client, such as its `register`', foreign)
  }
  const { name = 'prom-client', defaultMetrics = true } = options
  return {
    name,
    sources() {
      const sources: MetricSource[] = []
      for (const metric of foreign.getMetricsAsArray()) {
        const metricName = String((metric as Partial<ForeignMetric>).name)
        if (isWrittenByUs(metric) || (!defaultMetrics && isPromClientRuntimeName(metricName))) continue
        sources.push({ name: `${name}: ${metricName}`, collect: (to) => collect(foreign, metric, to) })
      }
      return sources
    },
  }
}

async function collect(foreign: ForeignRegistry, metric: object, to: MetricSink): Promise<void> {
  const found = await (metric as { get(): ForeignMetric | Promise<ForeignMetric> }).get()
  checkBounds(metric)
  const { name } = found
  const type = typeIn(foreign, found)
  const common = commonLabels(foreign)
  to.family(name, type, found.help)
  for (const { labels = {}, value, metricName = name, exemplar } of found.values ?? []) {
    to.point(
      boundsAsText({ ...common, ...labels }),
      value,
      suffixOf(metricName, name),
      exemplar === undefined || exemplar === null
        ? undefined
        : { labels: exemplar.labelSet, value: exemplar.value, timestampSeconds: exemplar.timestamp },
    )
  }
}

/** Buckets that do not increase are counted wrong already where they are kept: no order would make them right. */
function checkBounds(metric: object): void {
  const { upperBounds } = metric as { upperBounds?: unknown }
  if (!Array.isArray(upperBounds)) return
  const at = (upperBounds as readonly unknown[]).findIndex(
    (bound, i) =>
      typeof bound !== 'number' ||
      Number.isNaN(bound) ||
      (i > 0 && !(bound > (upperBounds[i - 1] as number))),
  )
  if (at >= 0)
    throw new Error(`its buckets must increase, but bucket ${at + 1} is ${String(upperBounds[at])}`)
}

type AdoptedType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown'

/**
 * A counter without `_total` would be renamed by our type: as one of unknown type it keeps the name that queries have.
 * Only an OpenMetrics registry adds the suffix itself.
 */
function typeIn(foreign: ForeignRegistry, { name, type }: ForeignMetric): AdoptedType {
  switch (type) {
    case 'counter':
      return name.endsWith('_total') || isOpenMetrics(foreign) ? 'counter' : 'unknown'
    case 'gauge':
    case 'histogram':
    case 'summary':
      return type
    default:
      return 'unknown'
  }
}

/** What `setDefaultLabels` was given; it has no public reader. */
function commonLabels(foreign: ForeignRegistry): Readonly<Record<string, unknown>> {
  const { _defaultLabels: labels } = foreign as { _defaultLabels?: unknown }
  return typeof labels === 'object' && labels !== null ? (labels as Record<string, unknown>) : {}
}

/** Bounds and quantiles are numbers there. Other values are made texts, and escaped, by the sink. */
function boundsAsText(labels: Record<string, unknown>): Record<string, string> {
  for (const name of ['le', 'quantile']) {
    const bound = labels[name]
    if (typeof bound === 'number') labels[name] = bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound)
  }
  return labels as Record<string, string>
}

/** Any other name is no part of the family: the sink refuses the point, and counts it. */
function suffixOf(metricName: string, name: string): PointSuffix {
  return (metricName.startsWith(name) ? metricName.slice(name.length) : metricName) as PointSuffix
}
