import { createRequire } from 'node:module'
import { PassThrough } from 'node:stream'
import type { Logger, LoggerOptions } from 'pino'
import { pino as importedPino } from 'pino'
import { describe, expect, it } from 'vitest'
import { recordLines, spanContextOf, TRACE, within } from './line-recorder.fixture.ts'

type Pino = typeof importedPino

const require = createRequire(import.meta.url)
const IDS = `"trace_id":"${TRACE}","span_id":"00f067aa0ba902b7","trace_flags":"01"`
const SPAN = spanContextOf('00f067aa0ba902b7')

/** A second copy of the same version, with symbols of its own, as another package's node_modules has one. */
function secondCopy(): Pino {
  const loaded = Object.keys(require.cache)
  const kept = loaded.map((id) => [id, require.cache[id]] as const)
  for (const id of loaded) if (id.includes('/pino/')) delete require.cache[id]
  const copy = require('pino') as Pino
  for (const [id, module] of kept) require.cache[id] = module
  return copy
}

const copies: readonly (readonly [string, Pino])[] = [
  ['pino 10 by import', importedPino],
  ['pino 10 by require', require('pino') as Pino],
  ['another copy of pino 10', secondCopy()],
  ['pino 9', require('pino-9') as Pino],
  ['pino 8', require('pino-8') as Pino],
  ['pino 7', require('pino-7') as Pino],
]

function open(pino: Pino, options: LoggerOptions = {}): { logger: Logger; text(): string } {
  const written: string[] = []
  const destination = { write: (line: string) => written.push(line) }
  return {
    logger: pino({ base: null, timestamp: () => ',"time":1', ...options }, destination),
    text: () => written.join(''),
  }
}

it('tests copies that share no symbol', () => {
  const symbols = copies.map(([, pino]) => pino.symbols.asJsonSym as symbol)
  expect(new Set(symbols).size).toBe(5)
})

