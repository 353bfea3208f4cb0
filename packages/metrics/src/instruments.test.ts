import { createDiagnostics } from '@triscope/core'
import { createManualClock, type ManualClock } from '@triscope/testing'
import { describe, expect, it } from 'vitest'
import { createRegistry, exponentialBuckets, linearBuckets, type Registry } from './index.ts'

const samples = async (registry: Registry, accept?: string): Promise<string[]> =>
  (await registry.text(accept)).split('\n').filter((line) => line !== '' && line[0] !== '#')

function setUp(): { registry: Registry; clock: ManualClock; dropped(reason: string): number } {
  const clock = createManualClock()
  const diagnostics = createDiagnostics({ clock, onMessage: () => undefined })
  const dropped = (reason: string): number =>
    diagnostics.snapshot().find(({ labels }) => labels['reason'] === reason)?.value ?? 0
  return { registry: createRegistry({ clock, diagnostics }), clock, dropped }
}

describe('an up-down counter', () => {
  it('is a sum that rises and falls, exposed as a gauge, and not the same as a gauge', async () => {
    const { registry } = setUp()
    const open = registry.upDownCounter({ name: 'open', help: 'Open', labels: ['pool'] })
    open.inc({ pool: 'a' })
    open.add(5, { pool: 'a' })
    open.series({ pool: 'a' }).dec()
    expect(await registry.text()).toBe('# HELP open Open\n# TYPE open gauge\nopen{pool="a"} 5\n')
    expect(() => registry.gauge({ name: 'open', help: 'Open', labels: ['pool'] })).toThrow(
      'gauge "open" with labels pool is already there as up-down counter "open" with labels pool',
    )
  })
})

describe('an info', () => {
  it('says one thing at a time, in each format by the type it knows', async () => {
    const { registry } = setUp()
    const build = registry.info({ name: 'build_info', help: 'Build', labels: ['version', 'revision'] })
    expect(await samples(registry)).toEqual([])
    for (const version of ['1', '2', '3', '4']) build.set({ version, revision: 'abc' })
    build.set({ version: '5', revision: 7 })
    const line = 'build_info{version="5",revision="7"} 1\n'
    expect(await registry.text()).toBe(`# HELP build_info Build\n# TYPE build_info gauge\n${line}`)
    expect(await registry.text('application/openmetrics-text')).toBe(
      `# TYPE build info\n# HELP build Build\n${line}# EOF\n`,
    )
    build.reset()
    expect(await samples(registry)).toEqual([])
    expect(() => registry.info({ name: 'x', help: 'x', labels: [] as never })).toThrow(
      'info "x".labels: expected at least one label',
    )
  })
})

