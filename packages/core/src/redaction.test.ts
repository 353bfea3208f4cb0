import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedaction, REDACTED } from './index.ts'

const policy = createRedaction()

describe('redaction', () => {
  it.each([
    'authorization',
    'Authorization',
    'Set-Cookie',
    'x-api-key',
    'apiKey',
    'API_KEY',
    'accessToken',
    'clientSecret',
    'passWord',
  ])('takes %s for a secret, however it is written', (key) => expect(policy.isSecretKey(key)).toBe(true))

  it.each(['tokens', 'author', 'key', 'id', 'secretary', 'passport'])('does not take %s for one', (key) => {
    expect(policy.isSecretKey(key)).toBe(false)
  })

  it('adds the keys it is given', () => {
    expect(createRedaction({ keys: ['iban'] }).isSecretKey('IBAN')).toBe(true)
    expect(policy.isSecretKey('iban')).toBe(false)
  })

  it.each([
    ['https://user:pass@host/a?b=1', 'https://REDACTED:REDACTED@host/a?b=1'],
    ['https://us@er:p@ss@host/a', 'https://REDACTED:REDACTED@host/a'],
    ['https://host/a@b?c=d@e', 'https://host/a@b?c=d@e'],
    ['/p?sig=abc&x=1&X-Amz-Signature=2#f', '/p?sig=REDACTED&x=1&X-Amz-Signature=REDACTED#f'],
    ['/p?X%2DGoog%2DSignature=1', '/p?X%2DGoog%2DSignature=REDACTED'],
    ['/p?access_token', '/p?access_token'],
    ['/p?%zz=1', '/p?%zz=1'],
    ['/p', '/p'],
  ])('cleans %s to %s', (given, clean) => expect(policy.url(given)).toBe(clean))

  it('replaces secrets at any depth, and copies only what it changes', () => {
    const given = { user: { name: 'a', password: 'b' }, list: [{ token: 't' }], plain: { x: 1 } }
    const clean = policy.fields(given) as typeof given
    expect(clean).toEqual({
      user: { name: 'a', password: REDACTED },
      list: [{ token: REDACTED }],
      plain: { x: 1 },
    })
    expect(clean.plain).toBe(given.plain)
    expect(given.user.password).toBe('b')
    const harmless = { a: [1, { b: 2 }] }
    expect(policy.fields(harmless)).toBe(harmless)
  })

  it('leaves what is empty, and class instances, alone', () => {
    const error = new Error('x')
    const given = { token: undefined, password: null, secret: '', error, at: new Date(0) }
    expect(policy.fields(given)).toBe(given)
  })

  it('ends on cycles, depth, size and getters that throw', () => {
    const cycle: Record<string, unknown> = { token: 't' }
    cycle['self'] = cycle
    expect(JSON.stringify(policy.fields(cycle))).toContain('[too deep]')
    expect(policy.fields(Array.from({ length: 10_000 }, () => 1))).toHaveLength(5_001)
    expect(policy.fields(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [i, 1])))).toBe(
      '[too large]',
    )
    const bad = {
      get boom(): string {
        throw new Error('no')
      },
    }
    expect(policy.fields(bad)).toBe('[unreadable]')
    expect(policy.fields({ inner: bad, x: 1 })).toEqual({ inner: '[unreadable]', x: 1 })
  })

  it('keeps a key called __proto__ a key', () => {
    const given = JSON.parse('{"__proto__":{"token":"t"},"a":1}') as unknown
    expect(JSON.stringify(policy.fields(given))).toBe(`{"__proto__":{"token":"${REDACTED}"},"a":1}`)
  })

  it('never throws, and lets no secret value through', () => {
    const secret = 'SECRET-VALUE'
    fc.assert(
      fc.property(
        fc.object({ maxDepth: 5, key: fc.constantFrom('a', 'token', 'password', 'b') }),
        (value) => {
          const marked = JSON.parse(
            JSON.stringify(value, (key, inner: unknown) => (policy.isSecretKey(key) ? secret : inner)),
          )
          expect(JSON.stringify(policy.fields(marked))).not.toContain(secret)
        },
      ),
      { numRuns: 200 },
    )
    fc.assert(
      fc.property(fc.anything(), (value) => void policy.fields(value)),
      { numRuns: 300 },
    )
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (url) => {
        expect(policy.url(url)).toBe(url)
      }),
      { numRuns: 200 },
    )
    fc.assert(
      fc.property(fc.string(), (text) => void policy.url(text)),
      { numRuns: 500 },
    )
  })
})
