import { describe, expect, it } from 'vitest'
import { createDiagnostics } from './diagnostics.ts'
import { countError, createErrorTypes, isFirstOn } from './error-count.ts'

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

describe('an error', () => {
  it('counts once in each store, and each time where it has no identity', () => {
    const diagnostics = createDiagnostics()
    const error = new TypeError('x')
    for (const each of [error, error, new TypeError('y'), 'text', 'text']) countError(diagnostics, each)
    expect(
      diagnostics.snapshot().map(({ name, labels, value }) => [name, labels['error_type'], value]),
    ).toEqual([
      ['triscope_errors_total', 'TypeError', 2],
      ['triscope_errors_total', '_OTHER', 2],
    ])
    const other = createDiagnostics()
    countError(other, error)
    expect(other.snapshot()).toHaveLength(1)
  })

  it('is new once on each span', () => {
    const [first, second, error] = [{}, {}, new Error('x')]
    expect([isFirstOn(first, error), isFirstOn(first, error), isFirstOn(second, error)]).toEqual([
      true,
      false,
      true,
    ])
    expect([isFirstOn(first, 'text'), isFirstOn(first, 'text')]).toEqual([true, true])
  })
})