describe('durations', () => {
  it('are in the unit of the instrument, with labels given at the start, at the end, or both', async () => {
    const { registry, clock } = setUp()
    const job = registry.histogram({ name: 'job_seconds', help: 'j', labels: ['job', 'ok'], buckets: [1] })
    const wait = registry.gauge({ name: 'wait_milliseconds', unit: 'milliseconds', help: 'w' })
    const size = registry.summary({ name: 'run_minutes', unit: 'minutes', help: 'r', quantiles: [1] })
    const ends = [
      job.startTimer({ job: 'a', ok: true }),
      job.startTimer({ job: 'a' }),
      job.startTimer(),
    ] as const
    const [wholly, partly, late] = ends
    const endWait = wait.startTimer()
    const endRun = size.series().startTimer()
    await clock.advance(1500)
    expect([wholly(), partly({ ok: true }), late({ job: 'a', ok: true })]).toEqual([1.5, 1.5, 1.5])
    expect([endWait(), endRun()]).toEqual([1500, 0.025])
    expect(await samples(registry)).toEqual([
      'job_seconds_bucket{job="a",ok="true",le="1"} 0',
      'job_seconds_bucket{job="a",ok="true",le="+Inf"} 3',
      'job_seconds_sum{job="a",ok="true"} 4.5',
      'job_seconds_count{job="a",ok="true"} 3',
      'wait_milliseconds 1500',
      'run_minutes{quantile="1"} 0.025',
      'run_minutes_sum 0.025',
      'run_minutes_count 1',
    ])
  })

  it('of a function are recorded when it returns, throws, or its promise settles, and the result is untouched', async () => {
    const { registry, clock } = setUp()
    const seconds = registry.histogram({ name: 's', help: 's', labels: ['f'], buckets: [1] })
    const error = new Error('mine')
    const promise = clock.advance(2000)
    expect(seconds.time(() => 5, { f: 'sync' })).toBe(5)
    expect(() =>
      seconds.time(
        () => {
          throw error
        },
        { f: 'throws' },
      ),
    ).toThrow(error)
    expect(seconds.time(() => promise, { f: 'async' })).toBe(promise)
    await promise
    const rejected = Promise.reject(error)
    await expect(seconds.series({ f: 'rejects' }).time(() => rejected)).rejects.toBe(error)
    // A query builder sends its query when its `then` is called: that is the caller's to do.
    let sent = 0
    // biome-ignore lint/suspicious/noThenProperty: it is what is tested.
    const lazy = { then: () => sent++ }
    expect(seconds.time(() => lazy, { f: 'lazy' })).toBe(lazy)
    expect(sent).toBe(0)
    const sums = (await samples(registry)).filter((line) => line.startsWith('s_sum'))
    expect(sums.sort()).toEqual([
      's_sum{f="async"} 2',
      's_sum{f="lazy"} 0',
      's_sum{f="rejects"} 0',
      's_sum{f="sync"} 0',
      's_sum{f="throws"} 0',
    ])
  })

  it('throw nothing of their own, whatever the labels are', async () => {
    const { registry, dropped } = setUp()
    const seconds = registry.histogram({ name: 's', help: 's', labels: ['a', 'b'] })
    const throwing = {
      get a(): string {
        throw new Error('no')
      },
    }
    expect(() => (seconds.startTimer(throwing as never) as (rest: unknown) => void)({ b: 1 })).not.toThrow()
    expect(() => seconds.time(() => 1, throwing as never)).not.toThrow()
    expect(dropped('VALUE_INVALID')).toBe(2)
  })

  it('set a gauge to the time of day, in its unit', async () => {
    const { registry } = setUp()
    registry.gauge({ name: 'last_seconds', help: 'l' }).setToCurrentTime()
    expect(await samples(registry)).toEqual(['last_seconds 1767225600'])
  })
})

describe('observable instruments', () => {
  it('are asked at each scrape, and expose what they were given then and nothing of before', async () => {
    const { registry } = setUp()
    let round = 0
    registry.observableCounter({
      name: 'polls',
      help: 'p',
      callback: (to) => to.observe(++round * 10),
    })
    registry.observableGauge({
      name: 'depth',
      help: 'd',
      labels: ['queue'],
      callback: async (to) => {
        await Promise.resolve()
        to.observe(round, { queue: `q${round}` })
      },
    })
    registry.observableUpDownCounter({ name: 'silent', help: 's' })
    expect(await samples(registry)).toEqual(['polls_total 10', 'depth{queue="q1"} 1'])
    expect(await samples(registry)).toEqual(['polls_total 20', 'depth{queue="q2"} 2'])
  })

  it('have one callback, the last that was given, until it is taken away', async () => {
    const { registry } = setUp()
    const define = (value: number) =>
      registry.observableGauge({ name: 'g', help: 'g', callback: (to) => to.observe(value) })
    expect(define(1)).toBe(define(2))
    expect(await samples(registry)).toEqual(['g 2'])
    const end = define(3).observeWith((to) => to.observe(4))
    expect(await samples(registry)).toEqual(['g 4'])
    end()
    expect(await samples(registry)).toEqual([])
    expect(() => registry.observableGauge({ name: 'g', help: 'g', callback: 5 as never })).toThrow(
      'observable gauge "g".callback: expected a function, got 5',
    )
  })

  it('drop what is not legal or beyond the limit, each counted', async () => {
    const { registry, dropped } = setUp()
    registry.observableCounter({
      name: 'c',
      help: 'c',
      labels: ['a'],
      maxSeries: 2,
      callback(to) {
        to.observe(-1, { a: '1' })
        to.observe(Number.NaN, { a: '1' })
        to.observe('1' as never, { a: '1' })
        to.observe(1, undefined as never)
        for (const a of ['x', 'y', 'z', 'x']) to.observe(1, { a })
      },
    })
    expect(await samples(registry)).toEqual(['c_total{a="x"} 1', 'c_total{a="y"} 1'])
    expect([dropped('VALUE_INVALID'), dropped('SERIES_LIMIT')]).toEqual([5, 1])
  })

  it('cost their own family when they throw or are late, and a metric names them', async () => {
    const { registry, clock } = setUp()
    registry.observableGauge({
      name: 'broken',
      help: 'b',
      callback: () => {
        throw new Error('gone')
      },
    })
    registry.observableGauge({ name: 'late', help: 'l', callback: () => new Promise(() => undefined) })
    registry.attach({ name: 'never', collect: () => new Promise(() => undefined) })
    registry.gauge({ name: 'fine', help: 'f' })
    const text = samples(registry)
    await clock.advance(4999)
    let done = false
    void text.then(() => {
      done = true
    })
    await Promise.resolve()
    expect(done).toBe(false)
    await clock.advance(1)
    expect(await text).toEqual([
      'fine 0',
      'triscope_scrape_collector_errors_total{collector="broken"} 1',
      'triscope_scrape_collector_errors_total{collector="late"} 1',
      'triscope_scrape_collector_errors_total{collector="never"} 1',
    ])
    expect(clock.timers).toBe(0)
  })
})

