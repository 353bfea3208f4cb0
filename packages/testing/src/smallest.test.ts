import { expect, it } from 'vitest'
import { smallest } from './smallest.ts'

it('leaves what is needed to fail, at any depth', async () => {
  const value = { keep: [1, [2, 3, { list: ['a', 'b'] }]], drop: [{ list: ['b'] }], flag: true }
  const fails = async (smaller: typeof value): Promise<boolean> =>
    JSON.stringify(smaller.keep).includes('"b"')
  expect(await smallest(value, fails)).toEqual({ keep: [[{ list: ['b'] }]], drop: [], flag: true })
})
