import { describe, expect, it } from 'vitest'
import { nearest, rejectOption, rejectUnknownKeys, TriscopeError } from './index.ts'

const thrown = (fn: () => void): TriscopeError => {
  try {
    fn()
  } catch (error) {
    return error as TriscopeError
  }
  throw new Error('nothing was thrown')
}

describe('options', () => {
  it('names an unknown key by its whole path and suggests the nearest known one', () => {
    const error = thrown(() => rejectUnknownKeys('tracing', { smapler: 1 }, ['sampler', 'limits']))
    expect(error.code).toBe('TRI_ERR_UNKNOWN_OPTION')
    expect(error.path).toBe('tracing.smapler')
    expect(error.message).toBe('unknown option "tracing.smapler"\n  hint: did you mean "sampler"?')
  })

  it('lists what is known when nothing is near', () => {
    const error = thrown(() => rejectUnknownKeys('', { wibble: 1 }, ['service', 'version']))
    expect(error.message).toBe('unknown option "wibble"\n  hint: known here: service, version')
  })

  it('accepts known keys, and looks at own keys alone', () => {
    expect(() => rejectUnknownKeys('', Object.create({ inherited: 1 }), ['a'])).not.toThrow()
    expect(() => rejectUnknownKeys('', { a: undefined }, ['a'])).not.toThrow()
  })

  it('shows the value, the rule and the way out', () => {
    const error = thrown(() => rejectOption('tracing.sampler', 'a number between 0 and 1', 10, '10 % is 0.1'))
    expect(error).toBeInstanceOf(TriscopeError)
    expect(error.name).toBe('TriscopeError')
    expect(error.message).toBe(
      'tracing.sampler: expected a number between 0 and 1, got 10\n  hint: 10 % is 0.1',
    )
  })

  it.each([
    ['text', '"text"'],
    ['x'.repeat(200), `"${'x'.repeat(100)}…"`],
    [[1], 'an array'],
    [{}, 'an object'],
    [() => 1, 'a function'],
    [null, 'null'],
  ])('shows %j as %s', (value, shown) => {
    expect(thrown(() => rejectOption('a', 'b', value)).message).toBe(`a: expected b, got ${shown}`)
  })

  it('finds a name through a swap, an omission and another case, and nothing that is far', () => {
    const known = ['service', 'environment', 'metrics']
    expect(nearest('sevrice', known)).toBe('service')
    expect(nearest('enviroment', known)).toBe('environment')
    expect(nearest('METRICS', known)).toBe('metrics')
    expect(nearest('dashboards', known)).toBeUndefined()
    expect(nearest('', [])).toBeUndefined()
    // 65 543 is 7 where lengths are kept in 16 bits.
    expect(nearest('x'.repeat(65_536 + 7), known)).toBeUndefined()
  })

  it('keeps the first error as the cause', () => {
    const cause = new Error('first')
    expect(new TriscopeError('TRI_ERR_APP', 'second', { cause }).cause).toBe(cause)
    expect('cause' in new TriscopeError('TRI_ERR_APP', 'alone')).toBe(false)
  })
})
