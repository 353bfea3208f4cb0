import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { recordLines, spanContextOf, TRACE, within } from './line-recorder.fixture.ts'
import type { LoggingOptions } from './logging.ts'

/** Keys at the top of a line, in order, also those that stand twice. */
function keysOf(line: string): string[] {
  const keys: string[] = []
  let depth = 0
  for (const [token] of line.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (depth === 1 && token.endsWith(':')) keys.push(token)
  }
  return keys
}

const name = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom(
    'level',
    'time',
    'msg',
    'trace_id',
    'span_id',
    'trace_flags',
    'a',
    'service',
    '__proto__',
    'err',
  ),
  fc.constantFrom('password', 'X-Api-Key', 'dbToken'),
)
const SECRETS = ['S3CR3T-VALUE', '4111111111111111', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln']
const planted = fc.constantFrom(
  'Bearer S3CR3T-VALUE',
  'db://u:S3CR3T-VALUE@h',
  'a password=S3CR3T-VALUE b',
  '{"token":"S3CR3T-VALUE"}',
  'card 4111111111111111.',
  SECRETS[2] ?? '',
)
const value = fc.oneof(
  planted,
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true, maxDepth: 3 }),
  fc.string({ unit: 'binary' }),
  planted.map((text) => new Error(text)),
  planted.map((text) => [
    { deep: { text } },
    Object.assign(new Error('x'), { config: { headers: { cookie: text } } }),
  ]),
)
const fields = fc.array(fc.tuple(name, value), { maxLength: 6 }).map((pairs) => {
  const object: Record<string, unknown> = {}
  for (const [key, item] of pairs) {
    Object.defineProperty(object, key, { value: item, enumerable: true, configurable: true, writable: true })
  }
  return object
})

describe('a line', () => {
  it.each<[string, LoggingOptions]>([
    ['as it is', { service: 'orders' }],
    ['with ISO time and another message key', { timestamp: 'iso', pino: { messageKey: 'message' } }],
    ['with a nested key', { pino: { nestedKey: 'payload' } }],
    ['with a mixin', { pino: { mixin: () => ({ a: 1, time: 2 }) } }],
    ['with paths of pino', { pino: { redact: ['a', 'err.message'] } }],
  ])('is one JSON object whose keys differ, without a secret, whatever is logged: %s', (_, options) => {
    const { logging, text } = recordLines(options)
    fc.assert(
      fc.property(
        fields,
        fields,
        fc.oneof(value, planted),
        fc.boolean(),
        (bindings, given, message, isInSpan) => {
          const before = text().length
          const log = (): void => {
            const child = logging.logger.child(bindings).child({ a: 'again' })
            child.info(given, message as string)
            child.warn(message as string)
            child.error('%s %o', message, given)
          }
          if (isInSpan) within(spanContextOf('00f067aa0ba902b7'), log)
          else log()
          const lines = text().slice(before).split('\n')
          expect(lines.pop()).toBe('')
          expect(lines).toHaveLength(3)
          for (const line of lines) {
            expect([...line].every((character) => character >= ' ')).toBe(true)
            const parsed = JSON.parse(line) as Record<string, unknown>
            const keys = keysOf(line)
            expect(new Set(keys).size).toBe(keys.length)
            expect(Object.keys(parsed)).toContain('level')
            expect(typeof parsed['level']).toBe('number')
            if (isInSpan) expect(keys.filter((key) => key.startsWith('"trace_id"'))).toHaveLength(1)
            for (const secret of SECRETS) expect(line).not.toContain(secret)
          }
        },
      ),
      { numRuns: options.service === undefined ? 40 : 200, seed: 11 },
    )
  })

  it('is byte for byte what pino makes, where there is nothing to hide and no key stands twice', () => {
    const plain = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'é', 'with space'),
      fc.oneof(
        fc.string(),
        fc.integer(),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        fc.constant([1, { x: 'y' }]),
      ),
    )
    const written: string[] = []
    const options = { base: { service: 's' }, timestamp: () => ',"time":1700000000000' }
    const byPino = pino(options, { write: (line) => void written.push(line) })
    const { logging, text } = recordLines({ pino: { base: { service: 's' } } })
    fc.assert(
      fc.property(
        plain,
        fc.constantFrom('order placed', 'with "quotes"', 'é\n', '100 %'),
        (given, message) => {
          const before = text().length
          logging.logger.child({ child: 1 }).info(given, message)
          logging.logger.fatal(message)
          byPino.child({ child: 1 }).info(given, message)
          byPino.fatal(message)
          expect(text().slice(before)).toBe(written.splice(0).join(''))
        },
      ),
      { numRuns: 200, seed: 12 },
    )
  })

  it('keeps what a line says of itself, and writes a field of that name beside it', () => {
    const { logging, text } = recordLines({ service: 'orders' })
    within(spanContextOf('00f067aa0ba902b7'), () => {
      logging.logger
        .child({ time: 1, a: 1 })
        .info({ level: 99, span_id: 'x', msg: 'y', service: 's', a: 2 }, 'm')
    })
    expect(text()).toBe(
      `{"level":30,"time":1700000000000,"trace_id":"${TRACE}","span_id":"00f067aa0ba902b7","trace_flags":"01",` +
        '"time_":1,"level_":99,"span_id_":"x","msg_":"y","service":"s","a":2,"msg":"m"}\n',
    )
  })

  it('names the ids as it is told to', () => {
    const { logging, lines } = recordLines({ fields: { traceId: 'traceId', spanId: 'dd.span' } })
    within(spanContextOf('00f067aa0ba902b7'), () => logging.logger.info({ trace_id: 'mine' }, 'm'))
    expect(lines()[0]).toMatchObject({
      traceId: TRACE,
      'dd.span': '00f067aa0ba902b7',
      trace_flags: '01',
      trace_id: 'mine',
    })
    expect(() => recordLines({ fields: { traceId: 'a', spanId: 'a' } })).toThrow('three names that differ')
  })

  it('throws in strict mode, at the call that brought the secret', async () => {
    const { createRedaction } = await import('@triscope/core')
    const { logging, text } = recordLines({ redaction: createRedaction({ strict: true }) })
    expect(() => logging.logger.info({ password: 'x' })).toThrow('a secret reached telemetry')
    expect(() => logging.logger.info('Bearer S3CR3T-VALUE')).toThrow('a secret reached telemetry')
    expect(() => logging.logger.child({ token: 'x' })).toThrow('a secret reached telemetry')
    logging.logger.info({ user: 7 }, 'fine')
    expect(text().split('\n')).toHaveLength(2)
  })
})
