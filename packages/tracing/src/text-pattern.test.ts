import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { routePattern, textPattern } from './text-pattern.ts'

describe('patterns', () => {
  it.each([
    ['/health*', '/health', true],
    ['/health*', '/healthz', true],
    ['/health*', '/health/live', true],
    ['/health*', '/unhealthy', false],
    ['/users/:id', '/users/42', true],
    ['/users/:id', '/users/', false],
    ['/users/:id', '/users/42/posts', false],
    ['/users/:id/posts', '/users/42/posts', true],
    ['/:a/:b', '/1/2', true],
    ['*.css', '/a/b.css', true],
    ['*.css', '/a/b.cssx', false],
    ['/*/b/*/d', '/a/b/b/c/d', true],
    ['/api/*/:id', '/api/v1/x/7', true],
    ['/a', '/a', true],
    ['/a', '/a/', false],
    ['*', '', true],
  ])('of a route: %s and %s', (pattern, path, fits) => {
    expect(routePattern(pattern)(path)).toBe(fits)
  })

  it('of other texts know no part of a path', () => {
    expect(textPattern('a:b')('a:b')).toBe(true)
    expect(textPattern('/users/:id')('/users/42')).toBe(false)
    expect(textPattern('job *')('job nightly')).toBe(true)
  })

  it('say what a regular expression says', () => {
    const texts = fc.string({ unit: fc.constantFrom(...'ab/'.split('')), maxLength: 12 })
    const patterns = fc.string({ unit: fc.constantFrom(...'ab/*'.split('')), minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        const expected = new RegExp(`^${pattern.replace(/\*+/g, '.*')}$`, 's').test(text)
        expect(textPattern(pattern)(text)).toBe(expected)
      }),
      { numRuns: 500 },
    )
  })

  it('take bounded time for the worst of texts', () => {
    const fits = routePattern(`${'*a'.repeat(20)}*b`)
    const startMs = performance.now()
    expect(fits('a'.repeat(100_000))).toBe(false)
    expect(performance.now() - startMs).toBeLessThan(250)
  })
})
