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

  it.each([
    'dbPassword',
    'DB_PASSWD',
    'mysql-pwd',
    'aws_secret_access_key',
    'AZURE_CLIENT_SECRET',
    'sessionToken',
    'x-vault-token',
    'stripeApiKey',
    'google_credentials',
    'jwtPrivateKey',
  ])('takes %s for one by its last words', (key) => expect(policy.isSecretKey(key)).toBe(true))

  it.each([
    'max_tokens',
    'total_tokens',
    'promptTokens',
    'passwordChangedAt',
    'token_count',
    'secretName',
    'monkey',
    '',
  ])('does not take %s for one by its words', (key) => expect(policy.isSecretKey(key)).toBe(false))

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
    // Every authority, with and without a scheme, wherever it stands.
    ['//u:S@h/a', '//REDACTED:REDACTED@h/a'],
    ['https:\\\\u:S@h', 'https:\\\\REDACTED:REDACTED@h'],
    ['https:///u:S@h', 'https:///REDACTED:REDACTED@h'],
    ['db://u:a\\S@h/x', 'db://REDACTED:REDACTED@h/x'],
    ['a://u:S@h/b://v:S@i', 'a://REDACTED:REDACTED@h/b://REDACTED:REDACTED@i'],
    ['a://h:1, b://v:S@i', 'a://h:1, b://REDACTED:REDACTED@i'],
    ['https://h/p?u=https://u:S@h', 'https://h/p?u=https://REDACTED:REDACTED@h'],
    ['/p?u=//u:S@h&x=1', '/p?u=//REDACTED:REDACTED@h&x=1'],
    ['/p?https://u:S@h', '/p?https://REDACTED:REDACTED@h'],
    ['/p?u=https://u:S=1@h', '/p?u=https://REDACTED:REDACTED@h'],
    ['/p?u=https%3A%2F%2Fu%3AS%40h', '/p?u=https%3A%2F%2FREDACTED%3AREDACTED%40h'],
    ['/p?u=https://a.example&mail=me@b.example', '/p?u=https://a.example&mail=me@b.example'],
    ['/p#https://u:S@h', '/p#https://REDACTED:REDACTED@h'],
    // A URL that another one carries.
    ['/p?next=/q?token=S', '/p?next=/q?token=REDACTED'],
    ['/p?next=%2Fq%3Ftoken%3DS%26a%3D1', '/p?next=%2Fq%3Ftoken%3DREDACTED%26a%3D1'],
    ['/p?next=%2Fq%3Fa%3D1', '/p?next=%2Fq%3Fa%3D1'],
    // Keys in brackets, matrix parameters, fragments.
    ['/p?token[]=S&a[]=1', '/p?token[]=REDACTED&a[]=1'],
    ['/p?user[password]=S&user[name]=n', '/p?user[password]=REDACTED&user[name]=n'],
    ['/p?token%5B0%5D=S', '/p?token%5B0%5D=REDACTED'],
    ['/p;token=S;v=1/q;a=2', '/p;token=REDACTED;v=1/q;a=2'],
    ['/p?a=1;token=S', '/p?a=1;token=REDACTED'],
    ['/p#access_token=S&state=1', '/p#access_token=REDACTED&state=1'],
    ['/p#/route?token=S&x=1', '/p#/route?token=REDACTED&x=1'],
    ['/p#!/route;token=S', '/p#!/route;token=REDACTED'],
    ['/p?a=1#token=S?b=2', '/p?a=1#token=REDACTED?b=2'],
    ['/p?max_tokens=5&dbPassword=S', '/p?max_tokens=5&dbPassword=REDACTED'],
  ])('cleans %s to %s', (given, clean) => expect(policy.url(given)).toBe(clean))

  it('replaces a URL within URLs within URLs as a whole, where a secret may still be in it', () => {
    const wrap = (inner: string): string => `/p?u=${encodeURIComponent(inner)}`
    const nested = wrap(wrap(wrap(wrap(wrap('/q?token=SECRET')))))
    expect(policy.url(nested)).not.toContain('SECRET')
    expect(policy.url(nested)).toContain('REDACTED')
  })

  it('cleans hostile URLs with work that is linear in their length', () => {
    for (const unit of [
      '://',
      ':\\\\',
      '//',
      '@',
      '://@',
      ';',
      ';a',
      ';=',
      ';token=',
      '?',
      '#',
      '&',
      '=',
      '[',
      '?a=/',
      '%2F',
      '%25',
    ]) {
      // Quadratic work would be thousands of millions of steps for each: the test would run out of time.
      for (const text of [unit.repeat(50_000), `@${unit.repeat(50_000)}`, `/p?u=${unit.repeat(50_000)}@`]) {
        expect(typeof policy.url(text)).toBe('string')
      }
    }
  })

  it('lets no password of an authority through, wherever the URL stands', () => {
    const authority = fc.tuple(fc.constantFrom('https:', 'redis:', ''), fc.stringMatching(/^[a-z]{0,5}$/))
    const around = fc.constantFrom(
      (url: string) => url,
      (url: string) => `/p?u=${url}`,
      (url: string) => `/p?u=${encodeURIComponent(url)}&v=1`,
      (url: string) => `https://a.example/p?u=${url}&w`,
      (url: string) => `/p?a=1#u=${url}`,
      (url: string) => `/p?n=${encodeURIComponent(`/q?u=${encodeURIComponent(url)}`)}`,
    )
    fc.assert(
      fc.property(authority, around, ([scheme, user], place) => {
        expect(policy.url(place(`${scheme}//${user}:S3CRET@host/a?b=1`))).not.toContain('S3CRET')
      }),
      { numRuns: 200 },
    )
  })

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

  it('leaves what is empty, dates and harmless class instances alone', () => {
    class Order {
      id = 7
    }
    const given = { token: undefined, password: null, secret: '', order: new Order(), at: new Date(0) }
    expect(policy.fields(given)).toBe(given)
  })

  it('ends on cycles, depth, size and getters that throw', () => {
    const cycle: Record<string, unknown> = { token: 't' }
    cycle['self'] = cycle
    expect(JSON.stringify(policy.fields(cycle))).toBe(`{"token":"${REDACTED}","self":"[circular]"}`)
    let deep: unknown = 'end'
    for (let i = 0; i < 1_000; i++) deep = { deep }
    expect(JSON.stringify(policy.fields(deep))).toContain('[too deep]')
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
        // Another authority in it may name a user; the generator makes one once in a thousand runs.
        fc.pre(url.lastIndexOf('//') === url.indexOf('//') && !url.includes(';'))
        expect(policy.url(url)).toBe(url)
      }),
      { numRuns: 200 },
    )
    fc.assert(
      fc.property(fc.string(), (text) => void policy.url(text)),
      { numRuns: 500 },
    )
  })

  it('hides in an attribute what it hides in text and URLs, whichever short way it takes', () => {
    const piece = fc.constantFrom(
      ...'/users/ GET 4111111111111111 411111111111 1 . eyJhbGci AKIAIOSFODNN7EXAMPLE ghp_ npm_ glpat- xoxb- AIza'.split(
        ' ',
      ),
      ...'0123456789abcdefghij ?token=s ;sig=s #/?token=s //u:p@ + %40 @b.cd Bearer Basic é A J -----BEGIN'.split(
        ' ',
      ),
      ' ',
    )
    const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))
    for (const each of [
      policy,
      createRedaction({ preset: 'pii' }),
      createRedaction({ patterns: [/sers/] }),
    ]) {
      fc.assert(
        fc.property(text, (value) => {
          expect(each.attribute('app.note', value)).toBe(each.text(value))
          expect(each.attribute('url.path', value)).toBe(each.url(value))
        }),
        { numRuns: 200 },
      )
    }
    expect(policy.attribute('db.query.text', 'select 1')).toBe(policy.attribute('db.query.text', 'select 2'))
  })
})
