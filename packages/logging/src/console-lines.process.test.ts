import { describe, expect, it } from 'vitest'
import { recordLines, spanContextOf, TRACE, within } from './line-recorder.fixture.ts'
import { createLogging } from './logging.ts'

describe('the console', () => {
  it('is written as lines with the ids of the span, and given back at shutdown', async () => {
    const before = { ...console }
    const { logging, lines } = recordLines({ console: true })
    within(spanContextOf('00f067aa0ba902b7'), () => console.log('order %d', 7, { password: 'p' }))
    console.warn('100 %')
    console.error('failed', new TypeError('boom'))
    expect(lines()).toMatchObject([
      { level: 30, trace_id: TRACE, msg: expect.stringContaining('order 7') as string },
      { level: 40, msg: '100 %' },
      { level: 50, err: { type: 'TypeError', message: 'boom' } },
    ])
    expect(lines()[0]?.['msg']).not.toContain("'p'")
    await logging.shutdown()
    expect(console.log).toBe(before.log)
    expect(console.error).toBe(before.error)
  })

  it('may be said something on by the destination, without going round in circles', async () => {
    const original = console.log
    const shown: unknown[] = []
    console.log = (...said) => void shown.push(...said)
    try {
      const logging = createLogging({ console: true, destination: { write: (line) => console.log(line) } })
      console.log('once')
      expect(shown).toHaveLength(1)
      expect(JSON.parse(String(shown[0]))).toMatchObject({ msg: 'once' })
      await logging.shutdown()
    } finally {
      console.log = original
    }
  })
})
