import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedaction, isSecretError } from './index.ts'

const policy = createRedaction()
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r'
const KEY = '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----'

describe('redaction of text', () => {
  it.each([
    ['paid with 4111 1111 1111 1111 today', 'paid with [REDACTED] today'],
    ['paid with 4111-1111-1111-1111, ok', 'paid with [REDACTED], ok'],
    ['amex 378282246310005', 'amex [REDACTED]'],
    ['GET failed: Bearer abc.def-123', 'GET failed: Bearer [REDACTED]'],
    ['basic dXNlcjpwYXNz sent', 'basic [REDACTED] sent'],
    [`token ${JWT} expired`, 'token [REDACTED] expired'],
    [`${KEY} end`, '[REDACTED] end'],
    ['-----BEGIN PRIVATE KEY-----\nMIIEp', '[REDACTED]'],
    ['connect postgres://app:s3cr3t@db:5432/x failed', 'connect postgres://[REDACTED]@db:5432/x failed'],
    ['redis://:p@ss@h:1', 'redis://[REDACTED]@h:1'],
    ['host=db password=s3cr3t port=1', 'host=db password=[REDACTED] port=1'],
    ["Server=a;Password='s3 cr3t';x=1", "Server=a;Password='[REDACTED]';x=1"],
    ['body {"user":"a","password":"s3\\"cr3t"}', 'body {"user":"a","password":"[REDACTED]"}'],
    ["{ user: 'a', apiKey: 's3cr3t' }", "{ user: 'a', apiKey: '[REDACTED]' }"],
    ['Authorization: Digest a, b\nHost: x', 'Authorization: [REDACTED]\nHost: x'],
    ['Set-Cookie: sid=1; path=/', 'Set-Cookie: [REDACTED]'],
    ['GET https://h/p?api_key=s3cr3t&x=1 404', 'GET https://h/p?api_key=[REDACTED]&x=1 404'],
    ['key AKIAIOSFODNN7EXAMPLE here', 'key [REDACTED] here'],
    ['ghp_0123456789abcdefghij0123456789abcdef', '[REDACTED]'],
  ])('hides what shows by its form: %j', (given, clean) => expect(policy.text(given)).toBe(clean))

  it.each([
    'order placed',
    'paid 4111 1111 1111 1112 points',
    'at 1700000000000 ms, trace 4bf92f3577b34da6a3ce929d0e0e4736',
    'Basic authentication is required',
    'Unexpected token: } in JSON at position 12',
    'unexpected token = in x',
    'https://example.org/a@b?c=d',
    'max_tokens=5 passwordless=true',
    'version 1.4111111111111111.0',
    'password=',
    "it's a: b, c=d",
  ])('leaves alone what only looks like it: %j', (text) => expect(policy.text(text)).toBe(text))

  it('cleans twice as it cleans once', () => {
    for (const text of [`Bearer ${JWT}`, 'a://u:p@h?token=x', 'password="x"', KEY, 'Cookie: a=b']) {
      const once = policy.text(text)
      expect(policy.text(once)).toBe(once)
    }
  })

  it('finds a secret wherever it stands between other text', () => {
    const secret = fc.constantFrom(
      ['4111111111111111', '4111111111111111'],
      [JWT, JWT],
      [`Bearer ${JWT}`, JWT],
      ['Bearer S3CR3Ttoken', 'S3CR3T'],
      ['db://u:S3CR3T@h', 'S3CR3T'],
      ['password=S3CR3T', 'S3CR3T'],
      ['"token":"S3CR3T"', 'S3CR3T'],
      [KEY, 'MIIEpAIBAAKCAQEA'],
    )
    fc.assert(
      fc.property(fc.string(), secret, fc.string(), (before, [text = '', hidden = ''], after) => {
        expect(policy.text(`${before} ${text} ${after}`)).not.toContain(hidden)
        expect(JSON.stringify(policy.fields({ a: [{ note: ` ${text} ` }] }))).not.toContain(hidden)
        expect(policy.attribute('note', `${before} ${text} ${after}`)).not.toContain(hidden)
      }),
      { numRuns: 200 },
    )
  })

  it('is linear in what it is given, and cuts what is too large', () => {
    const units = [
      'a',
      'a.',
      ':',
      '=',
      '://',
      '@',
      '://a',
      'password=',
      '"',
      '\\"',
      "'",
      '1 ',
      '4',
      'eyJ.',
      'Bearer ',
    ]
    units.push(
      '-----BEGIN PRIVATE KEY-----',
      'Basic a',
      '+1',
      'a@b.',
      'Cookie:',
      'a=b;',
      '{"token":"',
      '{"a":"',
    )
    const personal = createRedaction({ preset: 'pii' })
    for (const unit of units) {
      const text = unit.repeat(Math.ceil(400_000 / unit.length))
      // Quadratic work would be hours: the test would run out of time.
      expect(policy.text(text).length).toBeLessThan(3_000_000)
      personal.text(text)
      policy.attribute('db.query.text', text)
    }
  }, 20_000)
})

