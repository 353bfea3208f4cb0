import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkSketches, SHAPES, valuesOf } from './distributions.fixture.ts'
import { coarser, ExponentialBuckets, finestIndex, MAX_SCHEMA, upperBound } from './exponential-buckets.ts'
import { RankSketch } from './rank-sketch.ts'
import { ValueSketch } from './value-sketch.ts'

describe('sketches of 100 000 values, whole and merged of eight parts', () => {
  it.each(SHAPES)('keep to their bounds when the data are %s', (shape) => {
    checkSketches(valuesOf(shape, 100_000))
  })

  it.each([1, 2, 3, 511, 512, 513])('keep to their bounds for %d values', (n) => {
    for (const shape of SHAPES) checkSketches(valuesOf(shape, n))
  })
})

describe('sketches of nothing', () => {
  it('answer NaN, and again when they were cleared', () => {
    for (const sketch of [new ValueSketch(6), new RankSketch([{ quantile: 0.5, error: 0.01 }])]) {
      expect(sketch.quantiles([0, 0.5, 1])).toEqual([Number.NaN, Number.NaN, Number.NaN])
      for (let i = 0; i < 1000; i++) sketch.add(i)
      sketch.clear()
      expect(sketch.quantiles([0, 0.5, 1])).toEqual([Number.NaN, Number.NaN, Number.NaN])
      sketch.add(7)
      expect(sketch.quantiles([0, 0.5, 1])).toEqual([7, 7, 7])
    }
  })
})

describe('exponential buckets', () => {
  const positive = fc.double({ min: 5e-324, max: Number.MAX_VALUE, noNaN: true })
  const normal = fc.double({ min: 2 ** -1021, max: Number.MAX_VALUE, noNaN: true })

  it('hold each value between their bounds, from the smallest normal double to the largest, in every schema', () => {
    fc.assert(
      fc.property(normal, fc.integer({ min: -4, max: MAX_SCHEMA }), (value, schema) => {
        const index = coarser(finestIndex(value), MAX_SCHEMA - schema)
        expect(value).toBeLessThanOrEqual(upperBound(index, schema))
        expect(value).toBeGreaterThan(upperBound(index - 1, schema))
      }),
      { numRuns: 1000, seed: 1 },
    )
  })

  it('hold a bound itself below it, at every bound of an octave', () => {
    for (let k = 0; k <= 2 ** MAX_SCHEMA; k++) {
      const bound = upperBound(k, MAX_SCHEMA)
      expect(finestIndex(bound)).toBe(k)
      expect(finestIndex(bound * (1 + Number.EPSILON))).toBe(k + 1)
      expect(finestIndex(bound * 2 ** -40)).toBe(k - 40 * 2 ** MAX_SCHEMA)
    }
  })

  it('stay within their limit however far the values lie apart, and lose none of them', () => {
    fc.assert(
      fc.property(
        fc.array(positive, { maxLength: 200 }),
        fc.constantFrom('coarsen' as const, 'collapse' as const),
        (values, whenFull) => {
          const buckets = new ExponentialBuckets(8, 40, whenFull)
          for (const value of values) buckets.add(value)
          expect(buckets.counts.length).toBeLessThanOrEqual(40)
          expect(buckets.counts.reduce((a, b) => a + b, 0)).toBe(values.length)
        },
      ),
      { numRuns: 200, seed: 2 },
    )
  })

  it('are coarser exactly as if they had been so from the beginning', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 100 }),
        fc.integer({ min: -4, max: 8 }),
        (values, schema) => {
          const fine = new ExponentialBuckets(8, 100_000, 'coarsen')
          const coarse = new ExponentialBuckets(schema, 100_000, 'coarsen')
          for (const value of values) {
            fine.add(value)
            coarse.add(value)
          }
          const merged = new ExponentialBuckets(schema, 100_000, 'coarsen')
          merged.merge(fine)
          fine.coarsenTo(schema)
          for (const buckets of [fine, merged]) {
            expect({ ...buckets }).toMatchObject({ start: coarse.start, counts: coarse.counts, schema })
          }
        },
      ),
      { numRuns: 200, seed: 3 },
    )
  })

  it('count what is too small in the lowest bucket when they collapse, and keep the upper ones exact', () => {
    const sketch = new ValueSketch(6)
    for (let i = 0; i < 1000; i++) {
      sketch.add(1e-300)
      sketch.add(1 + i / 1000)
    }
    sketch.add(-1e-300)
    expect(sketch.size).toBeLessThanOrEqual(2 * 2048)
    const [least, upper, most] = sketch.quantiles([0, 0.75, 1]) as [number, number, number]
    expect([least, most]).toEqual([-1e-300, 1.999])
    expect(Math.abs(upper - 1.5)).toBeLessThan(0.015)
  })
})
