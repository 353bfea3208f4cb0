/** What must and must not compile; checked by `tsc`, which fails on an `@ts-expect-error` without an error. */
import { type Counter, createRegistry, type Gauge, type Histogram } from './index.ts'

const registry = createRegistry()
const counter = registry.counter({ name: 'c', help: 'c', labels: ['method', 'status'] })
const plain = registry.counter({ name: 'p', help: 'p' })

const known: Counter<'method' | 'status'> = counter
const gauge: Gauge<'a'> = registry.gauge({ name: 'g', help: 'g', labels: ['a'] })
const histogram: Histogram = registry.histogram({ name: 'h', help: 'h', buckets: [1] })

known.inc({ method: 'GET', status: 200 })
counter.add(2, { method: 'GET', status: '200' })
counter.series({ method: 'GET', status: 200 }).add(1)
gauge.set(1, { a: true })
histogram.observe(1)
plain.inc()
plain.series().inc()

// @ts-expect-error a label is missing
counter.inc({ method: 'GET' })
// @ts-expect-error all labels are missing
counter.inc()
// @ts-expect-error a label is not known
counter.inc({ method: 'GET', status: 200, path: '/' })
// @ts-expect-error a label is misspelt
counter.series({ methode: 'GET', status: 200 })
// @ts-expect-error a value is no label value
counter.inc({ method: 'GET', status: undefined })
// @ts-expect-error an instrument without labels takes none
plain.inc({ method: 'GET' })
// @ts-expect-error prom-client's way to add five
plain.inc(5)
// @ts-expect-error the value comes first
gauge.set({ a: 'x' }, 1)
// @ts-expect-error a value is missing
histogram.observe()
// @ts-expect-error help is not optional
registry.gauge({ name: 'x' })
// @ts-expect-error buckets are a histogram's
registry.gauge({ name: 'x', help: 'x', buckets: [1] })
// @ts-expect-error the counters of other labels are another type
export const wrong: Counter<'a'> = counter
