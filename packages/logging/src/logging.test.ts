import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createLogging } from './index.ts'
import { recordLines, spanContextOf, TRACE, within } from './line-recorder.fixture.ts'

const IDS = `"trace_id":"${TRACE}","span_id":"00f067aa0ba902b7","trace_flags":"01"`
const SPAN = spanContextOf('00f067aa0ba902b7')

describe('createLogging', () => {
  it('names the active span on each line, through awaits and children, and no span outside of one', async () => {
    const { logging, text } = recordLines()
    await within(SPAN, async () => {
      logging.logger.info('first')
      await new Promise((resolve) => setImmediate(resolve))
      logging.logger.child({ a: 1 }).warn({ b: 2 }, 'second')
    })
    logging.logger.info('outside')
    expect(text()).toBe(
      `{"level":30,"time":1700000000000,${IDS},"msg":"first"}\n` +
        `{"level":40,"time":1700000000000,${IDS},"a":1,"b":2,"msg":"second"}\n` +
        '{"level":30,"time":1700000000000,"msg":"outside"}\n',
    )
  })

  it('writes the flags as two hex digits, and nothing for ids that are not valid', () => {
    const { logging, lines } = recordLines()
    within(spanContextOf('00f067aa0ba902b7', TRACE, 0), () => logging.logger.info('unsampled'))
    within(spanContextOf('00f067aa0ba902b7', TRACE, 3), () => logging.logger.info('random'))
    within(spanContextOf('0000000000000000'), () => logging.logger.info('no span'))
    within(spanContextOf('00f067aa0ba902b7', '0'.repeat(32)), () => logging.logger.info('no trace'))
    within(spanContextOf('00f067aa0ba902b7', '","x":"\n'), () => logging.logger.info('forged'))
    expect(lines().map((line) => line['trace_flags'])).toEqual(['00', '03', undefined, undefined, undefined])
    expect(lines().map((line) => Object.keys(line).length)).toEqual([6, 6, 3, 3, 3])
  })

  it('keeps a trace id that the line brings itself, so that no key stands twice', () => {
    const { logging, text } = recordLines()
    within(SPAN, () => logging.logger.info({ trace_id: 'mine' }, 'about another'))
    expect(text()).toBe('{"level":30,"time":1700000000000,"trace_id":"mine","msg":"about another"}\n')
  })

  it('writes ISO 8601 time where it is asked to, across a change of the second', () => {
    const written: string[] = []
    let wallMs = Date.UTC(2026, 10, 3, 9, 0, 0) - 1
    const logging = createLogging({
      destination: { write: (line) => written.push(line) },
      timestamp: 'iso',
      clock: { wallMs: () => wallMs, monotonicMs: () => 0, timer: () => ({ cancel() {} }) },
    })
    for (const step of [0, 1, 7, 50, 942, 1, -2_000]) {
      wallMs += step
      logging.logger.info('')
      const { time } = JSON.parse(written.at(-1) ?? '') as { time: string }
      expect(time).toBe(new Date(wallMs).toISOString())
    }
  })

  it('adds the service to each line, and pid and hostname only if asked', () => {
    const { logging, lines } = recordLines({ service: 'orders', pino: { base: { pid: 7 } } })
    logging.logger.info('x')
    expect(lines()[0]).toEqual({ level: 30, time: 1_700_000_000_000, service: 'orders', pid: 7, msg: 'x' })
  })

  it('counts lines by the name of their level, custom levels too, and none that was not made', () => {
    const { logging, count } = recordLines({ pino: { customLevels: { audit: 35 } } })
    logging.logger.info('a')
    logging.logger.info('b')
    logging.logger.debug('not made')
    ;(logging.logger as unknown as { audit(text: string): void }).audit('c')
    expect(count('triscope_log_lines_total', 'info')).toBe(2)
    expect(count('triscope_log_lines_total', 'audit')).toBe(1)
    expect(count('triscope_log_lines_total', 'debug')).toBe(0)
  })

  it('returns one child for one name, whose level follows the logger', () => {
    const { logging, lines } = recordLines({ level: 'warn' })
    const billing = logging.getLogger('billing')
    expect(logging.getLogger('billing')).toBe(billing)
    expect(logging.getLogger()).toBe(logging.logger)
    billing.info('not yet')
    logging.logger.level = 'info'
    billing.info('now')
    expect(lines()).toEqual([{ level: 30, time: 1_700_000_000_000, logger: 'billing', msg: 'now' }])
  })

  it('keeps no more than a thousand children by name', () => {
    const { logging } = recordLines()
    for (let i = 0; i < 1_000; i++) logging.getLogger(`name ${i}`)
    expect(logging.getLogger('name 999')).toBe(logging.getLogger('name 999'))
    expect(logging.getLogger('one more')).not.toBe(logging.getLogger('one more'))
  })

  it.each([
    [{ levle: 'info' }, 'TRI_ERR_UNKNOWN_OPTION', 'did you mean "level"?'],
    [{ access: 'some' }, 'TRI_ERR_OPTION', 'logging.access: expected "all", "errors", "off", got "some"'],
    [{ timestamp: 'rfc' }, 'TRI_ERR_OPTION', 'logging.timestamp: expected "epoch", "iso", got "rfc"'],
    [{ level: 'loud' }, 'TRI_ERR_PINO', 'levels known here: trace, debug, info, warn, error, fatal, silent'],
    [{ destination: {} }, 'TRI_ERR_OPTION', 'logging.destination: expected something with a write function'],
    [{ logger: console }, 'TRI_ERR_OPTION', 'logging.logger: expected a pino logger, got an object'],
    [{ logger: pino(), timestamp: 'iso' }, 'TRI_ERR_OPTION', 'logging.timestamp: expected nothing where'],
  ])('refuses wrong options at start: %j', (options, code, message) => {
    const create = () => createLogging(options as never)
    expect(create).toThrow(expect.objectContaining({ code }) as Error)
    expect(create).toThrow(message)
  })

  it('flushes and shuts down twice, and still writes afterwards', async () => {
    const { logging, lines } = recordLines()
    logging.logger.info('before')
    expect(await logging.flush()).toBe(true)
    expect(await logging.shutdown()).toBe(true)
    expect(await logging.shutdown()).toBe(true)
    logging.logger.info('the last words of a shutdown hook')
    expect(lines()).toHaveLength(2)
  })
})

