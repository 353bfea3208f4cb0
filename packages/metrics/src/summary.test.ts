import { createDiagnostics } from '@triscope/core'
import { createManualClock, type ManualClock } from '@triscope/testing'
import { describe, expect, it } from 'vitest'
import { createRegistry, type Registry } from './index.ts'

const samples = async (registry: Registry, accept?: string): Promise<string[]> =>
  (await registry.text(accept)).split('\n').filter((line) => line !== '' && line[0] !== '#')

function setUp(): { registry: Registry; clock: ManualClock; dropped(): number } {
  const clock = createManualClock()
  const diagnostics = createDiagnostics({ clock, onMessage: () => undefined })
  const dropped = (): number =>
    diagnostics.snapshot().find(({ labels }) => labels['reason'] === 'VALUE_INVALID')?.value ?? 0
  return { registry: createRegistry({ clock, diagnostics }), clock, dropped }
}

const accuracies = [
  ['objectives', { objectives: { 0: 0.01, 0.5: 0.01, 1: 0.01 } }],
  ['a relative error', { relativeError: 0.01, quantiles: [0, 0.5, 1] }],
] as const

describe.each(accuracies)('a summary with %s', (_, accuracy) => {
  it('exposes quantiles, sum and count, and NaN for quantiles of nothing', async () => {
    const { registry } = setUp()
    const size = registry.summary({ name: 'size_bytes', unit: 'bytes', help: 'Size', ...accuracy })
    const head = '# HELP size_bytes Size\n# TYPE size_bytes summary\n'
    const nothing = [0, 0.5, 1].map((q) => `size_bytes{quantile="${q}"} NaN\n`).join('')
    expect(await registry.text()).toBe(`${head}${nothing}size_bytes_sum 0\nsize_bytes_count 0\n`)
    for (const value of [10, 10, 30]) size.observe(value)
    expect(await registry.text('application/openmetrics-text')).toMatch(
      /^# TYPE size_bytes summary\n# UNIT size_bytes bytes\n# HELP size_bytes Size\nsize_bytes\{quantile="0.0"\} 10\nsize_bytes\{quantile="0.5"\} (10|10\.\d+)\nsize_bytes\{quantile="1.0"\} 30\nsize_bytes_sum 50\nsize_bytes_count 3\n# EOF\n$/,
    )
  })

  it('forgets what is older than its age, but not in sum and count', async () => {
    const { registry, clock } = setUp()
    const summary = registry.summary({ name: 's', help: 's', ...accuracy, maxAgeSeconds: 600, ageBuckets: 5 })
    const most = async (): Promise<string | undefined> =>
      (await samples(registry)).find((line) => line.includes('quantile="1"'))
    summary.observe(100)
    await clock.advance(479_000)
    summary.observe(1)
    expect(await most()).toBe('s{quantile="1"} 100')
    await clock.advance(120_000)
    expect(await most()).toBe('s{quantile="1"} 100')
    await clock.advance(1_000)
    expect(await most()).toBe('s{quantile="1"} 1')
    await clock.advance(600_000)
    expect(await samples(registry)).toEqual([
      's{quantile="0"} NaN',
      's{quantile="0.5"} NaN',
      's{quantile="1"} NaN',
      's_sum 101',
      's_count 2',
    ])
    summary.observe(7)
    expect(await most()).toBe('s{quantile="1"} 7')
  })

  it('holds no timer when nothing was observed for a while, and starts it again by itself', async () => {
    const { registry, clock } = setUp()
    const summary = registry.summary({ name: 's', help: 's', ...accuracy, maxAgeSeconds: 5 })
    expect(clock.timers).toBe(0)
    for (let round = 0; round < 3; round++) {
      summary.observe(1)
      expect(clock.timers).toBe(1)
      await clock.advance(10_000)
      expect(clock.timers).toBe(0)
    }
  })

  it('holds as much after a million observations as after ten thousand', async () => {
    const { registry } = setUp()
    const summary = registry.summary({ name: 's', help: 's', ...accuracy })
    const observe = (times: number): void => {
      for (let i = 0; i < times; i++) summary.observe((i * 7919) % 10_007)
    }
    observe(200_000)
    expect((await samples(registry)).slice(-1)).toEqual(['s_count 200000'])
    const [, median = ''] = / (.*)$/.exec((await samples(registry))[1] as string) ?? []
    expect(Math.abs(Number(median) / 5003 - 1)).toBeLessThan(0.03)
  })

  it('drops what is no finite number, and poisons nothing', async () => {
    const { registry, dropped } = setUp()
    const summary = registry.summary({ name: 's', help: 's', labels: ['a'], ...accuracy })
    for (const value of [Number.NaN, Infinity, -Infinity, '1', 1n, undefined, null, Symbol('x'), {}]) {
      summary.observe(value as never, { a: 'x' })
    }
    summary.observe(Number.MAX_VALUE, { a: 'x' })
    summary.observe(Number.MAX_VALUE, { a: 'x' })
    summary.observe(-1, undefined as never)
    expect((await samples(registry)).slice(-2)).toEqual([
      `s_sum{a="x"} ${Number.MAX_VALUE}`,
      's_count{a="x"} 1',
    ])
    expect(dropped()).toBe(11)
  })

  it('folds label sets beyond its limit, and begins anew when it is removed', async () => {
    const { registry } = setUp()
    const summary = registry.summary({ name: 's', help: 's', labels: ['a'], maxSeries: 1, ...accuracy })
    const kept = summary.series({ a: '1' })
    kept.observe(5)
    summary.observe(1, { a: '2' })
    summary.observe(3, { a: '3' })
    expect((await samples(registry)).filter((line) => line.includes('overflow'))).toEqual([
      's{otel_metric_overflow="true",quantile="0"} 1',
      expect.stringMatching(/^s\{otel_metric_overflow="true",quantile="0.5"\} 1(\.0\d+)?$/),
      's{otel_metric_overflow="true",quantile="1"} 3',
      's_sum{otel_metric_overflow="true"} 4',
      's_count{otel_metric_overflow="true"} 2',
    ])
    summary.remove({ a: '1' })
    kept.observe(2)
    expect(await samples(registry)).toEqual(
      expect.arrayContaining(['s{a="1",quantile="1"} 2', 's_sum{a="1"} 2', 's_count{a="1"} 1']),
    )
  })
})