describe.each(copies)('correlate, %s', (_, pino) => {
  const { logging } = recordLines()

  it('adds the ids to lines of the logger and of children made before and after', () => {
    const { logger, text } = open(pino)
    const before = logger.child({ child: 'before' })
    expect(logging.correlate(logger)).toBe(logger)
    const after = logger.child({ child: 'after' }, { level: 'debug' })
    within(SPAN, () => {
      logger.info('root')
      before.info('x')
      after.debug({ a: 1 }, 'y %s', 'z')
      before.child({ deep: true }).error(new TypeError('broken'))
    })
    logger.info('outside')
    expect(text().replace(/"stack":"(?:[^"\\]|\\.)*"/, '"stack":"…"')).toBe(
      `{"level":30,"time":1,${IDS},"msg":"root"}\n` +
        `{"level":30,"time":1,${IDS},"child":"before","msg":"x"}\n` +
        `{"level":20,"time":1,${IDS},"child":"after","a":1,"msg":"y z"}\n` +
        `{"level":50,"time":1,${IDS},"child":"before","deep":true,` +
        '"err":{"type":"TypeError","message":"broken","stack":"…"},"msg":"broken"}\n' +
        '{"level":30,"time":1,"msg":"outside"}\n',
    )
  })

  it('adds the ids once, however often it is called, on parents, children and by two loggings', () => {
    const { logger, text } = open(pino)
    const child = logger.child({})
    logging.correlate(child)
    logging.correlate(logger)
    logging.correlate(logger)
    const second = recordLines()
    second.logging.correlate(logger)
    second.logging.correlate(child)
    within(SPAN, () => {
      logger.info('root')
      child.info('child')
    })
    expect(text()).toBe(
      `{"level":30,"time":1,${IDS},"msg":"root"}\n{"level":30,"time":1,${IDS},"msg":"child"}\n`,
    )
    expect(second.count('triscope_log_lines_total', 'info')).toBe(2)
  })

  it.each<[string, LoggerOptions, string]>([
    ['no time', { timestamp: false }, `{"level":30,${IDS},"a":1,"msg":"m"}\n`],
    [
      'a time under another key',
      { timestamp: () => ',"@timestamp":"now"' },
      `{"level":30,"@timestamp":"now",${IDS},"a":1,"msg":"m"}\n`,
    ],
    ['another message key', { messageKey: 'message' }, `{"level":30,"time":1,${IDS},"a":1,"message":"m"}\n`],
    ['a nested key', { nestedKey: 'f' }, `{"level":30,"time":1,${IDS},"f":{"a":1},"msg":"m"}\n`],
    [
      'formatters',
      {
        formatters: {
          level: (label) => ({ severity: label }),
          log: (fields) => ({ ...fields, formatted: true }),
        },
      },
      `{"severity":"info","time":1,${IDS},"a":1,"formatted":true,"msg":"m"}\n`,
    ],
    ['serializers', { serializers: { a: () => 'A' } }, `{"level":30,"time":1,${IDS},"a":"A","msg":"m"}\n`],
    ['a mixin', { mixin: () => ({ mixed: 1 }) }, `{"level":30,"time":1,${IDS},"mixed":1,"a":1,"msg":"m"}\n`],
    [
      'a mixin that names the trace itself',
      { mixin: () => ({ trace_id: 'theirs' }) },
      '{"level":30,"time":1,"trace_id":"theirs","a":1,"msg":"m"}\n',
    ],
    [
      'a hook',
      {
        hooks: {
          logMethod(args, method) {
            method.apply(this, [args[0], `hooked ${String(args[1])}`])
          },
        },
      },
      `{"level":30,"time":1,${IDS},"a":1,"msg":"hooked m"}\n`,
    ],
    ['redact paths', { redact: ['a'] }, `{"level":30,"time":1,${IDS},"a":"[Redacted]","msg":"m"}\n`],
    ['a name', { base: {}, name: 'app' }, `{"level":30,"time":1,${IDS},"name":"app","a":1,"msg":"m"}\n`],
  ])('keeps %s working', (_what, options, line) => {
    const { logger, text } = open(pino, options)
    logging.correlate(logger)
    within(SPAN, () => logger.info({ a: 1 }, 'm'))
    expect(text()).toBe(line)
  })

  it('shows destinations with metadata the time alone, and writes to each of a multistream', () => {
    const written: string[] = []
    const withMetadata = {
      [Symbol.for('pino.metadata')]: true as const,
      lastTime: '',
      lastLevel: 0,
      write(line: string) {
        written.push(`${this.lastLevel} ${this.lastTime} ${line}`)
      },
    }
    const through = new PassThrough()
    const streams = pino.multistream([
      { level: 'info', stream: withMetadata as never },
      { level: 'error', stream: through },
    ])
    const logger = pino({ base: null, timestamp: () => ',"time":1' }, streams)
    logging.correlate(logger)
    within(SPAN, () => logger.error('m'))
    expect(written).toEqual([`50 1 {"level":50,"time":1,${IDS},"msg":"m"}\n`])
    expect(String(through.read())).toBe(`{"level":50,"time":1,${IDS},"msg":"m"}\n`)
  })
})

describe('the logger of the app as the logger of logging', () => {
  it('is correlated, used as it is, and written to by the access line', () => {
    const { logger, text } = open(importedPino, { level: 'debug' })
    const { logging } = recordLines({ logger, service: 'has no place on a logger that exists' })
    expect(logging.logger).toBe(logger)
    within(SPAN, () => logging.getLogger('db').debug('q'))
    logging.access({ method: 'GET', status: 200 }, 'info', SPAN)
    expect(text()).toBe(
      `{"level":20,"time":1,${IDS},"logger":"db","msg":"q"}\n` +
        `{"level":30,"time":1,${IDS},"method":"GET","status":200,"msg":"request"}\n`,
    )
  })
})
