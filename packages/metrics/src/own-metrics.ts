/** What telemetry says of itself, as metrics: losses and failures of every room, and how full each instrument is. */
import type { DiagnosticPoint, Diagnostics } from '@triscope/core'
import type { Registry } from './registry.ts'
import { METRIC } from './semconv.ts'
import type { MetricSource } from './source.ts'

/** The counters and gauges of the diagnostics store, each name one family. */
export function diagnosticsSource(diagnostics: Diagnostics): MetricSource {
  return {
    name: 'diagnostics',
    collect(to) {
      const families = new Map<string, DiagnosticPoint[]>()
      for (const point of diagnostics.snapshot()) {
        const family = families.get(point.name)
        if (family === undefined) families.set(point.name, [point])
        else family.push(point)
      }
      for (const [name, points] of families) {
        const [first] = points
        if (first === undefined) continue
        to.family(name, first.type, first.help)
        for (const { labels, value } of points) to.point(labels, value)
      }
    },
  }
}

/** How many series each instrument of the registry has, may have and had to fold, and which label is to blame. */
export function registrySource(registry: Registry): MetricSource {
  return {
    name: 'registry',
    collect(to) {
      const usage = registry.usage()
      to.family(METRIC.series, 'gauge', 'Label sets an instrument has')
      for (const { metric, series } of usage) to.point({ metric }, series)
      to.family(METRIC.seriesLimit, 'gauge', 'Label sets an instrument may have before new ones are folded')
      for (const { metric, maxSeries } of usage) to.point({ metric }, maxSeries)
      to.family(METRIC.seriesOverflow, 'counter', 'Recordings folded into an overflow series')
      for (const { metric, folded } of usage) to.point({ metric }, folded)
      // Only of instruments that overflowed, and so bounded like them.
      const exploded = usage.filter(({ labelValues }) => labelValues.length > 0)
      if (exploded.length === 0) return
      to.family(
        METRIC.labelValues,
        'gauge',
        'Different values a label of an overflowing instrument had, about',
      )
      for (const { metric, labelValues } of exploded) {
        for (const { label, values } of labelValues) to.point({ metric, label }, values)
      }
    },
  }
}
