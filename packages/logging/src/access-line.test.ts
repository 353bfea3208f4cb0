import { createRedaction } from '@triscope/core'
import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { AccessFields, AccessLevel, LoggingOptions } from './index.ts'
import { recordLines, spanContextOf, TRACE, within } from './line-recorder.fixture.ts'

const SPAN = spanContextOf('00f067aa0ba902b7')
const IDS = `"trace_id":"${TRACE}","span_id":"00f067aa0ba902b7","trace_flags":"01"`

/** Text as an attacker writes it: forged lines, torn surrogates, NUL, the ends of JSON, a lot of it. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 80 })
    .map((units) => String.fromCharCode(...units)),
  fc.constantFrom(
    '\n{"level":60,"msg":"forged"}\n',
    '"},"x":"',
    '\\',
    '\r',
    '\u0000',
    '\ud800',
    '\udc00\ud800',
    '\u2028\u2029',
    '__proto__',
    'x'.repeat(63),
    'é'.repeat(65),
    `${'y'.repeat(255)}\ud83d\ude00`,
    'z'.repeat(100_000),
    '4614929302764808',
    `${'k'.repeat(244)} 46149293027648081`,
  ),
)

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })

const fieldsArbitrary: fc.Arbitrary<AccessFields> = fc.record({
  method: hostile,
  route: maybe(hostile),
  path: maybe(hostile),
  status: maybe(fc.oneof(fc.integer({ min: 100, max: 599 }), fc.double())),
  durationMs: maybe(fc.double()),
  bytes: maybe(fc.oneof(fc.nat(), fc.double())),
  clientAddress: maybe(hostile),
  requestBytes: maybe(fc.oneof(fc.nat(), fc.double())),
  userAgent: maybe(hostile),
  requestId: maybe(hostile),
  error: maybe(
    fc.oneof(
      hostile,
      hostile.map((message) => new TypeError(message)),
      fc.anything(),
    ),
  ),
  errorType: maybe(hostile),
})

/** A mixin that adds nothing: pino's own way, with the same result. */
const throughPino: LoggingOptions = { pino: { mixin: () => ({}) } }

