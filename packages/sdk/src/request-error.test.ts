import { describe, expect, it } from 'vitest'
import { createErrorTypes } from './request-error.ts'

describe('error types', () => {
  it('names errors as their spans do', () => {
    const typeOf = createErrorTypes()
    class PaymentError extends Error {
      override name = 'PaymentError'
    }
    expect(typeOf(new PaymentError('x'))).toBe('PaymentError')
    expect(typeOf(new TypeError('x'))).toBe('TypeError')
    expect(typeOf('text')).toBe('_OTHER')
  })

  it('gives out at most 100 names, however many an app makes up', () => {
    const typeOf = createErrorTypes()
    const names = new Set(Array.from({ length: 10_000 }, (_, i) => typeOf({ name: `E${i}` })))
    expect(names.size).toBe(101)
    expect(names.has('_OTHER')).toBe(true)
    expect(typeOf({ name: 'E0' })).toBe('E0')
  })
})
