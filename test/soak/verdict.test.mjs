import { describe, expect, it } from 'vitest'
import { judge, slopePerTenMinutes } from './verdict.mjs'

const MIB = 1_048_576

/** A run of thirty minutes that holds everything, with `changes`. */
function run(changes = {}) {
  const samples = Array.from({ length: 10 }, (_, i) => ({
    atMs: i * 180_000,
    heapBytes: 20 * MIB,
    resources: 3,
    descriptors: 30,
  }))
  const load = { sent: 1_800_000, failed: 0, ranMs: 1_800_000 }
  return {
    samples,
    account: { made: 100, counted: 10 },
    delivered: 90,
    load,
    rate: 1_000,
    minutes: 30,
    ...changes,
  }
}

const growing = (perCycle) => run().samples.map((sample, i) => ({ ...sample, ...perCycle(i) }))

describe('the verdict on a soak', () => {
  it('passes a run that holds everything, whatever the warm-up did', () => {
    expect(judge(run())).toEqual([])
    expect(
      judge(run({ samples: growing((i) => (i === 0 ? { heapBytes: 0, descriptors: 5 } : {})) })),
    ).toEqual([])
  })

  it.each([
    [
      'a heap that grows',
      { samples: growing((i) => ({ heapBytes: (20 + i * 0.4) * MIB })) },
      /^the heap grew/,
    ],
    ['handles', { samples: growing((i) => ({ resources: 3 + i })) }, /^handles grew/],
    ['descriptors', { samples: growing((i) => ({ descriptors: 30 + i })) }, /^descriptors grew/],
    ['a span that is nowhere', { delivered: 89 }, /^made 100 is not delivered 89/],
    ['a span that came twice', { delivered: 91 }, /^made 100 is not delivered 91/],
    [
      'a request that failed',
      { load: { sent: 1_800_000, failed: 1, ranMs: 1_800_000 } },
      /^1 requests failed/,
    ],
    ['a rate that was not reached', { load: { sent: 9, failed: 0, ranMs: 1_000 } }, /^only 9 of 1000/],
  ])('fails %s', (_name, changes, fault) => {
    expect(judge(run(changes))).toEqual([expect.stringMatching(fault)])
  })

  it('takes the slope by least squares', () => {
    expect(slopePerTenMinutes(growing((i) => ({ heapBytes: (20 + i * 0.3) * MIB })))).toBeCloseTo(1)
  })
})
