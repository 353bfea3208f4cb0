import { describe, expect, it } from 'vitest'
import { addUp, quantile } from './quantile.js'

const INF = Number.POSITIVE_INFINITY
/** @param {[number, number][]} pairs */
const buckets = (...pairs) => pairs.map(([upperBound, count]) => ({ upperBound, count }))

describe('quantile', () => {
  it('interpolates within the bucket that holds the rank', () => {
    const hundred = buckets([0.1, 50], [0.2, 90], [0.5, 100], [INF, 100])
    expect(quantile(0.5, hundred)).toBeCloseTo(0.1)
    expect(quantile(0.7, hundred)).toBeCloseTo(0.15)
    expect(quantile(0.99, hundred)).toBeCloseTo(0.47)
    expect(quantile(0.25, hundred)).toBeCloseTo(0.05)
  })

  it('does not care about the order of the buckets', () => {
    expect(quantile(0.5, buckets([INF, 4], [2, 4], [1, 2]))).toBe(1)
  })

  it('gives the highest finite bound for what lies beyond it', () => {
    expect(quantile(0.99, buckets([1, 10], [INF, 100]))).toBe(1)
  })

  it('knows nothing where nothing was observed', () => {
    expect(quantile(0.5, buckets([1, 0], [INF, 0]))).toBeNaN()
    expect(quantile(0.5, [])).toBeNaN()
    expect(quantile(0.5, buckets([INF, 3]))).toBeNaN()
  })
})

it('adds up the buckets of several series by bound', () => {
  expect(addUp(buckets([1, 2], [INF, 3], [1, 5], [INF, 5]))).toEqual(buckets([1, 7], [INF, 8]))
})
