import type { SpanContext } from '@opentelemetry/api'
import { createManualClock } from '@triscope/testing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRegistry, type Registry } from './index.ts'
import {
  bucketsOf,
  type DecodedFamily,
  decodeFamilies,
  type Message,
} from './metric-family-decoder.fixture.ts'

const PROTOBUF = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited'
const sampled: SpanContext = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  traceFlags: 1,
}

async function scrape(registry: Registry): Promise<DecodedFamily[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of registry.expose({ accept: PROTOBUF }).body) chunks.push(chunk)
  return decodeFamilies(Buffer.concat(chunks))
}

async function pointOf(registry: Registry): Promise<Message> {
  const [family] = await scrape(registry)
  return family?.metrics[0]?.point ?? {}
}

describe('a native histogram', () => {
  it('has sparse buckets, in delta-encoded spans, beside the classic ones', async () => {
    const clock = createManualClock()
    const registry = createRegistry({ clock })
    const native = { schema: 0, zeroThreshold: 0.5 }
    const h = registry.histogram({ name: 'h_seconds', unit: 'seconds', help: 'H', buckets: [1, 10], native })
    for (const v of [0, 0.5, -0.25, 1, 1.5, 2, 2.5, 1000, -3]) h.observe(v)
    expect(await scrape(registry)).toEqual([
      {
        name: 'h_seconds',
        help: 'H',
        type: 'histogram',
        unit: 'seconds',
        metrics: [
          {
            labels: {},
            kind: 'histogram',
            point: {
              bucket: [
                { count: 5, bound: 1 },
                { count: 8, bound: 10 },
                { count: 9, bound: Number.POSITIVE_INFINITY },
              ],
              count: 9,
              sum: 1004.25,
              schema: 0,
              zeroThreshold: 0.5,
              zeroCount: 3,
              negativeSpan: [{ offset: 2, length: 1 }],
              negativeDelta: [1],
              // (0.5,1] has one, (1,2] two, (2,4] one, (512,1024] one.
              positiveSpan: [
                { offset: 0, length: 3 },
                { offset: 7, length: 1 },
              ],
              positiveDelta: [1, 1, -1, 0],
              created: { seconds: 1_767_225_600, nanos: 0 },
            },
          },
        ],
      },
    ])
    expect(await registry.text()).toContain('h_seconds_bucket{le="10"} 8\n')
  })

  it('tells a short gap as empty buckets, and a long one as a new span', async () => {
    const registry = createRegistry()
    const h = registry.histogram({ name: 'h', help: 'h', buckets: false, native: { schema: 0 } })
    for (const v of [1, 8, 128]) h.observe(v)
    const { positiveSpan, positiveDelta } = await pointOf(registry)
    expect(positiveSpan).toEqual([
      { offset: 0, length: 4 },
      { offset: 3, length: 1 },
    ])
    expect(positiveDelta).toEqual([1, -1, 0, 1, 0])
    expect(bucketsOf(positiveSpan, positiveDelta)).toEqual({ 0: 1, 3: 1, 7: 1 })
  })

  it('without classic buckets has count and sum alone in text, and says that it is native when it is empty', async () => {
    const registry = createRegistry({ clock: createManualClock() })
    const native = { schema: 3, zeroThreshold: 0 }
    registry.histogram({ name: 'h', help: 'h', buckets: false, native })
    expect(await pointOf(registry)).toEqual({
      count: 0,
      sum: 0,
      schema: 3,
      zeroThreshold: 0,
      zeroCount: 0,
      positiveSpan: [{ offset: 0, length: 0 }],
      created: { seconds: 1_767_225_600, nanos: 0 },
    })
    expect(await registry.text()).toBe(
      '# HELP h h\n# TYPE h histogram\nh_bucket{le="+Inf"} 0\nh_sum 0\nh_count 0\n',
    )
  })

  it('keeps to its limit of buckets by merging neighbours, of both signs alike', async () => {
    const registry = createRegistry()
    const native = { schema: 8, maxBuckets: 21 }
    const h = registry.histogram({ name: 'h', help: 'h', buckets: false, native })
    h.observe(-1)
    for (let i = 1; i <= 1000; i++) h.observe(i)
    const { schema, positiveSpan, positiveDelta, negativeSpan, negativeDelta } = await pointOf(registry)
    expect(schema).toBe(1)
    const counts = bucketsOf(positiveSpan, positiveDelta)
    expect(Object.keys(counts).length).toBeLessThanOrEqual(21)
    expect(Object.values(counts).reduce((a, b) => a + b, 0)).toBe(1000)
    expect(bucketsOf(negativeSpan, negativeDelta)).toEqual({ 0: 1 })
    // sqrt(2)^19 is 724: from there to 1024 is bucket 20.
    expect(counts[20]).toBe(1000 - 724)
    h.reset()
    h.observe(5)
    expect((await pointOf(registry))['schema']).toBe(8)
  })

  it('counts each observation in the bucket whose bounds are around it', async () => {
    const value = fc.double({ min: -1e9, max: 1e9, noNaN: true })
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { maxLength: 60 }),
        fc.integer({ min: -4, max: 8 }),
        async (values, schema) => {
          const registry = createRegistry()
          const h = registry.histogram({ name: 'h', help: 'h', native: { schema, maxBuckets: 1000 } })
          for (const v of values) h.observe(v)
          const point = await pointOf(registry)
          const base = 2 ** (2 ** -(point['schema'] as number))
          const zeros = values.filter((v) => Math.abs(v) <= 2 ** -128).length
          expect(point['zeroCount']).toBe(zeros)
          for (const [sign, spans, deltas] of [
            [1, 'positiveSpan', 'positiveDelta'],
            [-1, 'negativeSpan', 'negativeDelta'],
          ] as const) {
            const magnitudes = values.map((v) => v * sign).filter((v) => v > 2 ** -128)
            const counts = bucketsOf(point[spans], point[deltas])
            let counted = 0
            for (const [index, count] of Object.entries(counts)) {
              const [low, high] = [base ** (Number(index) - 1), base ** Number(index)]
              const surely = magnitudes.filter((v) => v > low * (1 + 1e-9) && v < high * (1 - 1e-9)).length
              const perhaps = magnitudes.filter((v) => v > low * (1 - 1e-9) && v < high * (1 + 1e-9)).length
              expect(count).toBeGreaterThanOrEqual(surely)
              expect(count).toBeLessThanOrEqual(perhaps)
              counted += count
            }
            expect(counted).toBe(magnitudes.length)
          }
        },
      ),
      { numRuns: 200, seed: 5 },
    )
  })

  it('has the exemplars of sampled spans, with their times', async () => {
    const registry = createRegistry({ clock: createManualClock() })
    const h = registry.histogram({ name: 'h', help: 'h', buckets: [1], native: true })
    h.series().observe(0.5, sampled)
    const exemplar = {
      label: [
        { name: 'trace_id', value: sampled.traceId },
        { name: 'span_id', value: sampled.spanId },
      ],
      value: 0.5,
      timestamp: { seconds: 1_767_225_600, nanos: 0 },
    }
    const { bucket, exemplars, schema } = await pointOf(registry)
    expect(bucket).toEqual([
      { count: 1, bound: 1, exemplar },
      { count: 1, bound: Number.POSITIVE_INFINITY },
    ])
    expect(exemplars).toEqual([exemplar])
    expect(schema).toBe(3)
  })

  it('takes the coarsest schema that keeps to a growth factor', async () => {
    for (const [growthFactor, schema] of [
      [1.01, 7],
      [1.1, 3],
      [2, 0],
      [70_000, -4],
      [1.000001, 8],
    ] as const) {
      const registry = createRegistry()
      registry.histogram({ name: 'h', help: 'h', native: { growthFactor } })
      expect((await pointOf(registry))['schema']).toBe(schema)
    }
  })

  it('is refused with the option that is wrong', () => {
    const registry = createRegistry()
    const make = (native: unknown) => () => registry.histogram({ name: 'h', help: 'h', native } as never)
    expect(make({ schema: 9 })).toThrow(
      'histogram "h".native.schema: expected a whole number from -4 to 8, got 9',
    )
    expect(make({ growthFactor: 1 })).toThrow('histogram "h".native.growthFactor: expected a number above 1')
    expect(make({ maxBuckets: 5 })).toThrow(
      'histogram "h".native.maxBuckets: expected a whole number from 10 to 1000, got 5',
    )
    expect(make({ zeroThreshold: -1 })).toThrow('histogram "h".native.zeroThreshold: expected a number of 0')
    expect(make('yes')).toThrow('histogram "h".native: expected true, false, or an object, got "yes"')
    expect(make({ buckets: 5 })).toThrow('unknown option "histogram "h".native.buckets"')
    expect(() => registry.histogram({ name: 'h', help: 'h', buckets: false })).toThrow(
      'histogram "h": buckets must be a list of at least one number, got false',
    )
    registry.histogram({ name: 'h', help: 'h', native: true })
    expect(make(undefined)).toThrow('with other buckets')
  })
})

