/** What must and must not compile; checked by `tsc`, which fails on an `@ts-expect-error` without an error. */
import {
  type Counter,
  createRegistry,
  type Gauge,
  type Histogram,
  type Info,
  type Observable,
  type Summary,
  type UpDownCounter,
} from './index.ts'

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

const summary: Summary<'job'> = registry.summary({
  name: 's',
  help: 's',
  labels: ['job'],
  relativeError: 0.01,
})
const open: UpDownCounter = registry.upDownCounter({ name: 'u', help: 'u' })
const build: Info<'version'> = registry.info({ name: 'i', help: 'i', labels: ['version'] })
const observed: Observable<'a'> = registry.observableGauge({
  name: 'o',
  help: 'o',
  labels: ['a'],
  callback: (to) => to.observe(1, { a: 'x' }),
})

summary.observe(1, { job: 'a' })
open.add(-1)
build.set({ version: 1 })
observed.observeWith(async (to) => to.observe(1, { a: 'x' }))()
summary.startTimer({ job: 'a' })()
summary.startTimer()({ job: 'a' })
summary.remove({ job: 'a' })
const awaited: Promise<number> = summary.time(async () => 5, { job: 'a' })
void awaited
registry.histogram({ name: 'n', help: 'n', buckets: false, native: { growthFactor: 1.1 } })

// @ts-expect-error a label is missing at the end
summary.startTimer()()
// @ts-expect-error a label is given that the instrument does not have
summary.startTimer({ jobs: 'a' })
// @ts-expect-error a label is missing
summary.time(() => 5)
// @ts-expect-error an up-down counter cannot be set
open.set(5)
// @ts-expect-error an info without labels says nothing
registry.info({ name: 'j', help: 'j', labels: [] })
// @ts-expect-error an info has a help
registry.info({ name: 'j', labels: ['a'] })
// @ts-expect-error a label is missing
observed.observeWith((to) => to.observe(1))
// @ts-expect-error a bound counter has no timer
known.series({ method: 'GET', status: 200 }).startTimer()
