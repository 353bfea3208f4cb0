import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { getLogger, setCurrentLogging } from './index.ts'
import { recordLines, spanContextOf, within } from './line-recorder.fixture.ts'

const undo: (() => void)[] = []
afterEach(() => {
  for (const one of undo.splice(0)) one()
})

const messages = (lines: Record<string, unknown>[]): unknown[] => lines.map((line) => line['msg'])

describe('getLogger', () => {
  it('hands out a logger before telemetry exists that writes to the one in force afterwards', () => {
    const log = getLogger('billing')
    const child = log.child({ module: 'invoices' }).child({ part: 1 })
    const { logging, lines } = recordLines()
    undo.push(setCurrentLogging(logging))
    within(spanContextOf('00f067aa0ba902b7'), () => log.info({ a: 1 }, 'mine'))
    child.warn('of a child')
    log.debug('below the level')
    expect(lines()).toMatchObject([
      { level: 30, logger: 'billing', a: 1, span_id: '00f067aa0ba902b7', msg: 'mine' },
      { level: 40, logger: 'billing', module: 'invoices', part: 1, msg: 'of a child' },
    ])
  })

  it('goes along when telemetry is replaced, and back when the later one ends', () => {
    const log = getLogger()
    const first = recordLines()
    const second = recordLines()
    const endFirst = setCurrentLogging(first.logging)
    log.info('one')
    const endSecond = setCurrentLogging(second.logging)
    log.info('two')
    endSecond()
    endSecond()
    log.info('three')
    undo.push(setCurrentLogging(second.logging))
    endFirst()
    log.info('four')
    expect(messages(first.lines())).toEqual(['one', 'three'])
    expect(messages(second.lines())).toEqual(['two', 'four'])
  })

  it('is a whole pino logger: level, custom levels, bindings, isLevelEnabled, flush', () => {
    const { logging, lines } = recordLines({ pino: { customLevels: { audit: 35 } } })
    const log = getLogger('x')
    undo.push(setCurrentLogging(logging))
    expect(log.level).toBe('info')
    expect(log.isLevelEnabled('debug')).toBe(false)
    log.level = 'trace'
    for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'audit'] as const) {
      ;(log as unknown as Record<string, (text: string) => void>)[level]?.(level)
    }
    log.silent('never')
    expect(messages(lines())).toEqual(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'audit'])
    expect(log.bindings()).toEqual({ logger: 'x' })
    expect(log.levels.values['audit']).toBe(35)
    expect(() => log.flush()).not.toThrow()
  })

  it('carries the level that was set through it over to the next telemetry', () => {
    const log = getLogger('noisy')
    const first = recordLines()
    const second = recordLines()
    undo.push(setCurrentLogging(first.logging))
    log.level = 'debug'
    undo.push(setCurrentLogging(second.logging))
    log.debug('still')
    expect(messages(second.lines())).toEqual(['still'])
  })

  it('is looked behind by bound, correlate and the access line', () => {
    const { logging, lines } = recordLines()
    undo.push(setCurrentLogging(logging))
    const log = getLogger('x')
    const span = spanContextOf('00f067aa0ba902b7')
    expect(logging.correlate(log)).toBe(log)
    logging.bound(span, log).info('bound')
    logging.access({ method: 'GET' }, 'info', span, log)
    expect(lines()).toMatchObject([
      { logger: 'x', span_id: span.spanId, msg: 'bound' },
      { logger: 'x', span_id: span.spanId, msg: 'request' },
    ])
  })

  it('writes to standard output while no telemetry exists, so that no line is lost', () => {
    const written: string[] = []
    const { write } = process.stdout
    process.stdout.write = ((line: string) => written.push(line)) as never
    try {
      getLogger('early').error(new Error('before start'))
      setCurrentLogging(undefined)()
    } finally {
      process.stdout.write = write
    }
    expect(written).toHaveLength(1)
    expect(JSON.parse(written[0] ?? '')).toMatchObject({ logger: 'early', msg: 'before start' })
  })

  it('writes to the logger of the app where that is in force', () => {
    const written: string[] = []
    const logger = pino({ base: null, timestamp: false }, { write: (line) => written.push(line) })
    undo.push(setCurrentLogging(recordLines({ logger }).logging))
    getLogger().info('x')
    expect(written).toEqual(['{"level":30,"msg":"x"}\n'])
  })
})
