import { type Clock, createDiagnostics, type DiagnosticMessage } from '@triscope/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DistinctCount } from './distinct-count.ts'
import { createRegistry, type Registry, registrySource } from './index.ts'

function watched(options: { maxSeries?: number; maxTotalSeries?: number }): {
  registry: Registry
  said: DiagnosticMessage[]
  folded(): number
  advance(ms: number): void
} {
  let nowMs = 0
  const clock: Clock = { wallMs: () => nowMs, monotonicMs: () => nowMs, timer: () => ({ cancel() {} }) }
  const said: DiagnosticMessage[] = []
  const diagnostics = createDiagnostics({ clock, onMessage: (message) => said.push(message) })
  return {
    registry: createRegistry({ ...options, diagnostics, clock }),
    said,
    folded: () =>
      diagnostics.snapshot().find(({ labels }) => labels['reason'] === 'SERIES_LIMIT')?.value ?? 0,
    advance: (ms) => {
      nowMs += ms
    },
  }
}

async function totalOf(registry: Registry, name: string): Promise<number> {
  const lines = (await registry.text()).split('\n').filter((line) => line.startsWith(`${name}{`))
  return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0)
}

describe('the cardinality firewall', () => {
  it('folds new label sets of every instrument once all together reached the total, and goes on counting the known', async () => {
    const { registry, said, folded } = watched({ maxTotalSeries: 5 })
    const first = registry.counter({ name: 'first_total', help: 'F', labels: ['id'] })
    const second = registry.histogram({ name: 'second', help: 'S', labels: ['id'], buckets: [1] })
    for (let id = 0; id < 4; id++) first.inc({ id })
    for (let id = 0; id < 3; id++) second.observe(1, { id })
    first.inc({ id: 'new' })
    first.inc({ id: 0 })
    expect(registry.usage().map(({ metric, series, folded: count }) => [metric, series, count])).toEqual([
      ['first_total', 4, 1],
      ['second', 1, 2],
    ])
    expect(await totalOf(registry, 'first_total')).toBe(6)
    expect(await totalOf(registry, 'second_count')).toBe(3)
    expect(folded()).toBe(3)
    expect(said.map(({ message }) => message)).toEqual([
      'histogram "second" met the limit of 5 label sets for all instruments together, and counts new ones in one overflow series; label "id" has about 2 different values',
      'counter "first" met the limit of 5 label sets for all instruments together, and counts new ones in one overflow series; label "id" has about 5 different values',
    ])
  })

  it('has a total of ten times maxSeries where none is given, also after it was configured', () => {
    const { registry } = watched({ maxSeries: 1 })
    const instruments = Array.from({ length: 13 }, (_, i) =>
      registry.gauge({ name: `g${i}`, help: 'G', labels: ['id'] }),
    )
    const kept = (): number => registry.usage().reduce((total, { series }) => total + series, 0)
    for (const gauge of instruments) gauge.set(1, { id: 'a' })
    expect(kept()).toBe(10)
    registry.configure({ maxTotalSeries: 12 })
    for (const gauge of instruments) gauge.set(1, { id: 'a' })
    expect(kept()).toBe(12)
    expect(() => registry.configure({ maxTotalSeries: 0 })).toThrow(
      'metrics.maxTotalSeries: expected a whole number',
    )
    expect(() => createRegistry({ maxTotalSeries: 1.5 })).toThrow('maxTotalSeries: expected a whole number')
  })

  it('leaves instruments without labels alone', async () => {
    const { registry } = watched({ maxTotalSeries: 1 })
    registry.counter({ name: 'a', help: 'A', labels: ['id'] }).inc({ id: 1 })
    registry.counter({ name: 'b', help: 'B' }).inc()
    expect(await registry.text()).toContain('\nb_total 1\n')
  })

  it('warns of each instrument once a minute, with the label to blame as it is then', () => {
    const { registry, said, advance } = watched({ maxSeries: 10 })
    const make = (name: string) => registry.counter({ name, help: 'x', labels: ['kind', 'user'] })
    const [a, b] = [make('a'), make('b')]
    const attack = (from: number, to: number): void => {
      for (let i = from; i < to; i++) {
        a.inc({ kind: `k${i % 3}`, user: `u${i}` })
        b.inc({ kind: `k${i % 5}`, user: 'u' })
      }
    }
    attack(0, 3_000)
    b.inc({ kind: 'k0', user: 'another' })
    for (let i = 0; i < 2_000; i++) b.inc({ kind: `k${i}`, user: 'u' })
    expect(said.map(({ code, message }) => [code, message.slice(0, 11)])).toEqual([
      ['TRI_WARN_CARDINALITY', 'counter "a"'],
      ['TRI_WARN_CARDINALITY', 'counter "b"'],
    ])
    advance(60_000)
    attack(3_000, 10_000)
    expect(said).toHaveLength(3)
    const [, label, count] = /label "(\w+)" has about (\d+) /.exec(said[2]?.message ?? '') ?? []
    expect(label).toBe('user')
    expect(Number(count)).toBeGreaterThan(3_500)
  })

  it('names the label and its count of values in a metric, for instruments that overflowed alone', async () => {
    const { registry } = watched({ maxSeries: 100 })
    registry.attach(registrySource(registry))
    registry.counter({ name: 'calm', help: 'C', labels: ['id'] }).inc({ id: 1 })
    const wild = registry.counter({ name: 'wild', help: 'W', labels: ['method', 'user'] })
    for (let i = 0; i < 100; i++) wild.inc({ method: 'GET', user: i })
    expect(await registry.text()).not.toContain('label_values')
    for (let i = 0; i < 20_000; i++) wild.inc({ method: i % 2 === 0 ? 'GET' : 'PUT', user: i })
    const lines = (await registry.text()).split('\n').filter((line) => line.includes('label_values{'))
    expect(lines).toEqual([
      'triscope_metric_label_values{metric="wild_total",label="method"} 2',
      expect.stringMatching(/^triscope_metric_label_values\{metric="wild_total",label="user"\} \d+$/),
    ])
    const users = Number(lines[1]?.split(' ')[1])
    expect(Math.abs(users - 20_000)).toBeLessThan(2_000)
  })

  it('counts every measurement exactly once, whatever the limits and the order', async () => {
    const set = fc.record({ a: fc.nat(6), b: fc.constantFrom('x', 'y', 'z') })
    const run = fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 12 }),
      fc.array(set),
      async (maxSeries, maxTotalSeries, sets) => {
        const { registry, folded } = watched({ maxSeries, maxTotalSeries })
        const one = registry.counter({ name: 'one', help: 'x', labels: ['a', 'b'] })
        const two = registry.counter({ name: 'two', help: 'x', labels: ['a', 'b'] })
        sets.forEach((labels, i) => {
          if (i % 3 === 0) one.inc(labels)
          else if (i % 3 === 1) two.inc(labels)
          else one.series(labels).add(1)
        })
        const usage = registry.usage()
        expect(usage.reduce((total, { series }) => total + series, 0)).toBeLessThanOrEqual(maxTotalSeries)
        expect(usage.every(({ series }) => series <= maxSeries)).toBe(true)
        expect(usage.reduce((total, { folded: count }) => total + count, 0)).toBe(folded())
        expect((await totalOf(registry, 'one_total')) + (await totalOf(registry, 'two_total'))).toBe(
          sets.length,
        )
      },
    )
    await fc.assert(run, { numRuns: 200 })
  })
})

describe('the count of different texts', () => {
  it('is within a tenth at any size, and does not count a text twice', () => {
    const count = new DistinctCount()
    expect(count.estimate()).toBe(0)
    let next = 0
    for (const size of [1, 10, 100, 1_000, 2_000, 5_000, 20_000, 100_000]) {
      for (; next < size; next++) count.add(`/users/${next}`)
      for (let again = 0; again < Math.min(size, 1_000); again++) count.add(`/users/${again}`)
      expect([size, Math.abs(count.estimate() / size - 1) <= 0.1]).toEqual([size, true])
    }
  })
})