describe('the definition of a summary', () => {
  it('is refused with the option that is wrong', () => {
    const { registry } = setUp()
    const cases = [
      [{ objectives: {} }, 'summary "s".objectives: expected 1 to 50 quantiles, got an array'],
      [{ objectives: { 2: 0.1 } }, 'summary "s".objectives: expected quantiles from 0 to 1, got 2'],
      [{ objectives: { p50: 0.1 } }, 'summary "s".objectives: expected quantiles from 0 to 1, got NaN'],
      [{ objectives: { 0.5: 0 } }, 'summary "s".objectives.0.5: expected an error from 0.0001 to 0.5, got 0'],
      [{ objectives: [0.5] }, 'summary "s".objectives: expected an object of quantiles'],
      [
        { objectives: { 0.5: 0.1 }, relativeError: 0.1 },
        'summary "s": expected objectives, or relativeError',
      ],
      [{ relativeError: 0 }, 'summary "s".relativeError: expected a number from 0.0007 to 0.5, got 0'],
      [{ relativeError: 2 }, 'summary "s".relativeError: expected a number from 0.0007 to 0.5, got 2'],
      [{ quantiles: [] }, 'summary "s".quantiles: expected 1 to 50 quantiles'],
      [{ quantiles: [0.5, 0.5] }, 'summary "s".quantiles: expected each quantile once'],
      [{ maxAgeSeconds: 0 }, 'summary "s".maxAgeSeconds: expected a number of seconds, 1 or more, got 0'],
      [{ ageBuckets: 2.5 }, 'summary "s".ageBuckets: expected a whole number from 1 to 60, got 2.5'],
      [{ percentiles: [0.5] }, 'unknown option "summary "s".percentiles"'],
    ] as const
    for (const [options, message] of cases) {
      expect(() => registry.summary({ name: 's', help: 's', ...(options as object) })).toThrow(message)
    }
    expect(() => registry.summary({ name: 's', help: 's', labels: ['quantile'] })).toThrow(
      'summary "s": label "quantile" is written by the exposition itself and cannot be chosen',
    )
  })

  it('is the same when its accuracy is, and another when it is not', () => {
    const { registry } = setUp()
    const one = registry.summary({ name: 's', help: 's', objectives: { 0.9: 0.01, 0.5: 0.05 } })
    expect(registry.summary({ name: 's', help: 't', objectives: { 0.5: 0.05, 0.9: 0.01 } })).toBe(one)
    expect(() => registry.summary({ name: 's', help: 's' })).toThrow('with other accuracy or age')
  })
})