describe('bound', () => {
  const other = spanContextOf('b7ad6b7169203331', '0af7651916cd43dd8448eb211c80319c')
  const child = spanContextOf('b7ad6b7169203331')

  it('names the active span of its own trace, and its own span anywhere else', () => {
    const { logging, lines } = recordLines()
    const log = logging.bound(SPAN)
    log.info('context lost')
    within(child, () => log.info('in a child span'))
    within(other, () => log.info('in a context of another request'))
    within(other, () => log.child({ a: 1 }).child({ b: 2 }).info('by its children'))
    expect(lines().map((line) => `${line['trace_id']} ${line['span_id']}`)).toEqual([
      `${TRACE} 00f067aa0ba902b7`,
      `${TRACE} b7ad6b7169203331`,
      `${TRACE} 00f067aa0ba902b7`,
      `${TRACE} 00f067aa0ba902b7`,
    ])
    expect(lines()[3]).toMatchObject({ a: 1, b: 2 })
  })

  it('leaves the logger it is made of unbound, and takes its level from it', () => {
    const { logging, lines } = recordLines({ level: 'warn' })
    const log = logging.bound(SPAN)
    log.info('too low')
    logging.logger.level = 'info'
    log.info('high enough')
    logging.logger.info('not of the request')
    expect(lines().map((line) => [line['msg'], line['span_id']])).toEqual([
      ['high enough', SPAN.spanId],
      ['not of the request', undefined],
    ])
  })

  it('is made of a logger of the app, and returns one that is no pino logger as it is', () => {
    const { logging, count } = recordLines()
    const written: string[] = []
    const theirs = pino({ base: null, timestamp: false }, { write: (line) => written.push(line) })
    logging.bound(SPAN, theirs).info('theirs')
    expect(written).toEqual([`{"level":30,${IDS},"msg":"theirs"}\n`])
    const foreign = { info() {} }
    expect(logging.bound(SPAN, foreign as never)).toBe(foreign)
    expect(logging.correlate(foreign)).toBe(foreign)
    for (const odd of [undefined, null, 'pino', Object.freeze(pino())]) {
      expect(logging.correlate(odd as never)).toBe(odd)
    }
    expect(count('triscope_telemetry_failures_total', 'TRI_WARN_NOT_PINO')).toBe(5)
  })
})