describe('protobuf', () => {
  it('tells every type, with the created timestamps of those that have one', async () => {
    const clock = createManualClock()
    const registry = createRegistry({ clock })
    const created = { seconds: 1_767_225_601, nanos: 500_000_000 }
    await clock.advance(1500)
    registry.counter({ name: 'c', help: 'C', labels: ['a'] }).add(2.5, { a: '"\n' })
    registry.gauge({ name: 'g', help: '' }).set(Number.NaN)
    registry.info({ name: 'build', help: 'b', labels: ['v'] }).set({ v: '1' })
    const summary = { name: 's', help: 's', relativeError: 0.01, quantiles: [0, 1] }
    registry.summary(summary).observe(4)
    registry.attach({
      name: 'mine',
      collect(to) {
        to.family('u', 'unknown', 'u')
        to.point({}, -1)
        to.family('h', 'histogram', 'h')
        to.point({ le: '1' }, 1.5, '_bucket')
        to.point({ le: '+Inf' }, 3, '_bucket')
      },
    })
    const families = await scrape(registry)
    expect(families.map(({ name, type, help }) => [name, type, help])).toEqual([
      ['c_total', 'counter', 'C'],
      ['g', 'gauge', ''],
      ['build_info', 'gauge', 'b'],
      ['s', 'summary', 's'],
      ['u', 'untyped', 'u'],
      ['h', 'histogram', 'h'],
    ])
    expect(families.map(({ metrics }) => metrics)).toEqual([
      [{ labels: { a: '"\n' }, kind: 'counter', point: { value: 2.5, created } }],
      [{ labels: {}, kind: 'gauge', point: { value: Number.NaN } }],
      [{ labels: { v: '1' }, kind: 'gauge', point: { value: 1 } }],
      [
        {
          labels: {},
          kind: 'summary',
          point: {
            count: 1,
            sum: 4,
            quantile: [
              { quantile: 0, value: 4 },
              { quantile: 1, value: 4 },
            ],
            created,
          },
        },
      ],
      [{ labels: {}, kind: 'untyped', point: { value: -1 } }],
      [
        {
          labels: {},
          kind: 'histogram',
          point: {
            bucket: [
              { countFloat: 1.5, bound: 1 },
              { count: 3, bound: Number.POSITIVE_INFINITY },
            ],
            count: 3,
          },
        },
      ],
    ])
  })

  it('frames a family of any size as one message', async () => {
    const registry = createRegistry({ maxSeries: 10_000 })
    const gauge = registry.gauge({ name: 'g', help: 'g', labels: ['id'] })
    for (let id = 0; id < 10_000; id++) gauge.set(id, { id })
    registry.counter({ name: 'c', help: 'c' })
    const [family, last] = await scrape(registry)
    expect(family?.metrics.map(({ labels, point }) => [labels['id'], point['value']])).toEqual(
      Array.from({ length: 10_000 }, (_, id) => [String(id), id]),
    )
    expect(last?.name).toBe('c_total')
  })
})