describe('access line', () => {
  it('tells the request in a fixed order, with the ids of its span', () => {
    const { logging, text, count } = recordLines({ service: 'orders' })
    logging.access(
      {
        method: 'GET',
        route: '/users/:id',
        path: '/users/42?token=secret',
        status: 500,
        durationMs: 12.3456,
        bytes: 512,
        requestBytes: 64,
        clientAddress: '10.0.0.7',
        userAgent: 'curl/8.0',
        requestId: 'abc-1',
        error: new TypeError('no such "user"'),
      },
      'error',
      SPAN,
    )
    expect(text()).toBe(
      `{"level":50,"time":1700000000000,${IDS},"service":"orders","method":"GET","route":"/users/:id",` +
        '"path":"/users/42","status":500,"duration_ms":12.346,"bytes":512,"request_bytes":64,"client_address":"10.0.0.7",' +
        '"user_agent":"curl/8.0","request_id":"abc-1","error":{"type":"TypeError","message":"no such \\"user\\""},"msg":"request"}\n',
    )
    expect(count('triscope_log_lines_total', 'error')).toBe(1)
  })

  it.each<[string, LoggingOptions]>([
    ['as it is', {}],
    ['with another message key', { pino: { messageKey: 'message' } }],
    ['with ISO time', { timestamp: 'iso' }],
    ['with CRLF', { pino: { crlf: true } }],
    ['with levels as words', { pino: { formatters: { level: (label) => ({ level: label }) } } }],
    ['with base fields', { service: 's', pino: { base: { pid: 1 }, name: 'n' } }],
  ])('is the same by hand and through pino, for whatever a client sends: %s', (_, options) => {
    const byHand = recordLines(options)
    const byPino = recordLines({ ...options, pino: { ...options.pino, ...throughPino.pino } })
    const level = fc.constantFrom<AccessLevel[]>('info', 'warn', 'error')
    fc.assert(
      fc.property(fieldsArbitrary, level, fc.boolean(), (fields, at, isInSpan) => {
        const before = byHand.text().length
        const beforePino = byPino.text().length
        const from = isInSpan ? SPAN : undefined
        byHand.logging.access(fields, at, from)
        byPino.logging.access(fields, at, from)
        expect(byHand.text().slice(before)).toBe(byPino.text().slice(beforePino))
        const line = byHand.text().slice(before)
        const end = options.pino?.crlf === true ? '\r\n' : '\n'
        expect(line.endsWith(end)).toBe(true)
        expect(line.slice(0, -end.length)).not.toMatch(/[\r\n\0]/)
        expect(line.length).toBeLessThan(60_000)
        expect(JSON.parse(line)).toMatchObject({ [options.pino?.messageKey ?? 'msg']: 'request' })
        expect(Buffer.from(line).toString()).toBe(line)
      }),
      { numRuns: 200, seed: 7 },
    )
  })

  it('is written for a part of the traces, the same in each service, and for all that went wrong', () => {
    const { logging, lines } = recordLines({ access: { sample: 0.5 } })
    for (const right of ['00000000', '7fffffff', '80000000', 'ffffffff']) {
      const span = spanContextOf('00f067aa0ba902b7', `${TRACE.slice(0, 24)}${right}`)
      logging.access({ method: 'GET' }, 'info', span)
      logging.access({ method: 'GET' }, 'warn', span)
      logging.access({ method: 'GET' }, 'error', span)
    }
    const levels = lines().map((line) => line['level'])
    expect(levels.filter((level) => level === 30)).toHaveLength(2)
    expect(levels).toHaveLength(10)
    expect(() => recordLines({ access: { sample: 2 } })).toThrow('logging.access.sample')
  })

  it('is about the span it is given, not about the one that is active', () => {
    for (const options of [{}, throughPino]) {
      const { logging, lines } = recordLines(options)
      within(spanContextOf('b7ad6b7169203331'), () => {
        logging.access({ method: 'GET' }, 'info', SPAN)
        logging.access({ method: 'GET' }, 'info')
      })
      expect(lines().map((line) => line['span_id'])).toEqual([SPAN.spanId, 'b7ad6b7169203331'])
    }
  })

  it('passes each thing of the app that must see it', () => {
    const seen: string[] = []
    const see = (what: string) => {
      return <T>(value: T): T => {
        seen.push(what)
        return value
      }
    }
    const all: NonNullable<LoggingOptions['pino']>[] = [
      { mixin: () => see('mixin')({}) },
      { formatters: { log: see('formatters.log') } },
      { serializers: { method: see('serializers.method') } },
      { serializers: { msg: see('serializers.msg') } },
      { messageKey: 'm', serializers: { m: see('serializers.m') } },
      {
        hooks: {
          logMethod(args, method) {
            see('hooks.logMethod')(args)
            method.apply(this, args)
          },
        },
      },
      { hooks: { streamWrite: see('hooks.streamWrite') } },
    ]
    for (const options of all) recordLines({ pino: options }).logging.access({ method: 'GET' }, 'info')
    expect(seen).toEqual([
      'mixin',
      'formatters.log',
      'serializers.method',
      'serializers.msg',
      'serializers.m',
      'hooks.logMethod',
      'hooks.streamWrite',
    ])
    const redacted = recordLines({ pino: { redact: ['client_address'] } })
    redacted.logging.access({ method: 'GET', clientAddress: '10.0.0.7' }, 'info')
    expect(redacted.lines()[0]).toMatchObject({ client_address: '[Redacted]' })
  })

  it('hides a field of its own that the policy calls secret', () => {
    const { logging, lines } = recordLines({
      redaction: createRedaction({ keys: ['user_agent', 'message'] }),
    })
    logging.access({ method: 'GET', userAgent: 'me', error: new Error('about me') }, 'info')
    expect(lines()[0]).toMatchObject({
      user_agent: '[REDACTED]',
      error: { type: 'Error', message: '[REDACTED]' },
    })
  })

  it('adds the fields of the app after its own, redacted, whatever they are called, and none in the place of its own', () => {
    const { logging, text } = recordLines()
    const fields = JSON.parse('{"tenant":"a","status":1,"password":"p","__proto__":{"x":1}}') as object
    logging.access({ method: 'GET', status: 200, fields: { ...fields, nested: { token: 't' } } }, 'info')
    expect(text()).toBe(
      '{"level":30,"time":1700000000000,"method":"GET","status":200,"tenant":"a","password":"[REDACTED]",' +
        '"__proto__":{"x":1},"nested":{"token":"[REDACTED]"},"msg":"request"}\n',
    )
  })

  it('lets no field of the app stand for what was seen: ids, level, time, message, base fields', () => {
    const forged = {
      trace_id: 'f'.repeat(32),
      span_id: 'f'.repeat(16),
      trace_flags: '00',
      level: 10,
      time: 0,
      msg: 'forged',
      pid: 0,
      hostname: 'forged',
      service: 'forged',
      tenant: 'a',
    }
    const { logging, text } = recordLines({ service: 'orders' })
    logging.access({ method: 'GET', fields: forged }, 'info', SPAN)
    const own = `{"level":30,"time":1700000000000,${IDS},"service":"orders","method":"GET","tenant":"a"`
    expect(text()).toBe(`${own},"msg":"request"}\n`)
  })

  it('knows the names that the app chose for them, also in a logger of its own', () => {
    const written: string[] = []
    const chosen: NonNullable<LoggingOptions['pino']> = {
      messageKey: 'message',
      timestamp: () => ',"at":1',
      base: { region: 'eu' },
      formatters: { level: (label) => ({ severity: label }) },
    }
    const forged = { message: 'forged', at: 2, time: 2, region: 'us', severity: 'none', queue: 'q' }
    const made = recordLines({ pino: chosen, destination: { write: (line) => written.push(line) } })
    const given = recordLines({ logger: pino(chosen, { write: (line) => void written.push(line) }) })
    for (const { logging } of [made, given]) logging.access({ method: 'GET', fields: forged }, 'info')
    const rest = '"queue":"q","message":"request"}\n'
    expect(written).toEqual([
      // The form of the time is given besides, so here nobody is called `at` but the app's field.
      `{"severity":"info","time":1700000000000,"region":"eu","method":"GET","at":2,${rest}`,
      `{"severity":"info","at":1,"region":"eu","method":"GET",${rest}`,
    ])
  })

  it('says what kind of error it was where there is none to show', () => {
    const { logging, lines } = recordLines()
    logging.access({ method: 'GET', errorType: 'aborted' }, 'warn')
    expect(lines()[0]).toEqual({
      level: 40,
      time: 1_700_000_000_000,
      method: 'GET',
      error: { type: 'aborted' },
      msg: 'request',
    })
  })

  it('shows no secret of a known form, whatever says it, by hand and through pino', () => {
    const token = 'ghp_abcdefghijklmnopqrstuvwxyz0123456789'
    for (const options of [{}, throughPino]) {
      const { logging, text } = recordLines(options)
      const error = new Error(`no answer to Bearer ${token}`)
      const paths = { path: `/reset/${token}`, route: token, requestId: token, errorType: token }
      for (const method of ['GET', 'GET'])
        logging.access({ method, userAgent: `cli ${token}`, clientAddress: token, error, ...paths }, 'error')
      expect(text()).not.toContain('ghp_')
      expect(text().match(/REDACTED/g)).toHaveLength(14)
    }
  })

  it('replaces credentials in a path that is a URL', () => {
    const { logging, lines } = recordLines()
    logging.access({ method: 'GET', path: '/proxy/http://me:secret@host/x?y' }, 'info')
    expect(lines()[0]?.['path']).toBe('/proxy/http://REDACTED:REDACTED@host/x')
  })

  it('leaves out what was not asked for: by option, and by the level of the logger', () => {
    const of = (options: LoggingOptions): unknown[] => {
      const { logging, lines } = recordLines(options)
      for (const level of ['info', 'warn', 'error'] as const) logging.access({ method: 'GET' }, level)
      return lines().map((line) => line['level'])
    }
    expect(of({})).toEqual([30, 40, 50])
    expect(of({ access: 'errors' })).toEqual([40, 50])
    expect(of({ access: 'off' })).toEqual([])
    expect(of({ level: 'error' })).toEqual([50])
    expect(of({ level: 'silent' })).toEqual([])
    expect(of({ pino: { customLevels: { audit: 35 }, useOnlyCustomLevels: true }, level: 'audit' })).toEqual(
      [],
    )
  })

  it('goes to the logger of one request where it is given, with its bindings', () => {
    const { logging, lines } = recordLines()
    logging.access({ method: 'GET' }, 'info', SPAN, logging.logger.child({ reqId: 'r1' }))
    expect(lines()[0]).toMatchObject({ reqId: 'r1', method: 'GET', span_id: SPAN.spanId })
  })

  it('does not throw where the logger does', () => {
    const { logging, count } = recordLines()
    const broken = pino(
      {
        mixin: () => {
          throw new Error('no')
        },
      },
      { write() {} },
    )
    logging.access({ method: 'GET' }, 'info', SPAN, broken)
    logging.access({ method: 'GET' }, 'info', SPAN, {} as never)
    expect(count('triscope_telemetry_dropped_total', 'logs', 'VALUE_INVALID')).toBe(2)
  })
})