describe('options of redaction', () => {
  it('hides personal data by name, by whose it is, and by form, with the preset', () => {
    const personal = createRedaction({ preset: 'pii' })
    const given = {
      user: { id: 7, name: 'Ada', homeAddress: 'x' },
      service: { name: 'orders', address: '10.0.0.7' },
      firstName: 'Ada',
      note: 'call +44 20 7946 0958 or ada@example.org',
    }
    expect(personal.fields(given)).toEqual({
      user: { id: 7, name: '[REDACTED]', homeAddress: '[REDACTED]' },
      service: { name: 'orders', address: '10.0.0.7' },
      firstName: '[REDACTED]',
      note: 'call [REDACTED] or [REDACTED]',
    })
    expect(personal.attribute('user.name', 'Ada')).toBe('[REDACTED]')
    expect(personal.attribute('service.name', 'orders')).toBe('orders')
    expect(personal.attribute('client.address', '10.0.0.7')).toBe('10.0.0.7')
    expect(personal.url('/find?email=a%40b.example&q=ada%40example.org')).toBe(
      '/find?email=REDACTED&q=REDACTED',
    )
    expect(policy.fields(given)).toBe(given)
  })

  it('hides by path: names, lists, and a wildcard for one of either', () => {
    const byPath = createRedaction({ paths: ['user.ssn', 'items[*].card', '*.iban', 'a["b.c"]', 'whole'] })
    expect(
      byPath.fields({
        user: { ssn: 1, name: 'a' },
        items: [{ card: 1 }, { card: 2, id: 3 }],
        x: { iban: 'y' },
        iban: 'kept',
        a: { 'b.c': 1, b: { c: 2 } },
        whole: { deep: true },
      }),
    ).toEqual({
      user: { ssn: '[REDACTED]', name: 'a' },
      items: [{ card: '[REDACTED]' }, { card: '[REDACTED]', id: 3 }],
      x: { iban: '[REDACTED]' },
      iban: 'kept',
      a: { 'b.c': '[REDACTED]', b: { c: 2 } },
      whole: '[REDACTED]',
    })
    expect(byPath.field('whole', 1)).toBe('[REDACTED]')
  })

  it('hides matches of the given patterns, and writes what it is told to', () => {
    const own = createRedaction({ patterns: [/emp-\d+/y], replace: '***' })
    expect(own.text('see emp-7 and emp-8, password=x')).toBe('see *** and ***, password=***')
    expect(own.url('/e/emp-7?token=x')).toBe('/e/REDACTED?token=REDACTED')
  })

  it('throws in strict mode for what it would have replaced, and says what without saying it', () => {
    const strict = createRedaction({ strict: true, paths: ['a.b'] })
    const leaks = [
      { password: 'S3CR3T' },
      { a: { b: 'S3CR3T' } },
      { x: ['token=S3CR3T'] },
      { n: 4111111111111111 },
    ]
    for (const leak of leaks) {
      let caught: unknown
      try {
        strict.fields(leak)
      } catch (error) {
        caught = error
      }
      expect(isSecretError(caught)).toBe(true)
      expect(String(caught)).toMatch(/a secret reached telemetry: /)
      expect(String(caught)).not.toMatch(/S3CR3T|4111/)
    }
    expect(strict.fields({ a: 1, b: ['text'], token: '' })).toEqual({ a: 1, b: ['text'], token: '' })
    expect(strict.url('/p?token=x')).toBe('/p?token=REDACTED')
    for (const url of [
      'http://me:hunter22@host/',
      'https://h/?token=abc12345',
      'https://h/#access_token=abcdef12',
    ]) {
      expect(() => strict.field('link', url)).toThrow(expect.objectContaining({ code: 'TRI_ERR_SECRET' }))
      expect(() => strict.text(`see ${url}`)).toThrow(expect.objectContaining({ code: 'TRI_ERR_SECRET' }))
    }
  })

  it.each([
    [{ keys: 'a' }, 'redact.keys'],
    [{ paths: ['a..b'] }, 'redact.paths'],
    [{ paths: ['a[b'] }, 'redact.paths'],
    [{ patterns: ['a'] }, 'redact.patterns'],
    [{ preset: 'pci' }, 'redact.preset'],
    [{ strict: 1 }, 'redact.strict'],
    [{ replace: '' }, 'redact.replace'],
    [{ key: [] }, 'unknown option "redact.key"'],
  ])('refuses %j', (options, message) => {
    expect(() => createRedaction(options as never)).toThrow(message)
  })
})

