import { describe, expect, it } from 'vitest'
import { hexOf, newTraceIdentity, traceIdentityOf, wordAt } from './ids.ts'

describe('ids', () => {
  it('are 32 lower-case hex digits, never alike, across many refills of the pool', () => {
    const seen = new Set<string>()
    for (let i = 0; i < 5_000; i++) {
      const { hex } = newTraceIdentity()
      expect(hex).toMatch(/^[0-9a-f]{32}$/)
      seen.add(hex)
    }
    expect(seen.size).toBe(5_000)
  })

  it('set every bit about half of the time', () => {
    const counts = new Array<number>(128).fill(0)
    const total = 4_000
    for (let i = 0; i < total; i++) {
      const { hex } = newTraceIdentity()
      for (let bit = 0; bit < 128; bit++) {
        const digit = Number.parseInt(hex.charAt(bit >> 2), 16)
        if ((digit & (1 << (bit & 3))) !== 0) counts[bit] = (counts[bit] ?? 0) + 1
      }
    }
    // Eight standard deviations of 4 000 fair coins: 2 in 10^13 runs fail for 128 of them.
    for (const count of counts) expect(Math.abs(count - total / 2)).toBeLessThan(253)
  })

  it('read and write the same digits', () => {
    const hex = '4bf92f3577b34da6a3ce929d0e0e4736'
    const identity = traceIdentityOf(hex)
    const words = [identity.word0, identity.word1, identity.word2, identity.word3]
    expect(words.map(hexOf).join('')).toBe(hex)
    expect(wordAt('ffffffff', 0)).toBe(-1)
    expect(hexOf(0)).toBe('00000000')
  })
})
