// Whatever is registered and recorded, both formats can be read back, and say the same. The parser here is written
// from the grammar of the formats, shares nothing with the renderer, and refuses what a scraper would.
import { spawnSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRegistry, type Registry } from './index.ts'
import { type ParsedFamily, parseStrictly } from './strict-parser.fixture.ts'

const OPENMETRICS = 'application/openmetrics-text'

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', '"', '\\', '\n', '\r', '\u0000', '\n# EOF\n', 'a="b"', '} 1\nx 2', '\\n', '\\"', 'é😀'),
  fc.constantFrom('\ud800', '\udc00x', '__proto__', 'constructor'),
)
const labelName = fc.stringMatching(/^[a-z][a-z0-9_]{0,5}$/).filter((name) => name !== 'le')
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }),
  fc.constantFrom(0, -0, 1, 5e-324, 1e21, 2 ** 53 + 2, 0.1, 1e-7),
)
const anyNumber = fc.oneof(
  number,
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
)
const family = fc.record({
  type: fc.constantFrom('counter' as const, 'gauge' as const, 'histogram' as const),
  help: hostile,
  labels: fc.uniqueArray(labelName, { maxLength: 3 }),
  buckets: fc
    .uniqueArray(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), {
      minLength: 1,
      maxLength: 5,
      // To a bound, minus zero is zero.
      selector: (bound) => bound + 0,
    })
    .map((bounds) => bounds.sort((a, b) => a - b)),
  recordings: fc.array(
    fc.record({ values: fc.array(hostile, { minLength: 3, maxLength: 3 }), n: anyNumber }),
    {
      maxLength: 8,
    },
  ),
})
type Family = typeof family extends fc.Arbitrary<infer T> ? T : never

/** What UTF-8 makes of a text: lone surrogates become U+FFFD. */
const wellFormed = (text = ''): string => Buffer.from(text).toString()

/** What the exposition must say, kept in the plainest way: one Map, keyed by JSON. */
function expected(given: Family, format: 'text' | 'openmetrics', index: number): Record<string, number> {
  const { type, labels, buckets, recordings } = given
  const sets = new Map<string, { labels: Record<string, string>; seen: number[] }>()
  const setOf = (values: readonly string[]): number[] => {
    const pairs = labels.map((name, i) => [name, wellFormed(values[i])] as const)
    const set = Object.fromEntries(pairs.filter(([, value]) => value !== ''))
    const key = JSON.stringify(Object.entries(set).sort())
    const there = sets.get(key) ?? { labels: set, seen: [] }
    sets.set(key, there)
    return there.seen
  }
  if (labels.length === 0) setOf([])
  for (const { values, n } of recordings) setOf(values).push(n)
  const lines: Record<string, number> = {}
  const name = `m${index}`
  const line = (suffix: string, set: Record<string, string>, value: number): void => {
    lines[JSON.stringify([name + suffix, Object.entries(set).sort()])] = value
  }
  for (const { labels: set, seen } of sets.values()) {
    if (type === 'gauge') line('', set, seen.at(-1) ?? 0)
    if (type === 'counter') {
      line(
        '_total',
        set,
        seen.filter((n) => n >= 0 && n < Infinity).reduce((sum, n) => sum + n, 0),
      )
    }
    if (type === 'histogram') {
      const kept = seen.filter((n) => Number.isFinite(n))
      for (const bound of [...buckets, Infinity]) {
        line('_bucket', { ...set, le: String(bound) }, kept.filter((n) => n <= bound).length)
      }
      const sum = kept.reduce((total, n) => total + n, 0)
      if (format === 'openmetrics' && (sum < 0 || (buckets[0] as number) < 0)) continue
      line('_sum', set, sum)
      line('_count', set, kept.length)
    }
  }
  return lines
}

function build(families: readonly Family[]): Registry {
  const registry = createRegistry({ lint: 'off' })
  for (const [index, { type, help, labels, buckets, recordings }] of families.entries()) {
    const options = { name: `m${index}`, help, labels }
    const record = recorder(registry, type, options, buckets)
    for (const { values, n } of recordings) {
      record(
        n,
        labels.length === 0 ? [] : [Object.fromEntries(labels.map((name, i) => [name, values[i] ?? '']))],
      )
    }
  }
  return registry
}

type Recorder = (n: number, at: [] | [Record<string, string>]) => void

/** The types cannot know labels that were made up a moment ago. */
function recorder(
  registry: Registry,
  type: Family['type'],
  options: { name: string; help: string; labels: readonly string[] },
  buckets: readonly number[],
): Recorder {
  if (type === 'counter') {
    const counter = registry.counter(options)
    return (n, at) => counter.add(n, ...(at as [never]))
  }
  if (type === 'gauge') {
    const gauge = registry.gauge(options)
    return (n, at) => gauge.set(n, ...(at as [never]))
  }
  const histogram = registry.histogram({ ...options, buckets })
  return (n, at) => histogram.observe(n, ...(at as [never]))
}

const samplesOf = (families: readonly ParsedFamily[]): Record<string, number> =>
  Object.fromEntries(
    families.flatMap(({ samples }) =>
      samples.map(({ name, labels, value }) => {
        const set = 'le' in labels ? { ...labels, le: String(boundOf(labels['le'])) } : labels
        return [JSON.stringify([name, Object.entries(set).sort()]), value]
      }),
    ),
  )
const boundOf = (le: string | undefined): number => (le === '+Inf' ? Infinity : Number(le))

describe('exposition', () => {
  it('can be read back in both formats, with every series equal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(family, { maxLength: 4 }), async (families) => {
        const registry = build(families)
        for (const format of ['text', 'openmetrics'] as const) {
          const text = await registry.text(format === 'openmetrics' ? OPENMETRICS : undefined)
          const parsed = parseStrictly(text, format)
          const wanted = Object.assign({}, ...families.map((given, i) => expected(given, format, i)))
          expect(samplesOf(parsed)).toEqual(normalised(wanted))
          expect(parsed.map(({ help }) => help)).toEqual(families.map(({ help }) => wellFormed(help)))
        }
      }),
      { numRuns: 200, seed: 20_261_101 },
    )
  })

  const promtool = spawnSync('promtool', ['--version']).status === 0
  it.skipIf(!promtool)('is accepted by promtool, all generated registries as one', async () => {
    const generated = fc.sample(family, { numRuns: 300, seed: 20_261_102 })
    const text = await build(generated).text()
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    // 3 is what its linter returns for names it would choose otherwise; 1 is an exposition that cannot be read.
    expect([0, 3], stderr).toContain(status)
  })
})

/** Bounds are compared as numbers, and minus zero as zero, as the formats do. */
function normalised(lines: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(lines).map(([key, value]) => {
      const [name, labels] = JSON.parse(key) as [string, [string, string][]]
      const set = labels.map(([label, text]) => [label, label === 'le' ? String(boundOf(text) + 0) : text])
      return [JSON.stringify([name, set]), value + 0]
    }),
  )
}
