/**
 * Generated registries: hostile names, labels, help texts and values, of every kind of instrument, and what their
 * exposition must say, kept in the plainest way.
 */
import { createDiagnostics } from '@triscope/core'
import * as fc from 'fast-check'
import { createRegistry, type Registry } from './index.ts'

const hostile: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', '"', '\\', '\n', '\r', '\u0000', '\n# EOF\n', 'a="b"', '} 1\nx 2', '\\n', '\\"', 'é😀'),
  fc.constantFrom('\ud800', '\udc00x', '__proto__', 'constructor'),
)
const utf8Name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
  .filter((name) => !/[\uD800-\uDFFF]/u.test(name) && !name.startsWith('__') && !name.startsWith('U__'))
const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9_]{0,5}$/),
  fc.constantFrom(
    'a.b',
    'a_b',
    'a-b',
    'x',
    'x_total',
    'le',
    'quantile',
    'h_bucket',
    'constructor',
    'é',
    '1a',
    '"',
    'a b',
  ),
  utf8Name,
)
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }),
  fc.constantFrom(0, -0, 1, 5e-324, 1e21, 2 ** 53 + 2, 0.1, 1e-7),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
)

const KINDS = [
  'counter',
  'upDownCounter',
  'gauge',
  'histogram',
  'native',
  'summary',
  'objectives',
  'info',
  'observable',
] as const

/** One instrument, and what is recorded to it. */
export interface GivenFamily {
  readonly kind: (typeof KINDS)[number]
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly buckets: readonly number[]
  readonly recordings: readonly { readonly values: readonly string[]; readonly n: number }[]
}

/** @param names any text, or only those that need no escaping */
export function families(names: 'any' | 'legacy', maxLength: number): fc.Arbitrary<GivenFamily[]> {
  const chosen = names === 'any' ? name : fc.stringMatching(/^[a-z][a-z0-9_]{0,5}$/)
  const family: fc.Arbitrary<GivenFamily> = fc.record({
    kind: fc.constantFrom(...KINDS),
    name: chosen,
    help: hostile,
    labels: fc.uniqueArray(chosen, { maxLength: 3 }),
    buckets: fc
      .uniqueArray(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), {
        minLength: 1,
        maxLength: 5,
        // To a bound, minus zero is zero.
        selector: (bound) => bound + 0,
      })
      .map((bounds) => bounds.sort((a, b) => a - b)),
    recordings: fc.array(
      fc.record({ values: fc.array(hostile, { minLength: 3, maxLength: 3 }), n: number }),
      { maxLength: 8 },
    ),
  })
  return fc.array(family, { maxLength })
}

/** What `count` registries have, the same for each seed; names begin with the number of theirs, so that all fit into one. */
export function numberedFamilies(count: number, seed: number): GivenFamily[] {
  const registries = fc.sample(families('legacy', 4), { numRuns: count, seed })
  return registries.flatMap((each, i) => each.map((family) => ({ ...family, name: `r${i}_${family.name}` })))
}

/** The registry, and how many instruments it has: names may be refused, and the same definition twice is one. */
export function build(given: readonly GivenFamily[]): { registry: Registry; instruments: number } {
  const registry = createRegistry({
    names: 'utf8',
    diagnostics: createDiagnostics({ onMessage: () => undefined }),
  })
  const instruments = new Set<unknown>()
  for (const family of given) {
    try {
      instruments.add(record(registry, family))
    } catch (error) {
      const { code } = error as { code?: unknown }
      if (!/^TRI_ERR_(METRIC|OPTION)/.test(String(code))) throw error
    }
  }
  return { registry, instruments: instruments.size }
}

/** The types cannot know labels that were made up a moment ago. */
type Loose = { [method: string]: (...args: unknown[]) => void }

function record(registry: Registry, { kind, name, help, labels, buckets, recordings }: GivenFamily): unknown {
  const options = { name, help, labels }
  const at = (values: readonly string[]): object[] =>
    labels.length === 0 ? [] : [Object.fromEntries(labels.map((label, i) => [label, values[i] ?? '']))]
  const make = (): [instrument: unknown, method: string] => {
    switch (kind) {
      case 'counter':
        return [registry.counter(options), 'add']
      case 'upDownCounter':
        return [registry.upDownCounter(options), 'add']
      case 'gauge':
        return [registry.gauge(options), 'set']
      case 'histogram':
        return [registry.histogram({ ...options, buckets }), 'observe']
      case 'native':
        return [registry.histogram({ ...options, buckets, native: { maxBuckets: 20 } }), 'observe']
      case 'summary':
        return [registry.summary({ ...options, relativeError: 0.05, quantiles: [0, 0.5, 1] }), 'observe']
      case 'objectives':
        return [registry.summary({ ...options, objectives: { 0: 0.1, 0.5: 0.1, 1: 0.1 } }), 'observe']
      case 'info':
        return [registry.info(options as never), 'set']
      case 'observable':
        return [registry.observableGauge(options), 'observeWith']
    }
  }
  const [instrument, method] = make()
  const loose = instrument as Loose
  if (kind === 'observable') {
    loose[method]?.((to: { observe: (...args: unknown[]) => void }) => {
      for (const { values, n } of recordings) to.observe(n, ...at(values))
    })
    return instrument
  }
  for (const { values, n } of recordings) {
    if (kind === 'info') loose[method]?.(...at(values))
    else loose[method]?.(n, ...at(values))
  }
  return instrument
}
