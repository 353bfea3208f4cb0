import { ROOT_CONTEXT, type SpanContext, TraceFlags, trace } from '@opentelemetry/api'
import { contextWithSpan, createDiagnostics, installContext } from '@triscope/core'
import { createManualClock } from '@triscope/testing'
import { describe, expect, it } from 'vitest'
import { createRegistry, type Registry } from './index.ts'

const OPENMETRICS = 'application/openmetrics-text'
const sampled: SpanContext = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  traceFlags: TraceFlags.SAMPLED,
}
const unsampled: SpanContext = { ...sampled, spanId: 'ffffffffffffffff', traceFlags: TraceFlags.NONE }

const samples = async (registry: Registry, accept?: string): Promise<string[]> =>
  (await registry.text(accept)).split('\n').filter((line) => line !== '' && line[0] !== '#')

describe('recording', () => {
  it('exposes instruments without labels at 0 from their creation, and those with labels when first recorded', async () => {
    const registry = createRegistry()
    registry.counter({ name: 'a', help: 'a' })
    registry.gauge({ name: 'b', help: 'b' })
    registry.histogram({ name: 'c', help: 'c', buckets: [1] })
    registry.counter({ name: 'd', help: 'd', labels: ['x'] })
    expect(await samples(registry)).toEqual([
      'a_total 0',
      'b 0',
      'c_bucket{le="1"} 0',
      'c_bucket{le="+Inf"} 0',
      'c_sum 0',
      'c_count 0',
    ])
  })

  it('adds, sets and takes away, through the instrument and through a bound series alike', async () => {
    const registry = createRegistry()
    const jobs = registry.counter({ name: 'jobs', help: 'j', labels: ['queue'] })
    jobs.inc({ queue: 'mail' })
    jobs.add(2.5, { queue: 'mail' })
    const bound = jobs.series({ queue: 'mail' })
    bound.inc()
    bound.add(0.5)
    const depth = registry.gauge({ name: 'depth', help: 'd', labels: ['queue'] })
    depth.set(5, { queue: 'mail' })
    depth.inc({ queue: 'mail' })
    depth.dec({ queue: 'mail' })
    depth.add(-7.5, { queue: 'mail' })
    depth.series({ queue: 'mail' }).add(0.25)
    expect(await samples(registry)).toEqual(['jobs_total{queue="mail"} 5', 'depth{queue="mail"} -2.25'])
  })

  it('lets a gauge be any number, and refuses steps that would leave NaN behind', async () => {
    const registry = createRegistry({ diagnostics: createDiagnostics() })
    const gauge = registry.gauge({ name: 'g', help: 'g' })
    gauge.set(Number.POSITIVE_INFINITY)
    gauge.add(Number.NEGATIVE_INFINITY)
    gauge.add(1)
    expect(await samples(registry)).toEqual(['g +Inf'])
    gauge.set(Number.NEGATIVE_INFINITY)
    expect(await samples(registry)).toEqual(['g -Inf'])
    gauge.set('5' as never)
    gauge.set(-0)
    expect(await samples(registry)).toEqual(['g 0'])
  })

  it('puts each value into the first bucket whose bound is not below it, with few bounds and with many', async () => {
    for (const size of [3, 200]) {
      const registry = createRegistry()
      const buckets = Array.from({ length: size }, (_, i) => i)
      const histogram = registry.histogram({ name: 'h', help: 'h', buckets })
      for (const value of [-1, 0, 0.5, 1, size - 1, size]) histogram.observe(value)
      const lines = (await samples(registry)).filter((line) => /le="(0|1|2|\+Inf)"/.test(line))
      const atMost2 = size === 3 ? 5 : 4
      expect(lines).toEqual([
        'h_bucket{le="0"} 2',
        'h_bucket{le="1"} 4',
        `h_bucket{le="2"} ${atMost2}`,
        'h_bucket{le="+Inf"} 6',
      ])
    }
  })

  it('takes a number, a boolean and their texts for one series, and no label for an empty one', async () => {
    const registry = createRegistry()
    const counter = registry.counter({ name: 'x', help: 'x', labels: ['status', 'cached'] })
    for (let round = 0; round < 2; round++) {
      counter.inc({ status: 200, cached: true })
      counter.inc({ status: '200', cached: 'true' })
      counter.inc({ status: 200, cached: 'true' })
      counter.inc({ status: Number.NaN, cached: '' })
      counter.inc({ status: 'NaN' } as never)
      counter.inc({} as never)
      counter.inc({ status: '', cached: '' })
    }
    expect(await samples(registry)).toEqual([
      'x_total{status="200",cached="true"} 6',
      'x_total{status="NaN"} 4',
      'x_total 4',
    ])
  })

  it('does not take what every object inherits for a label', async () => {
    const registry = createRegistry()
    const counter = registry.counter({ name: 'x', help: 'x', labels: ['constructor', 'toString'] })
    for (let i = 0; i < 3; i++) counter.inc({ constructor: 'a' } as never)
    for (let i = 0; i < 3; i++) counter.inc({} as never)
    counter.inc({ constructor: '__proto__', toString: 'constructor' } as never)
    expect(await samples(registry)).toEqual([
      'x_total{constructor="a"} 3',
      'x_total 3',
      'x_total{constructor="__proto__",toString="constructor"} 1',
    ])
  })

  it('leaves out a label the instrument does not have, and says so', async () => {
    const said: string[] = []
    const diagnostics = createDiagnostics({ onMessage: ({ message }) => said.push(message) })
    const registry = createRegistry({ diagnostics })
    registry.counter({ name: 'x', help: 'x', labels: ['a'] }).inc({ a: '1', b: '2' } as never)
    expect(await samples(registry)).toEqual(['x_total{a="1"} 1'])
    expect(said).toEqual(['counter "x" has no label "b", it has a; the label is left out'])
  })

  it('cuts a value of a megabyte, and counts that', async () => {
    const diagnostics = createDiagnostics()
    const registry = createRegistry({ diagnostics })
    const counter = registry.counter({ name: 'x', help: 'x', labels: ['a'] })
    counter.inc({ a: 'y'.repeat(1_000_000) })
    counter.inc({ a: 'y'.repeat(1024) })
    expect(await samples(registry)).toEqual([`x_total{a="${'y'.repeat(1024)}"} 2`])
    expect(diagnostics.snapshot()).toMatchObject([
      { name: 'triscope_metric_label_values_cut_total', value: 1 },
    ])
  })
})

