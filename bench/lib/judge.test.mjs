import { describe, expect, it } from 'vitest'
import { acceptedRatio, judgeBytes, judgeRatio, leastOfTurns } from './judge.mjs'
import { ratios } from './statistics.mjs'

/** Added CPU in µs over nine rounds, with a noise that does not depend on chance. */
const around = (us, noise) => Array.from({ length: 9 }, (_, round) => us + noise * Math.sin(round * 2.4))

describe('the judgement of the guard', () => {
  const bare = around(10, 0.2)
  const limit = acceptedRatio(judgeRatio(ratios(around(18, 0.5), bare), Number.NaN))

  it('accepts what it accepted before, in another run', () => {
    expect(judgeRatio(ratios(around(18.3, 0.7), bare), limit).worse).toBe(false)
  })

  it('finds ten microseconds in every request', () => {
    expect(judgeRatio(ratios(around(28, 0.5), bare), limit).worse).toBe(true)
  })

  it('blames nobody for noise', () => {
    const noisy = judgeRatio(ratios(around(24, 12), bare), limit)
    expect(noisy.ratio).toBeGreaterThan(limit)
    expect(noisy.worse).toBe(false)
  })

  it('accepts a little more also where nothing, or less, is added', () => {
    expect(acceptedRatio({ ratio: 0 })).toBe(0.05)
    expect(acceptedRatio({ ratio: -0.2 })).toBe(-0.15)
    expect(acceptedRatio({ ratio: 2 })).toBe(2.2)
  })

  it('takes the least of the turns of a round, and leaves out what makes none', () => {
    expect(leastOfTurns([3, 1, 5, 70, 9], 2)).toEqual([1, 5])
  })

  it('refuses to judge by fewer than seven rounds', () => {
    expect(() => judgeRatio([1, 1, 1, 1, 1, 1], 2)).toThrow('6 rounds; at least 7')
  })

  it('finds allocation, and a question that was not answered', () => {
    const limits = { bound: 0, labels: 48, span: 1000, gone: 10 }
    expect(judgeBytes({ bound: 1, labels: 57, span: 1050 }, limits)).toEqual([
      { id: 'bound', bytes: 1, limit: 0, worse: false },
      { id: 'labels', bytes: 57, limit: 48, worse: true },
      { id: 'span', bytes: 1050, limit: 1000, worse: false },
      { id: 'gone', bytes: undefined, limit: 10, worse: true },
    ])
  })
})
