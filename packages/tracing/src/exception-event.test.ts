import { describe, expect, it } from 'vitest'
import { exceptionAttributes } from './exception-event.ts'

const stackOf = (thrown: unknown): string => exceptionAttributes(thrown)['exception.stacktrace'] ?? ''

describe('the exception event', () => {
  it('tells each cause behind the stack', () => {
    const root = new RangeError('too far')
    const error = new TypeError('no price', { cause: new Error('no rate', { cause: root }) })
    const text = stackOf(error)
    const order = ['TypeError: no price', 'Caused by: Error: no rate', 'Caused by: RangeError: too far']
    expect(order.map((part) => text.indexOf(part)).every((at, i, all) => at >= (all[i - 1] ?? 0))).toBe(true)
    expect(text).toContain(root.stack)
    expect(exceptionAttributes(error)).toMatchObject({
      'exception.type': 'TypeError',
      'exception.message': 'no price',
    })
  })

  it('is a plain stack without a cause, and tells a cause that is no error', () => {
    const error = new Error('plain')
    expect(stackOf(error)).toBe(error.stack)
    expect(stackOf(new Error('x', { cause: 'timeout' })).endsWith('\nCaused by: timeout')).toBe(true)
    expect(stackOf(new Error('x', { cause: null }))).not.toContain('Caused by')
  })

  it('ends where a chain goes round, or throws', () => {
    const round = new Error('round')
    round.cause = round
    expect(stackOf(round).split('Caused by').length).toBe(6)
    const hostile = Object.defineProperty(new Error('hostile'), 'cause', {
      get() {
        throw new Error('no')
      },
    })
    expect(stackOf(hostile)).toBe(hostile.stack)
    expect(stackOf(new Error('x', { cause: Object.create(null) }))).toContain('Caused by: unknown')
  })
})
