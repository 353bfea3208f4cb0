/** Seeded data of many shapes, and what a sketch of it is held against: the exact ranks of all of it. */
import { expect } from 'vitest'
import { RankSketch, type Target } from './rank-sketch.ts'
import { schemaForError, ValueSketch } from './value-sketch.ts'

/** Uniform numbers below 1, the same each time. Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

const MAKERS: Readonly<Record<string, (random: () => number, i: number, n: number) => number>> = {
  uniform: (random) => random(),
  exponential: (random) => -Math.log(1 - random()),
  'normal, of both signs': (random) => normal(random) * 3,
  bimodal: (random) => (random() < 0.7 ? 0.01 + 0.001 * normal(random) : 5 + 0.5 * normal(random)),
  sorted: (_, i, n) => (i + 1) / n,
  'sorted the other way': (_, i, n) => (n - i) / n,
  constant: () => 42,
  'heavy-tailed (Pareto 1.1)': (random) => (1 - random()) ** (-1 / 1.1),
  'with many zeros': (random) => (random() < 0.4 ? 0 : random() < 0.5 ? -random() : random()),
}

/** The names of the shapes. */
export const SHAPES: readonly string[] = Object.keys(MAKERS)

/** `n` values of a shape. */
export function valuesOf(shape: string, n: number): Float64Array {
  const make = MAKERS[shape]
  if (make === undefined) throw new Error(`no such shape: ${shape}`)
  const random = seeded(20_261_125)
  return Float64Array.from({ length: n }, (_, i) => make(random, i, n))
}

const TARGETS: readonly Target[] = [
  { quantile: 0.01, error: 0.001 },
  { quantile: 0.5, error: 0.05 },
  { quantile: 0.9, error: 0.01 },
  { quantile: 0.99, error: 0.001 },
]
const RELATIVE_ERROR = 0.01
const WANTED = [0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1]

/** Sketches of all, and of eight parts that are merged, the last in the order that is hardest for it. */
export function checkSketches(values: Float64Array): void {
  const sorted = Float64Array.from(values).sort()
  const schema = schemaForError(RELATIVE_ERROR)
  if (schema === undefined) throw new Error('no schema')
  const size = Math.ceil(values.length / 8)
  const parts = Array.from({ length: 8 }, (_, i) => values.subarray(i * size, (i + 1) * size))

  const whole = filled(new ValueSketch(schema), values)
  checkValues(whole, sorted)
  const merged = new ValueSketch(schema)
  for (const part of parts) merged.merge(filled(new ValueSketch(schema), part))
  expect(merged.quantiles(WANTED)).toEqual(whole.quantiles(WANTED))
  const sent = ValueSketch.fromState(JSON.parse(JSON.stringify(whole.toState())))
  expect(sent.quantiles(WANTED)).toEqual(whole.quantiles(WANTED))
  expect(whole.size).toBeLessThanOrEqual(2 * 2048)

  const ranks = filled(new RankSketch(TARGETS), values)
  checkRanks(ranks, sorted)
  const mergedRanks = new RankSketch(TARGETS)
  for (const part of parts) {
    const sketch = filled(new RankSketch(TARGETS), part)
    mergedRanks.merge(RankSketch.fromState(TARGETS, JSON.parse(JSON.stringify(sketch.toState()))))
  }
  checkRanks(mergedRanks, sorted)
  expect(ranks.size).toBeLessThan(2500)
}

function filled<S extends { add(v: number): void }>(sketch: S, values: Float64Array): S {
  for (const value of values) sketch.add(value)
  return sketch
}

/** Each is within the relative error of a value of exactly that rank. */
function checkValues(sketch: ValueSketch, sorted: Float64Array): void {
  for (const [i, found] of sketch.quantiles(WANTED).entries()) {
    const quantile = WANTED[i] as number
    const exact = sorted[Math.floor(quantile * (sorted.length - 1))] as number
    if (quantile === 0 || quantile === 1) expect(found).toBe(exact)
    else expect(Math.abs(found - exact), `q${quantile}`).toBeLessThanOrEqual(RELATIVE_ERROR * Math.abs(exact))
  }
}

/** Each value has a place that is no further from its quantile than the target allows. */
function checkRanks(sketch: RankSketch, sorted: Float64Array): void {
  const [least, greatest] = sketch.quantiles([0, 1])
  expect([least, greatest]).toEqual([sorted[0], sorted[sorted.length - 1]])
  const found = sketch.quantiles(TARGETS.map(({ quantile }) => quantile))
  for (const [i, { quantile, error }] of TARGETS.entries()) {
    const value = found[i] as number
    const n = sorted.length
    const first = below(sorted, value)
    const last = below(sorted, value, true)
    expect(last, `q${quantile}: ${value} is none of the values`).toBeGreaterThan(first)
    // Equal values have many places: the nearest counts.
    expect((first + 1) / n, `q${quantile}`).toBeLessThanOrEqual(quantile + error + 1 / n)
    expect(last / n, `q${quantile}`).toBeGreaterThanOrEqual(quantile - error - 1 / n)
  }
}

/** How many are below `value`, or at most `value`. */
function below(sorted: Float64Array, value: number, orEqual = false): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    const at = sorted[middle] as number
    if (at < value || (orEqual && at === value)) low = middle + 1
    else high = middle
  }
  return low
}
