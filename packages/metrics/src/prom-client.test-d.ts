/** What must and must not compile between this registry and prom-client's; checked by `tsc`. */
import * as prometheusIo from '@prometheus-io/client'
import promClient from 'prom-client'
import { createRegistry } from './index.ts'
import { adoptRegistry, writeInto } from './prom-client.ts'

const registry = createRegistry()
const modern = new promClient.Registry<promClient.OpenMetricsContentType>()

registry.attach(adoptRegistry(promClient.register))
registry.attach(adoptRegistry(modern, { name: 'legacy', defaultMetrics: false }))
registry.attach(adoptRegistry(prometheusIo.register))
export const detach: Promise<() => void> = writeInto(registry, promClient.register)
void writeInto(registry, prometheusIo.register, { name: 'legacy' })

// @ts-expect-error ours is no foreign registry
adoptRegistry(registry)
// @ts-expect-error a single metric is none either
adoptRegistry(new promClient.Gauge({ name: 'g', help: 'g' }))
// @ts-expect-error the way is the other
void writeInto(promClient.register, registry)