describe('exemplars', () => {
  const scrape = (registry: Registry): Promise<string[]> => samples(registry, OPENMETRICS)

  it('come from the active sampled span, are kept over unsampled traffic, and follow the next sampled span', async () => {
    const clock = createManualClock()
    const registry = createRegistry({ clock })
    const counter = registry.counter({ name: 'x', help: 'x' })
    const storage = installContext()
    const inSpan = (span: SpanContext): void =>
      storage.run(contextWithSpan(ROOT_CONTEXT, trace.wrapSpanContext(span)), () => counter.add(2))
    inSpan(sampled)
    const kept =
      ' # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id="00f067aa0ba902b7"} 2 1767225600.000'
    expect(await scrape(registry)).toEqual([`x_total 2${kept}`])
    await clock.advance(1_500)
    inSpan(unsampled)
    counter.add(2)
    expect(await scrape(registry)).toEqual([`x_total 6${kept}`])
    inSpan({ ...sampled, spanId: '0000000000000001' })
    expect(await scrape(registry)).toEqual([
      'x_total 8 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id="0000000000000001"} 2 1767225601.500',
    ])
  })

  it('are kept for each bucket of their own, and name the span that is given over the active one', async () => {
    const registry = createRegistry({ clock: createManualClock() })
    const bound = registry.histogram({ name: 'h', help: 'h', buckets: [1, 2] }).series()
    bound.observe(0.5, sampled)
    bound.observe(1.5, unsampled)
    bound.observe(9, { ...sampled, spanId: '0000000000000009' })
    const ids = 'trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id='
    expect(await scrape(registry)).toEqual([
      `h_bucket{le="1.0"} 1 # {${ids}"00f067aa0ba902b7"} 0.5 1767225600.000`,
      'h_bucket{le="2.0"} 2',
      `h_bucket{le="+Inf"} 3 # {${ids}"0000000000000009"} 9 1767225600.000`,
      'h_sum 11',
      'h_count 3',
    ])
    expect(await registry.text()).not.toContain('trace_id')
  })

  it('are not kept where they are switched off, nor from a span that cannot be read', async () => {
    const off = createRegistry({ exemplars: false }).histogram({ name: 'h', help: 'h' }).series()
    const unreadable = {
      get traceFlags(): number {
        throw new Error('no')
      },
    }
    off.observe(1, unreadable as never)
    const diagnostics = createDiagnostics()
    const registry = createRegistry({ diagnostics })
    const counter = registry.counter({ name: 'x', help: 'x' }).series()
    counter.add(1, unreadable as never)
    counter.add(1, { traceFlags: 1, traceId: 5, spanId: {} } as never)
    expect(await scrape(registry)).toEqual(['x_total 2'])
    expect(diagnostics.snapshot()).toMatchObject([{ labels: { reason: 'EXEMPLAR_INVALID' }, value: 2 }])
  })
})

