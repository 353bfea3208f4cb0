import { describe, expect, it } from 'vitest'
import { deviation, median, percentile, ratios, rotated, summary } from './statistics.mjs'

describe('statistics of the bench', () => {
  it('takes the middle, and the mean of two middles', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(median([])).toBeNaN()
  })

  it('measures noise without being moved by an outlier', () => {
    expect(deviation([10, 11, 9, 10, 1000])).toBe(1)
    expect(summary([1, 2, 3])).toEqual({ median: 2, deviation: 1, rounds: 3 })
  })

  it('takes percentiles by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
    expect(percentile(hundred, 0.5)).toBe(50)
    expect(percentile(hundred, 0.99)).toBe(99)
    expect(percentile([7], 0.99)).toBe(7)
    expect(percentile([], 0.5)).toBeNaN()
  })

  it('divides round by round and leaves out rounds without a divisor', () => {
    expect(ratios([1, 2, 3], [10, 0, 10])).toEqual([0.1, 0.3])
    expect(ratios([1, Number.NaN], [2, 2])).toEqual([0.5])
    expect(ratios([1], [-2])).toEqual([])
  })

  it('begins each round with another member and loses none', () => {
    expect(rotated(['a', 'b', 'c'], 1)).toEqual(['b', 'c', 'a'])
    expect(rotated(['a', 'b', 'c'], 3)).toEqual(['a', 'b', 'c'])
    expect(rotated([], 2)).toEqual([])
  })
})
