import { describe, expect, it } from 'vitest'
import { settle } from './index.ts'

describe('settle', () => {
  it('hears of a rejection, of a thenable that throws, and of nothing else', async () => {
    const heard: unknown[] = []
    const hear = (error: unknown): void => void heard.push(error)
    settle(Promise.reject(new Error('rejected')), hear)
    settle(Promise.resolve(1), hear)
    const broken = new Proxy(
      {},
      {
        get() {
          throw new Error('getter')
        },
      },
    )
    for (const value of [undefined, null, 1, 'text', {}, broken]) settle(value, hear)
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard).toEqual([new Error('getter'), new Error('rejected')])
  })
})
