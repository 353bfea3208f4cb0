import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newTraceIdentity, traceIdentityOf } from './ids.ts'
import { keptAt, randomnessOf, stateAfter, stateFollowing } from './sampling-decision.ts'
import { RatioSampler } from './sampling-ratio.ts'
import { parseTracestate } from './tracestate.ts'

const idWith = (random: string) => traceIdentityOf(`${'a'.repeat(18)}${random}`)
const thresholdOf = (ratio: number) => new RatioSampler(ratio).decide(idWith('f'.repeat(14))).threshold

describe('a ratio (OpenTelemetry, "TraceState: Probability Sampling")', () => {
  it.each([
    [0.5, '80000000000000', true],
    [0.5, '7fffffffffffff', false],
    [0.25, 'c0000000000000', true],
    [0.25, 'bfffffffffffff', false],
    // The last word is compared without a sign.
    [2 ** -32, 'ffffffff000000', true],
    [2 ** -32, 'fffffffeffffff', false],
    [2 ** -30, 'fffffffc000000', true],
    [2 ** -30, 'fffffffbffffff', false],
    [1, '00000000000000', true],
    [0, 'ffffffffffffff', false],
    [2 ** -56, 'ffffffffffffff', true],
    [2 ** -56, 'fffffffffffffe', false],
  ])('keeps %s of all traces by the last 56 bits: %s', (ratio, random, kept) => {
    expect(new RatioSampler(ratio).decide(idWith(random)).sampled).toBe(kept)
  })

  it.each([
    [1, '0'],
    [0.5, '8'],
    [0.25, 'c'],
    [0.1, 'e6666'],
    [0.01, 'fd70a4'],
    [0.001, 'ffbe76d'],
    [2 ** -56, 'f'.repeat(14)],
  ])('tells the ratio %s as th:%s', (ratio, threshold) => {
    expect(thresholdOf(ratio)).toBe(threshold)
  })

  it('keeps what it says: whatever is kept at a ratio is kept at every larger one, and th explains it', () => {
    const ratios = fc.double({ min: 1e-12, max: 1, noNaN: true })
    fc.assert(
      fc.property(ratios, ratios, fc.stringMatching(/^[0-9a-f]{14}$/), (one, other, random) => {
        const [small, large] = [Math.min(one, other), Math.max(one, other)]
        const trace = idWith(random)
        const kept = new RatioSampler(small).decide(trace)
        if (kept.sampled) expect(new RatioSampler(large).decide(trace).sampled).toBe(true)
        const threshold = BigInt(`0x${(thresholdOf(small) ?? '').padEnd(14, '0')}`)
        expect(kept.sampled).toBe(BigInt(`0x${random}`) >= threshold)
        const told = Number((1n << 56n) - threshold) / 2 ** 56
        expect(Math.abs(told / small - 1)).toBeLessThan(1e-4)
      }),
      { numRuns: 200 },
    )
  })

  it('allocates nothing for a decision', () => {
    const sampler = new RatioSampler(0.5)
    const kept = sampler.decide(idWith('f'.repeat(14)))
    expect(sampler.decide(idWith('e'.repeat(14)))).toBe(kept)
    expect(kept.state?.serialize()).toBe('ot=th:8')
  })
})

describe('the weight in tracestate', () => {
  const trace = newTraceIdentity()
  const text = (state: ReturnType<typeof parseTracestate>) => state?.serialize()

  it('takes the place of the old one, and leaves the other keys and members alone', () => {
    const parent = parseTracestate('a=1,ot=rv:6e6d1a75832a2f;th:8;x:y,b=2')
    expect(text(stateAfter(parent, keptAt('c')))).toBe('ot=rv:6e6d1a75832a2f;x:y;th:c,a=1,b=2')
    expect(text(stateAfter(parseTracestate('a=1'), keptAt('c')))).toBe('ot=th:c,a=1')
  })

  it('goes where the probability is not known', () => {
    const unknown = { sampled: true, threshold: undefined, state: undefined }
    expect(text(stateAfter(parseTracestate('ot=th:8,a=1'), unknown))).toBe('a=1')
    expect(text(stateAfter(parseTracestate('ot=th:8;rv:6e6d1a75832a2f'), unknown))).toBe(
      'ot=rv:6e6d1a75832a2f',
    )
    const dropped = { sampled: false, threshold: undefined, state: undefined }
    expect(stateAfter(parseTracestate('ot=th:8'), dropped)?.serialize() ?? '').toBe('')
  })

  it('is passed on as it came where it explains the decision, and erased where it does not', () => {
    const kept = idWith('8'.padEnd(14, '0'))
    const state = parseTracestate('ot=th:8')
    expect(stateFollowing(state, true, kept)).toBe(state)
    expect(stateFollowing(state, false, kept)?.serialize()).toBe('')
    expect(stateFollowing(state, true, idWith('7'.padEnd(14, 'f')))?.serialize()).toBe('')
    expect(stateFollowing(parseTracestate('ot=th:what'), true, kept)?.serialize()).toBe('')
    const explicit = parseTracestate('ot=th:8;rv:ffffffffffffff')
    expect(stateFollowing(explicit, true, idWith('0'.repeat(14)))).toBe(explicit)
    const foreign = parseTracestate('a=1,ot=p:8')
    expect(stateFollowing(foreign, true, trace)).toBe(foreign)
    expect(stateFollowing(undefined, true, trace)).toBeUndefined()
  })

  it('takes the randomness that a trace brings before that of its id', () => {
    const random = randomnessOf(parseTracestate('ot=rv:6e6d1a75832a2f'), trace)
    expect([random.word2, random.word3]).toEqual([0x6e6d1a, 0x75832a2f])
    expect(randomnessOf(parseTracestate('ot=rv:6e6d1a'), trace)).toBe(trace)
    expect(randomnessOf(undefined, trace)).toBe(trace)
  })
})
