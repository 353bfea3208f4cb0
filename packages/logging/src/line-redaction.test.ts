import { createRedaction } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { recordLines } from './line-recorder.fixture.ts'

describe('redaction', () => {
  it('hides secrets by name in fields, at any depth, and copies nothing else', () => {
    const { logging, text } = recordLines()
    const fields = { user: 'ada', Password: 'p', request: { headers: [{ 'X-API-Key': 'k' }] }, token: '' }
    logging.logger.info(fields, 'login')
    expect(text()).toBe(
      '{"level":30,"time":1700000000000,"user":"ada","Password":"[REDACTED]",' +
        '"request":{"headers":[{"X-API-Key":"[REDACTED]"}]},"token":"","msg":"login"}\n',
    )
    expect(fields).toEqual({
      user: 'ada',
      Password: 'p',
      request: { headers: [{ 'X-API-Key': 'k' }] },
      token: '',
    })
  })

  it('hides them in bindings of children, objects in messages, mixins and base fields', () => {
    const { logging, lines } = recordLines({
      pino: { base: { secret: 's' }, mixin: () => ({ cookie: 'c', more: { cookie: 'c' } }) },
    })
    const child = logging.logger.child({ token: 't', nested: { token: 't' } })
    child.setBindings({ passwd: 'p' })
    child.info('%o and %j', { secret: 's' }, { 'api-key': 'k' })
    expect(lines()[0]).toEqual({
      level: 30,
      time: 1_700_000_000_000,
      secret: '[REDACTED]',
      token: '[REDACTED]',
      nested: { token: '[REDACTED]' },
      passwd: '[REDACTED]',
      cookie: '[REDACTED]',
      more: { cookie: '[REDACTED]' },
      msg: '{"secret":"[REDACTED]"} and {"api-key":"[REDACTED]"}',
    })
  })

  it('hides them in class instances, what toJSON returns, and what serializers of the app return', () => {
    class User {
      name = 'ada'
      password = 'p'
    }
    const { logging, lines } = recordLines({
      pino: { serializers: { session: (id) => ({ id, cookie: 'c' }) } },
    })
    logging.logger.child({}, { serializers: { order: (id: unknown) => ({ id, token: 't' }) } }).info({
      user: new User(),
      doc: { toJSON: () => ({ secret: 's', at: new Date(0) }) },
      session: 1,
      order: 2,
    })
    expect(lines()[0]).toMatchObject({
      user: { name: 'ada', password: '[REDACTED]' },
      doc: { secret: '[REDACTED]', at: '1970-01-01T00:00:00.000Z' },
      session: { id: 1, cookie: '[REDACTED]' },
      order: { id: 2, token: '[REDACTED]' },
    })
  })

  it('goes along with paths of pino, on the logger and on a child', () => {
    const { logging, lines } = recordLines({ pino: { redact: ['card.number', 'gone'] } })
    const fields = {
      card: { number: '4111', password: 'p' },
      other: { number: '1', password: 'p' },
      gone: 'g',
    }
    logging.logger.info(fields)
    logging.logger.child({}, { redact: ['other.number'] }).info(fields)
    expect(lines()).toMatchObject([
      {
        card: { number: '[Redacted]', password: '[REDACTED]' },
        other: { number: '1', password: '[REDACTED]' },
        gone: '[Redacted]',
      },
      {
        card: { number: '4111', password: '[REDACTED]' },
        other: { number: '[Redacted]', password: '[REDACTED]' },
      },
    ])
  })

  it('takes the policy it is given', () => {
    const { logging, lines } = recordLines({ redaction: createRedaction({ keys: ['iban'] }) })
    logging.logger.info({ IBAN: 'DE00' })
    expect(lines()[0]).toMatchObject({ IBAN: '[REDACTED]' })
  })

  it('shows dates, maps and boxed values as JSON does, and bytes by their number', () => {
    const { logging, lines } = recordLines()
    const fields = {
      date: new Date(0),
      buffer: Buffer.from('ab'),
      map: new Map([[1, 2]]),
      boxed: Object('x'),
    }
    logging.logger.info(fields)
    expect(lines()[0]).toMatchObject({
      date: fields.date.toISOString(),
      buffer: '[2 bytes]',
      map: {},
      boxed: 'x',
    })
  })
})

describe('serializers', () => {
  it('write an error with its type, its causes, its aggregate and what else it carries, redacted', () => {
    const { logging, lines } = recordLines()
    const cause = new RangeError('cause')
    const error = Object.assign(new AggregateError([new Error('part')], 'whole', { cause }), {
      code: 'E1',
      config: { headers: { authorization: 'Bearer x' } },
    })
    logging.logger.error(error)
    logging.logger.error({ err: error }, 'under the key')
    const [first, second] = lines()
    expect(first?.['msg']).toBe('whole')
    expect(first?.['err']).toMatchObject({
      type: 'AggregateError',
      message: 'whole: cause',
      stack: expect.stringContaining('caused by: RangeError: cause') as string,
      aggregateErrors: [{ type: 'Error', message: 'part' }],
      code: 'E1',
      config: { headers: { authorization: '[REDACTED]' } },
    })
    expect(second?.['err']).toEqual(first?.['err'])
    expect(Object.keys(error)).toEqual(['code', 'config'])
  })

  it('write an error under any key, and one that is frozen', () => {
    const { logging, lines } = recordLines()
    logging.logger.warn({ reason: new TypeError('under a key of its own') })
    logging.logger.warn(Object.freeze(new TypeError('frozen')))
    expect(lines()).toMatchObject([
      { reason: { type: 'TypeError', message: 'under a key of its own' } },
      { err: { type: 'TypeError', message: 'frozen' }, msg: 'frozen' },
    ])
  })

  it('write a request without headers and with its URL redacted, and a response by its status', () => {
    const { logging, text } = recordLines()
    const socket = { remoteAddress: '10.0.0.7' }
    const headers = { authorization: 'Bearer x', 'x-internal': 'y' }
    const req = { method: 'GET', url: '/a?token=t&b=1', headers, socket }
    const res = { statusCode: 404, headersSent: true, setHeader() {}, getHeaders: () => headers }
    logging.logger.info({ req, res }, 'by key')
    logging.logger.info(req, 'by itself')
    logging.logger.info(res, 'by itself')
    const shown = '"req":{"method":"GET","url":"/a?token=REDACTED&b=1","remoteAddress":"10.0.0.7"}'
    expect(text()).toBe(
      `{"level":30,"time":1700000000000,${shown},"res":{"statusCode":404},"msg":"by key"}\n` +
        `{"level":30,"time":1700000000000,${shown},"msg":"by itself"}\n` +
        '{"level":30,"time":1700000000000,"res":{"statusCode":404},"msg":"by itself"}\n',
    )
  })
})
