import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recordLines, spanContextOf, TRACE, within } from './line-recorder.fixture.ts'

const throwing = (message: string) => () => {
  throw new Error(message)
}
const circular: Record<string, unknown> = { a: 1 }
circular['self'] = circular

/** Everything an app should not log, and does. */
const hostile: readonly (readonly [string, readonly unknown[]])[] = [
  ['a throwing getter', [Object.defineProperty({}, 'a', { enumerable: true, get: throwing('no a') }), 'm']],
  [
    'a throwing getter pino looks at',
    [
      {
        get setHeader() {
          return throwing('no')()
        },
      },
      'm',
    ],
  ],
  [
    'a proxy whose traps throw',
    [new Proxy({}, { get: throwing('no'), ownKeys: throwing('no'), has: throwing('no') }), 'm'],
  ],
  ['a revoked proxy', [revoked(), 'm']],
  ['a revoked proxy below', [{ a: { b: revoked() } }, 'm']],
  ['a symbol for %d', ['%d', Symbol('s')]],
  ['a symbol for %s', ['%s', Symbol('s')]],
  ['a symbol as message', [Symbol('s')]],
  ['a BigInt', [{ a: 1n, b: { c: 2n } }, 'm %s', 3n]],
  ['a BigInt alone', [1n]],
  ['a cycle', [circular, 'm %o', circular]],
  ['a throwing toJSON', [{ a: { toJSON: throwing('no') } }, 'm %j', { toJSON: throwing('no') }]],
  ['a throwing toString', ['%s', { toString: throwing('no') }]],
  ['an error that throws', [Object.defineProperty(new Error('x'), 'message', { get: throwing('no') }), 'm']],
  ['a frozen error', [Object.freeze(new Error('x'))]],
  ['a function', [() => 1, 'm']],
  ['nothing', []],
  ['null', [null]],
  ['undefined', [undefined]],
  ['invalid dates', [{ at: new Date(Number.NaN) }, 'm']],
  ['numbers JSON has not', [{ a: Number.NaN, b: Number.NEGATIVE_INFINITY, c: -0 }, 'm']],
  [
    'prototype keys',
    [JSON.parse('{"__proto__":{"a":1},"constructor":1,"hasOwnProperty":1,"toString":1}'), 'm'],
  ],
  ['a megabyte', [{ a: 'x'.repeat(1_000_000) }, 'y'.repeat(1_000_000)]],
  [
    'a hundred thousand keys',
    [Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i])), 'm'],
  ],
  ['a thousand levels', [nested(1_000), 'm']],
  ['a hundred thousand levels', [nested(100_000), 'm']],
  ['a large buffer', [{ a: Buffer.alloc(100_000) }, 'm']],
  ['an array of all', [[circular, 1n, revoked()], 'm']],
]

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function nested(depth: number): object {
  let value: object = {}
  for (let i = 0; i < depth; i++) value = { value }
  return value
}

describe('what is logged', () => {
  it.each(hostile)('never throws and makes one whole line: %s', (_, args) => {
    for (const options of [{}, { redact: ['a', 'b.*'] }, { nestedKey: 'n' }]) {
      const { logging, text } = recordLines({ pino: options })
      const log = logging.logger.info as unknown as (...args: unknown[]) => void
      log.apply(logging.logger, [...args])
      expect(text().endsWith('}\n')).toBe(true)
      expect(text().split('\n')).toHaveLength(2)
      expect(JSON.parse(text())).toMatchObject({ level: 30 })
      expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('a')
    }
  })

  it('never throws, for arguments nobody thought of', () => {
    const { logging, text } = recordLines()
    const log = logging.logger.warn as unknown as (...args: unknown[]) => void
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
      withBoxedValues: true,
    })
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 4 }), (args) => {
        const before = text().length
        log.apply(logging.logger, [...args])
        const line = text().slice(before)
        expect(line.slice(0, -1)).not.toMatch(/[\r\n]/)
        expect(JSON.parse(line)).toMatchObject({ level: 40 })
      }),
      { numRuns: 300, seed: 11 },
    )
  })

  it('says on the line that its fields could not be read, with the message and the ids, and counts it', () => {
    const { logging, text, count } = recordLines()
    const fields = {
      get amount() {
        throw new Error('no "amount"')
      },
    }
    within(spanContextOf('00f067aa0ba902b7'), () =>
      logging.getLogger('billing').error(fields, 'charge failed'),
    )
    expect(text()).toBe(
      `{"level":50,"time":1700000000000,"trace_id":"${TRACE}","span_id":"00f067aa0ba902b7","trace_flags":"01",` +
        '"logger":"billing","log_error":"the fields of this line could not be read: no \\"amount\\"",' +
        '"msg":"charge failed"}\n',
    )
    expect(count('triscope_telemetry_dropped_total', 'logs', 'VALUE_INVALID')).toBe(1)
  })

  it('keeps what the mixin, the hook and the serializer of the app throw', () => {
    const failing = [
      { mixin: throwing('mixin') },
      { hooks: { logMethod: throwing('hook') } },
      { serializers: { a: throwing('serializer') } },
      { hooks: { streamWrite: throwing('write hook') } },
    ]
    for (const options of failing) {
      const { logging, lines } = recordLines({ pino: options })
      logging.logger.info({ a: 1 }, 'm')
      expect(lines()).toEqual([
        expect.objectContaining({
          log_error: expect.stringContaining('could not be read') as string,
          msg: 'm',
        }),
      ])
    }
  })

  it('counts the line that a formatter of the app makes impossible', () => {
    const { logging, text, count } = recordLines({ pino: { formatters: { log: throwing('formatter') } } })
    logging.logger.info({ a: 1 }, 'm')
    expect(text()).toBe('')
    expect(count('triscope_telemetry_dropped_total', 'logs', 'VALUE_INVALID')).toBe(1)
    expect(count('triscope_telemetry_failures_total', 'TRI_ERR_LOG_LINE')).toBe(1)
  })

  it('makes a child of bindings that cannot be read, and of none', () => {
    const { logging, lines } = recordLines()
    logging.logger
      .child({
        get a() {
          return throwing('no a')()
        },
      })
      .info('x')
    logging.logger.child(undefined as never).info('y')
    logging.logger.child({ a: revoked() }).info('z')
    expect(lines()).toMatchObject([
      { log_error: 'the bindings could not be read: no a', msg: 'x' },
      { msg: 'y' },
      { a: '[unreadable]', msg: 'z' },
    ])
  })

  it('lets no message, field or name forge a line', () => {
    const { logging, text } = recordLines()
    const forged = '\n{"level":60,"msg":"forged"}\r\n'
    logging
      .getLogger(forged)
      .child({ [forged]: forged })
      .info({ [forged]: forged }, forged)
    expect(text().split(/\r|\n/)).toHaveLength(2)
    expect(JSON.parse(text())).toMatchObject({ logger: forged, [forged]: forged, msg: forged })
  })
})