describe('generated buckets', () => {
  it('are the decimal numbers they look like', () => {
    expect(linearBuckets(0.1, 0.1, 5)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5])
    expect(linearBuckets(-10, 10, 3)).toEqual([-10, 0, 10])
    expect(exponentialBuckets(0.001, 10, 5)).toEqual([0.001, 0.01, 0.1, 1, 10])
  })

  it('are refused when they would be none, too many, or would not increase', () => {
    const code = 'TRI_ERR_METRIC_BUCKETS'
    for (const make of [
      () => linearBuckets(0, 1, 0),
      () => linearBuckets(0, 1, 301),
      () => linearBuckets(0, 1, 2.5),
      () => linearBuckets(0, 0, 2),
      () => linearBuckets(0, Number.NaN, 2),
      () => exponentialBuckets(0, 2, 2),
      () => exponentialBuckets(1, 1, 2),
      () => exponentialBuckets(1, 1e200, 3),
    ]) {
      expect(make).toThrow(expect.objectContaining({ code }))
    }
  })
})

describe('series that go', () => {
  it('are no longer exposed when removed, and a handle kept from before begins anew and loses nothing', async () => {
    const { registry } = setUp()
    const counter = registry.counter({ name: 'c', help: 'c', labels: ['a', 'b'] })
    const kept = counter.series({ a: 'x', b: '1' })
    kept.add(5)
    counter.inc({ a: 'y', b: '1' })
    expect(counter.remove({ a: 'x', b: '1' })).toBe(true)
    expect(counter.remove({ a: 'x', b: '1' })).toBe(false)
    expect(counter.remove({ a: 'nobody', b: '1' })).toBe(false)
    expect(await samples(registry)).toEqual(['c_total{a="y",b="1"} 1'])
    kept.add(2)
    kept.inc()
    counter.inc({ a: 'x', b: '1' })
    expect(await samples(registry)).toEqual(['c_total{a="y",b="1"} 1', 'c_total{a="x",b="1"} 4'])
    counter.remove({ a: 'x', b: '1' })
    counter.inc({ a: 'x', b: '1' })
    kept.add(10)
    counter.inc({ a: 'x', b: '1' })
    expect(await samples(registry)).toEqual(['c_total{a="y",b="1"} 1', 'c_total{a="x",b="1"} 12'])
  })

  it('go under any spelling of their labels', async () => {
    const { registry } = setUp()
    const gauge = registry.gauge({ name: 'g', help: 'g', labels: ['status'] })
    const kept = gauge.series({ status: 200 })
    gauge.set(1, { status: '200' })
    expect(gauge.remove({ status: '200' })).toBe(true)
    gauge.set(2, { status: 200 })
    kept.add(1)
    expect(await samples(registry)).toEqual(['g{status="200"} 3'])
    expect(gauge.remove({ status: 200 })).toBe(true)
    kept.set(9)
    gauge.inc({ status: '200' })
    expect(await samples(registry)).toEqual(['g{status="200"} 10'])
    expect(gauge.remove(Symbol('x') as never)).toBe(false)
  })

  it('all go at a reset, the one without labels begins anew, and the overflow does too', async () => {
    const { registry } = setUp()
    const plain = registry.histogram({ name: 'h', help: 'h', buckets: [1] })
    const counter = registry.counter({ name: 'c', help: 'c', labels: ['a'], maxSeries: 1 })
    plain.observe(3)
    const handles = ['1', '2'].map((a) => counter.series({ a }))
    for (const handle of handles) handle.inc()
    plain.reset()
    counter.reset()
    expect(await samples(registry)).toEqual([
      'h_bucket{le="1"} 0',
      'h_bucket{le="+Inf"} 0',
      'h_sum 0',
      'h_count 0',
    ])
    for (const handle of handles) handle.add(2)
    plain.observe(1)
    expect((await samples(registry)).slice(3)).toEqual([
      'h_count 1',
      'c_total{a="1"} 2',
      'c_total{otel_metric_overflow="true"} 2',
    ])
  })

  it('expire after their ttl, not before and at most a quarter late, and begin anew with a new created timestamp', async () => {
    const { registry, clock } = setUp()
    const counter = registry.counter({ name: 'c', help: 'c', labels: ['a'], ttlMs: 8000 })
    const busy = counter.series({ a: 'busy' })
    const idle = counter.series({ a: 'idle' })
    busy.inc()
    idle.inc()
    for (let second = 0; second < 7; second++) {
      await clock.advance(1000)
      busy.inc()
    }
    await clock.advance(999)
    expect(await samples(registry)).toEqual(['c_total{a="busy"} 8', 'c_total{a="idle"} 1'])
    await clock.advance(2001)
    expect(await samples(registry)).toEqual(['c_total{a="busy"} 8'])
    idle.inc()
    expect(await samples(registry)).toEqual(['c_total{a="busy"} 8', 'c_total{a="idle"} 1'])
    await clock.advance(20_000)
    expect(await samples(registry)).toEqual([])
    expect(clock.timers).toBe(0)
    expect(() => registry.gauge({ name: 'g', help: 'g', ttlMs: 5 })).toThrow(
      'gauge "g".ttlMs: expected 1000 milliseconds or more, got 5',
    )
  })

  it('make room under the limit', async () => {
    const { registry, clock } = setUp()
    const gauge = registry.gauge({ name: 'g', help: 'g', labels: ['id'], maxSeries: 10, ttlMs: 1000 })
    for (let round = 0; round < 5; round++) {
      for (let id = 0; id < 10; id++) gauge.set(round, { id: `${round}-${id}` })
      await clock.advance(3000)
    }
    gauge.set(1, { id: 'last' })
    expect(await samples(registry)).toEqual(['g{id="last"} 1'])
  })

  it('are still whole in the scrape that was under way', async () => {
    const { registry } = setUp()
    const gauge = registry.gauge({ name: 'g', help: 'g', labels: ['id'], maxSeries: 10_000 })
    for (let id = 0; id < 5000; id++) gauge.set(id, { id })
    let text = ''
    for await (const chunk of registry.expose().body) {
      text += Buffer.from(chunk).toString()
      for (let id = 0; id < 5000; id += 2) gauge.remove({ id })
    }
    const ids = [...text.matchAll(/g\{id="(\d+)"\} (\d+)\n/g)]
    expect(ids.map(([, id, value]) => [id, value])).toEqual(
      Array.from({ length: 5000 }, (_, id) => [String(id), String(id)]),
    )
    expect((await samples(registry)).length).toBe(2500)
  })
})
