import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LineFormatName } from './line-format.ts'
import { recordLines, spanContextOf, TRACE, within } from './line-recorder.fixture.ts'
import type { LoggingOptions } from './logging.ts'

const SPAN = spanContextOf('00f067aa0ba902b7')
const TIME = '2023-11-14T22:13:20.000Z'
const ACCESS = {
  method: 'GET',
  route: '/users/:id',
  path: '/users/42',
  status: 500,
  durationMs: 12.5,
  bytes: 512,
  clientAddress: '10.0.0.7',
  userAgent: 'curl/8.0',
  error: new TypeError('no user'),
}

function record(format: LineFormatName, options: LoggingOptions = {}) {
  return recordLines({ format, service: 'orders', ...options })
}

/** The rules of the ECS logging specification, and the types of those ECS 8.11 fields that lines may have. */
function checkEcs(line: string): void {
  const parsed = JSON.parse(line) as Record<string, unknown>
  const keys = Object.keys(parsed)
  expect(keys.slice(0, 3)).toEqual(['@timestamp', 'log.level', 'message'])
  expect(parsed['@timestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect(parsed['ecs.version']).toMatch(/^8\.\d+\.\d+$/)
  for (const key of ['log.level', 'message', 'ecs.version']) expect(typeof parsed[key]).toBe('string')
  const keyword = (value: unknown): boolean => typeof value === 'string'
  const long = (value: unknown): boolean => Number.isSafeInteger(value)
  const types: Record<string, (value: unknown) => boolean> = {
    'trace.id': (value) => /^[0-9a-f]{32}$/.test(String(value)),
    'span.id': (value) => /^[0-9a-f]{16}$/.test(String(value)),
    'service.name': keyword,
    'event.dataset': keyword,
    'event.kind': (value) => value === 'event',
    'event.category': (value) => JSON.stringify(value) === '["web"]',
    'event.type': (value) => JSON.stringify(value) === '["access"]',
    'event.outcome': (value) => ['success', 'failure', 'unknown'].includes(String(value)),
    'event.duration': long,
    'http.response.status_code': long,
    'http.response.body.bytes': long,
    'error.type': keyword,
    'error.message': keyword,
    'error.stack_trace': keyword,
    'error.code': keyword,
    'log.logger': keyword,
    'process.pid': long,
    'client.ip': (value) => /^[\d.]+$|:/.test(String(value)),
  }
  for (const [key, value] of Object.entries(parsed))
    expect([key, types[key]?.(value) ?? true]).toEqual([key, true])
  for (const [key, value] of Object.entries((parsed['labels'] ?? {}) as object)) {
    expect(key).not.toMatch(/[.*\\]/)
    expect(typeof value).toBe('string')
  }
  // A field set is an object, or its parts are dotted; never both, never another type.
  for (const set of ['error', 'user', 'event', 'http', 'url', 'client', 'service', 'trace', 'log']) {
    const whole = parsed[set]
    expect(
      whole === undefined || (typeof whole === 'object' && whole !== null && !Array.isArray(whole)),
    ).toBe(true)
    if (whole !== undefined) expect(keys.filter((key) => key.startsWith(`${set}.`))).toEqual([])
  }
}

describe('ECS', () => {
  it('names what ECS has a name for, first what its logging specification asks to be first', () => {
    const { logging, text } = record('ecs')
    within(SPAN, () =>
      logging.getLogger('billing').info({ order: 7, user: 'ada', host: { name: 'x' } }, 'placed'),
    )
    expect(text()).toBe(
      `{"@timestamp":"${TIME}","log.level":"info","message":"placed","ecs.version":"8.11.0","trace.id":"${TRACE}",` +
        '"span.id":"00f067aa0ba902b7","service.name":"orders","event.dataset":"orders.log","log.logger":"billing",' +
        '"order":7,"host":{"name":"x"},"labels":{"user":"ada"}}\n',
    )
    checkEcs(text())
  })

  it('writes errors and access lines by its own fields', () => {
    const { logging, lines, text } = record('ecs')
    logging.logger.error(Object.assign(new RangeError('too far'), { code: 'E_FAR', hint: 'nearer' }))
    logging.access(ACCESS, 'error', SPAN)
    expect(lines()[0]).toMatchObject({
      message: 'too far',
      'error.type': 'RangeError',
      'error.message': 'too far',
      'error.stack_trace': expect.stringContaining('RangeError: too far') as string,
      'error.code': 'E_FAR',
      labels: { error_details: '{"hint":"nearer"}' },
    })
    expect(lines()[1]).toMatchObject({
      'event.duration': 12_500_000,
      'event.outcome': 'failure',
      'http.request.method': 'GET',
      'http.response.status_code': 500,
      'url.path': '/users/42',
      'client.ip': '10.0.0.7',
      'user_agent.original': 'curl/8.0',
      'error.type': 'TypeError',
      'trace.id': TRACE,
      labels: { http_route: '/users/:id' },
    })
    for (const line of text().trimEnd().split('\n')) checkEcs(line)
  })

  it('is valid whatever the app logs', () => {
    const { logging, text } = record('ecs')
    const key = fc.constantFrom(
      'error',
      'user',
      'user.name',
      'event',
      'message',
      'labels',
      'a',
      'log.level',
      'http',
      'trace.id',
      'err',
      '@timestamp',
      'tags',
      'service',
      '__proto__',
    )
    fc.assert(
      fc.property(fc.dictionary(key, fc.anything()), fc.boolean(), (fields, isAccess) => {
        const before = text().length
        if (isAccess) logging.access({ ...ACCESS, fields }, 'error', SPAN)
        else logging.logger.info(fields, 'm')
        checkEcs(text().slice(before))
      }),
      { numRuns: 150, seed: 5 },
    )
  })
})

describe('Google Cloud', () => {
  it('has severity, time, message, trace and the request where its agents look for them', () => {
    const { logging, lines } = recordLines({ format: 'gcp', service: 'orders' })
    within(SPAN, () => logging.logger.warn({ severity: 'forged', httpRequest: 1, order: 7 }, 'careful'))
    logging.access(ACCESS, 'error', SPAN)
    logging.logger.fatal(new Error('boom'))
    expect(lines()[0]).toEqual({
      severity: 'WARNING',
      time: TIME,
      message: 'careful',
      'logging.googleapis.com/trace': TRACE,
      'logging.googleapis.com/spanId': '00f067aa0ba902b7',
      'logging.googleapis.com/trace_sampled': true,
      serviceContext: { service: 'orders' },
      _severity: 'forged',
      _httpRequest: 1,
      order: 7,
    })
    expect(lines()[1]).toMatchObject({
      severity: 'ERROR',
      httpRequest: {
        requestMethod: 'GET',
        requestUrl: '/users/42',
        status: 500,
        responseSize: '512',
        userAgent: 'curl/8.0',
        remoteIp: '10.0.0.7',
        latency: '0.012500s',
      },
      route: '/users/:id',
    })
    expect(lines()[2]).toMatchObject({
      severity: 'CRITICAL',
      stack_trace: expect.stringContaining('Error: boom') as string,
      '@type': expect.stringContaining('ReportedErrorEvent') as string,
    })
  })
})

/** A reader of logfmt of its own: bare words and quoted texts. */
function readLogfmt(line: string): [string, string][] {
  const pairs: [string, string][] = []
  const pair = /([\w.@/-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?: |$)/y
  while (pair.lastIndex < line.length) {
    const match = pair.exec(line)
    if (match === null) throw new Error(`not logfmt: ${line}`)
    pairs.push([match[1] ?? '', match[2] ?? match[3] ?? ''])
  }
  return pairs
}

describe('text formats', () => {
  it('write logfmt with nested names and quoted texts', () => {
    const { logging, text } = record('logfmt')
    within(SPAN, () => logging.logger.info({ a: { b: 1, c: [1, 'x'] }, ok: true, none: null }, 'two words'))
    expect(text()).toBe(
      `time=${TIME} level=info msg="two words" trace_id=${TRACE} span_id=00f067aa0ba902b7 trace_flags=01 service=orders ` +
        'a.b=1 a.c="[1,\\"x\\"]" ok=true none=null\n',
    )
  })

  it('write pretty lines without colour where there is no terminal, and the stack below', () => {
    const { logging, text } = record('pretty')
    logging.logger.warn({ order: 7 }, 'careful')
    logging.access(ACCESS, 'error', SPAN)
    logging.logger.error(new Error('boom'))
    logging.logger.info('alone')
    const lines = text().split('\n')
    expect(lines[0]).toMatch(/^\d\d:\d\d:20\.000 WARN {2}careful service=orders order=7$/)
    expect(lines[1]).toMatch(
      / ERROR GET \/users\/42 500 12\.5 ms .*route=\/users\/:id .*error\.message=no user trace=4bf9/,
    )
    expect(lines[2]).toMatch(/ ERROR boom service=orders$/)
    expect(lines[3]).toBe('    Error: boom')
    expect(lines.at(-2)).toMatch(/ INFO {2}alone service=orders$/)
  })

  it.each<LineFormatName>(['logfmt', 'pretty'])(
    'let nothing forge a line or steer a terminal: %s',
    (format) => {
      const { logging, text } = record(format)
      const evil = fc.constantFrom(
        '\nlevel=fatal msg=forged',
        '\r\u001b[2J\u009b31m',
        '\u2028\u2029\u202e',
        'a="b" c=d',
        '\\',
        '"',
        '\u0000',
      )
      const any = fc.oneof(evil, fc.string({ unit: 'binary' }), fc.anything())
      fc.assert(
        fc.property(fc.dictionary(fc.oneof(evil, fc.string()), any), any, (fields, message) => {
          const before = text().length
          logging.logger.info(
            fields,
            String(typeof message === 'symbol' ? '' : (JSON.stringify(message) ?? 'm')),
          )
          logging.logger.info(
            { ...fields, err: undefined, error: undefined },
            typeof message === 'string' ? message : 'm',
          )
          const lines = text().slice(before).trimEnd().split('\n')
          for (const line of lines) {
            expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202e]/u)
            if (format === 'logfmt') {
              const names = readLogfmt(line).map(([name]) => name)
              expect(new Set(names).size).toBe(names.length)
              expect(names.slice(0, 3)).toEqual(['time', 'level', 'msg'])
            }
          }
          if (format === 'logfmt') expect(lines).toHaveLength(2)
          else for (const line of lines) expect(line).toMatch(/^(\d\d:\d\d:\d\d\.000 INFO | {4})/)
        }),
        { numRuns: 100, seed: 6 },
      )
    },
    20_000,
  )

  it('are refused where the logger is the app’s own, or unknown', () => {
    expect(() => recordLines({ format: 'xml' as never })).toThrow('logging.format')
  })
})
