import { describe, expect, it } from 'vitest'
import { createErrorTypes } from './request-error.ts'

describe('error types', () => {
  it('names errors by their name, and other values by their type', () => {
    const typeOf = createErrorTypes()
    class PaymentError extends Error {
      override name = 'PaymentError'
    }
    expect(typeOf(new PaymentError('x'))).toBe('PaymentError')
    expect(typeOf(new TypeError('x'))).toBe('TypeError')
    expect(typeOf('text')).toBe('string')
    expect(typeOf(undefined)).toBe('undefined')
    expect(typeOf(null)).toBe('object')
    expect(typeOf(new (class Odd {})())).toBe('Odd')
  })

  it('gives out at most 100 names, however many an app makes up', () => {
    const typeOf = createErrorTypes()
    const names = new Set(Array.from({ length: 10_000 }, (_, i) => typeOf({ name: `E${i}` })))
    expect(names.size).toBe(101)
    expect(names.has('_OTHER')).toBe(true)
    expect(typeOf({ name: 'E0' })).toBe('E0')
  })

  it('survives names that are huge, empty, or throw', () => {
    const typeOf = createErrorTypes()
    expect(typeOf({ name: 'x'.repeat(65), constructor: undefined })).toBe('_OTHER')
    expect(typeOf({ name: '' })).toBe('Object')
    const bad = new Proxy(
      {},
      {
        get() {
          throw new Error('no')
        },
      },
    )
    expect(typeOf(bad)).toBe('_OTHER')
  })
})