describe('redaction of what clients and errors carry', () => {
  it('hides names and values in turn, and values beside their name', () => {
    expect(policy.fields({ rawHeaders: ['Host', 'x', 'Authorization', 'Digest y', 'Cookie', 'z'] })).toEqual({
      rawHeaders: ['Host', 'x', 'Authorization', '[REDACTED]', 'Cookie', '[REDACTED]'],
    })
    expect(
      policy.fields([{ name: 'x-api-key', value: 'S' }, ['set-cookie', 'S'], { name: 'a', value: 'b' }]),
    ).toEqual([
      { name: 'x-api-key', value: '[REDACTED]' },
      ['set-cookie', '[REDACTED]'],
      { name: 'a', value: 'b' },
    ])
  })

  it('looks into class instances, errors and toJSON at any depth, and shows bytes by their number', () => {
    class Config {
      headers = { Authorization: 'Digest S3CR3T' }
    }
    class AxiosError extends Error {
      config = new Config()
      toJSON(): object {
        return { message: this.message, config: this.config }
      }
    }
    class Plain extends Error {
      request = { nested: new Config() }
    }
    const cause = new Plain('at db://u:S3CR3T@h')
    const given = {
      a: { b: new AxiosError('no') },
      c: [new Error('outer', { cause })],
      d: new AggregateError([cause], 'all'),
      bytes: Buffer.from('S3CR3T'),
      floats: new Float64Array(2),
      map: new Map([['token', 'S3CR3T']]),
    }
    const clean = policy.fields(given)
    expect(JSON.stringify(clean)).not.toContain('S3CR3T')
    expect(clean).toMatchObject({
      a: { b: { message: 'no', config: { headers: { Authorization: '[REDACTED]' } } } },
      c: [{ type: 'Error', message: 'outer', cause: { type: 'Plain', message: 'at db://[REDACTED]@h' } }],
      d: { type: 'AggregateError', errors: [{ type: 'Plain' }] },
      bytes: '[6 bytes]',
      floats: '[16 bytes]',
    })
  })

  it('survives proxies, cycles through toJSON and endless getters', () => {
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no')
        },
      },
    )
    const self: Record<string, unknown> = { toJSON: () => self, token: 't' }
    const endless = { toJSON: (): object => ({ ...endless }) }
    const throwing = {
      toJSON() {
        throw new Error('no')
      },
    }
    expect(policy.fields({ proxy, throwing })).toEqual({ proxy: '[unreadable]', throwing: '[unreadable]' })
    expect(JSON.stringify((policy.fields({ self }) as { self: object }).self)).not.toContain('"t"')
    expect(JSON.stringify(policy.fields({ endless }))).toContain('[too deep]')
    expect(policy.fields(1n)).toBe(1n)
    expect(policy.fields({ n: 4111111111111111n })).toEqual({ n: '[REDACTED]' })
  })
})

describe('redaction of database text', () => {
  it.each([
    [
      "SELECT * FROM t1 WHERE a = 'it''s' AND b=1.5e3 AND c = $1",
      'SELECT * FROM t1 WHERE a = ? AND b=? AND c = $1',
    ],
    [
      'SELECT "u"."name" FROM "user" "u" WHERE "u"."id" = 42',
      'SELECT "u"."name" FROM "user" "u" WHERE "u"."id" = ?',
    ],
    [
      'INSERT INTO t (`a`, "b") VALUES ("x", \'y\\\'z\', 0x1F, -7)',
      'INSERT INTO t (`a`, "b") VALUES (?, ?, ?x1F, -?)',
    ],
    ["ALTER USER x PASSWORD 'S3CR3T", 'ALTER USER x PASSWORD ?'],
    ["SELECT $q$S3'CR3T$q$, :name, @p1 -- it's 5", "SELECT ?, :name, @p1 -- it's 5"],
    [
      '{"find":"users","filter":{"email":"a@b.example","age":{"$gt":5}}}',
      '{"find":?,"filter":{"email":?,"age":{"$gt":?}}}',
    ],
  ])('replaces literals of %s', (given, clean) => {
    expect(policy.attribute('db.query.text', given)).toBe(clean)
    expect(policy.attribute('db.statement', given)).toBe(clean)
    expect(policy.attribute('note', 'x = 5')).toBe('x = 5')
  })
})
