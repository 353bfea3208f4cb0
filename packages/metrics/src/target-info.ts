/**
 * `target_info`: who is scraped, as labels that can be joined to every series of the target.
 * OpenTelemetry, "Prometheus and OpenMetrics Compatibility", "Resource Attributes".
 */
import type { Resource, Value } from '@triscope/core'
import { METRIC } from './semconv.ts'
import type { MetricSource } from './source.ts'

/** The attributes of the resource, their names made labels: `service.name` is `service_name`. */
export function targetInfo(resource: Resource): MetricSource {
  const labels = labelsOf(resource.attributes)
  return {
    name: 'target_info',
    collect(to) {
      to.family(METRIC.target, 'info', 'Target metadata')
      to.point(labels, 1)
    },
  }
}

/** Values whose names become the same label are joined by `;`, in the order of their names, as the section says. */
function labelsOf(attributes: Readonly<Record<string, Value>>): Record<string, string> {
  const values = new Map<string, string[]>()
  for (const key of Object.keys(attributes).sort()) {
    const label = labelName(key)
    values.set(label, [...(values.get(label) ?? []), String(attributes[key])])
  }
  return Object.fromEntries([...values].map(([label, texts]) => [label, texts.join(';')]))
}

/** No digit comes first, and no two underscores do: those names belong to the scraper. */
function labelName(key: string): string {
  const label = key.replace(/[^a-zA-Z0-9]+/g, '_')
  return /^[0-9]/.test(label) || label === '' ? `key_${label}` : label
}
