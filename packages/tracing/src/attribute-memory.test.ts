import { describe, expect, it } from 'vitest'
import { AttributeMemory, isWorth, repeats } from './attribute-memory.ts'

describe('the memory of attributes', () => {
  it('keeps a bounded number of keys, none of them long', () => {
    const memory = new AttributeMemory()
    for (let i = 0; i < 256; i++) expect(memory.of(`key.${i}`)).toBeDefined()
    expect(memory.of('one.more')).toBeUndefined()
    expect(memory.of('key.0')).toBe(memory.of('key.0'))
    expect(new AttributeMemory().of('k'.repeat(65))).toBeUndefined()
  })

  it('gives a key up whose value is another one each time', () => {
    const known = new AttributeMemory().of('url.path')
    if (known === undefined) throw new Error('not remembered')
    let kept = 0
    for (let i = 0; i < 100; i++) {
      expect(repeats(known, `/users/${i}`)).toBe(false)
      const worth = isWorth(known, `/users/${i}`)
      if (worth) kept++
      known.value = `/users/${i}`
      known.bytes = worth ? new Uint8Array(1) : undefined
    }
    expect(kept).toBe(16)
    expect(repeats(known, '/users/99')).toBe(false)
  })

  it('keeps neither lists, nor long texts, nor a zero, which may be minus zero', () => {
    const known = new AttributeMemory().of('a')
    if (known === undefined) throw new Error('not remembered')
    expect([['x'], 'x'.repeat(129), 0, -0, Number.NaN].map((value) => isWorth(known, value))).toEqual(
      Array(5).fill(false),
    )
    expect(['x', 1.5, true].map((value) => isWorth(known, value))).toEqual([true, true, true])
  })
})