describe('series limit', () => {
  it('folds label sets beyond it into one overflow series, with exact totals and a warning that names the label', async () => {
    const said: string[] = []
    const diagnostics = createDiagnostics({ onMessage: ({ message }) => said.push(message) })
    const registry = createRegistry({ maxSeries: 100, diagnostics })
    const counter = registry.counter({ name: 'x', help: 'x', labels: ['method', 'user'] })
    for (let i = 0; i < 200_000; i++) counter.inc({ method: i % 2 === 0 ? 'GET' : 'POST', user: `u${i}` })
    for (let i = 0; i < 10; i++) counter.inc({ method: 'GET', user: 'u0' })
    const lines = await samples(registry)
    expect(lines).toHaveLength(101)
    expect(lines[0]).toBe('x_total{method="GET",user="u0"} 11')
    expect(lines[100]).toBe('x_total{otel_metric_overflow="true"} 199900')
    expect(diagnostics.snapshot()).toContainEqual(
      expect.objectContaining({ labels: { signal: 'metrics', reason: 'SERIES_LIMIT' }, value: 199_900 }),
    )
    expect(registry.usage()).toMatchObject([
      { metric: 'x_total', series: 100, maxSeries: 100, folded: 199_900 },
    ])
    expect(said).toEqual([
      expect.stringMatching(
        /^counter "x" reached its limit of 100 label sets, and counts new ones in one overflow series; label "user" has about 10\d different values$/,
      ),
    ])
  })

  it('folds gauges and histograms, also through handles that were bound beyond it', async () => {
    const registry = createRegistry({ diagnostics: createDiagnostics({ onMessage: () => undefined }) })
    const gauge = registry.gauge({ name: 'g', help: 'g', labels: ['a'], maxSeries: 1 })
    const histogram = registry.histogram({ name: 'h', help: 'h', labels: ['a'], maxSeries: 1, buckets: [1] })
    for (const a of ['1', '2', '3']) {
      gauge.series({ a }).add(2)
      histogram.series({ a }).observe(0.5)
    }
    expect(await samples(registry)).toEqual([
      'g{a="1"} 2',
      'g{otel_metric_overflow="true"} 4',
      'h_bucket{a="1",le="1"} 1',
      'h_bucket{a="1",le="+Inf"} 1',
      'h_sum{a="1"} 0.5',
      'h_count{a="1"} 1',
      'h_bucket{otel_metric_overflow="true",le="1"} 2',
      'h_bucket{otel_metric_overflow="true",le="+Inf"} 2',
      'h_sum{otel_metric_overflow="true"} 1',
      'h_count{otel_metric_overflow="true"} 2',
    ])
    expect(registry.usage().map(({ folded }) => folded)).toEqual([2, 2])
  })

  it('holds however the values are spelt', async () => {
    const registry = createRegistry({ maxSeries: 3 })
    const counter = registry.counter({ name: 'x', help: 'x', labels: ['a', 'b'] })
    for (let round = 0; round < 3; round++) {
      for (const a of [1, '1', 2, '2', 3, '3']) {
        for (const b of [undefined, null, '']) counter.inc({ a, b } as never)
      }
    }
    expect(await samples(registry)).toEqual(['x_total{a="1"} 18', 'x_total{a="2"} 18', 'x_total{a="3"} 18'])
  })
})
