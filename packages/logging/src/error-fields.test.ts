import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { serializeError } from './error-fields.ts'
import type { LineFormatName } from './index.ts'
import { recordLines } from './line-recorder.fixture.ts'

class Declined extends TypeError {
  readonly code = 'DECLINED'
  readonly details = { card: 7 }
}

/** Trees of errors as programs make them, within the limits. */
const errors: fc.Arbitrary<Error> = fc.letrec<{ error: Error }>((tie) => ({
  error: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom(Error, RangeError, Declined).chain((Kind) => fc.string().map((text) => new Kind(text))),
    fc.tuple(fc.string(), tie('error')).map(([text, cause]) => new Error(text, { cause })),
    fc
      .tuple(fc.array(fc.oneof(tie('error'), fc.integer()), { maxLength: 3 }), fc.string())
      .map(([all, text]) => new AggregateError(all, text)),
    fc.tuple(tie('error'), tie('error')).map(([one, inner]) => Object.assign(one, { inner, cause: inner })),
    fc
      .tuple(fc.string(), tie('error'))
      .map(([text, cause]) => Object.assign(new Error(text), { cause: () => cause })),
  ),
})).error

const chainOf = (length: number): Error => {
  let error = new Error('0')
  for (let index = 1; index < length; index++) error = new Error(String(index), { cause: error })
  return error
}

describe('an error as fields', () => {
  it("is what pino's own serializer says", () => {
    fc.assert(
      fc.property(errors, (error) => {
        expect(JSON.stringify(serializeError(error))).toBe(JSON.stringify(pino.stdSerializers.err(error)))
      }),
      { numRuns: 200, seed: 7 },
    )
  })

  it.each<LineFormatName>(['pino', 'ecs', 'gcp', 'logfmt', 'pretty'])(
    'tells the whole chain and each error of an aggregate, as %s',
    (format) => {
      const { logging, text } = recordLines({ format })
      const cause = new RangeError('of the root')
      logging.logger.error(
        new AggregateError([new Error('the first', { cause }), 'the second'], 'both failed'),
      )
      for (const part of ['both failed', 'the first', 'of the root', 'the second'])
        expect(text()).toContain(part)
    },
  )

  it("says the same on the app's own pino", () => {
    const written: string[] = []
    const own = pino({ base: null, timestamp: false }, { write: (line) => void written.push(line) })
    const ours = recordLines({ pino: { base: null, timestamp: false }, timestamp: undefined as never })
    const theirs = recordLines({ logger: own })
    const error = new AggregateError([new Declined('a', { cause: new Error('b') })], 'c')
    for (const { logging } of [ours, theirs]) logging.logger.error(error, 'failed')
    expect(JSON.parse(written[0] ?? '')).toMatchObject({ err: ours.lines()[0]?.['err'] })
  })

  it('follows ten causes, and circles once', () => {
    const { message } = serializeError(chainOf(1_000)) as { message: string }
    expect(message).toBe('999: 998: 997: 996: 995: 994: 993: 992: 991: 990: 989: ...')
    const [one, two] = [new Error('one'), new Error('two')]
    one.cause = two
    two.cause = one
    expect(serializeError(one)).toMatchObject({ message: 'one: two: one: ...' })
  })

  it('is bounded for aggregates that are wide, deep, or in a circle', () => {
    const wide = new AggregateError(
      Array.from({ length: 10_000 }, (_, index) => new Error(String(index))),
      'wide',
    )
    const { aggregateErrors } = serializeError(wide) as { aggregateErrors: unknown[] }
    expect(aggregateErrors).toHaveLength(21)
    expect(aggregateErrors[20]).toBe('… 9980 more')
    const circle = new AggregateError([], 'circle')
    circle.errors.push(circle, new AggregateError([circle], 'inner'))
    expect(serializeError(circle)).toMatchObject({
      aggregateErrors: ['[Circular]', { message: 'inner', aggregateErrors: ['[Circular]'] }],
    })
    let tree = new AggregateError([], 'leaf')
    for (let depth = 0; depth < 12; depth++)
      tree = new AggregateError([tree, tree, tree], 'x'.repeat(100_000))
    expect(JSON.stringify(serializeError(tree)).length).toBeLessThan(80_000)
  })

  it('is read of an error that is frozen, at which pino throws', () => {
    const frozen = Object.freeze(new Declined('no', { cause: new Error('limit') }))
    expect(() => pino.stdSerializers.err(frozen)).toThrow()
    expect(serializeError(frozen)).toMatchObject({ type: 'Declined', message: 'no: limit', code: 'DECLINED' })
  })

  it('never throws, and says which error it was', () => {
    const hostile = new Error('hostile')
    Object.defineProperty(hostile, 'inner', { enumerable: true, get: () => JSON.parse('{') as unknown })
    expect(serializeError(hostile)).toMatchObject({ type: 'Error', message: 'hostile' })
    expect(serializeError('text')).toBe('text')
    expect(serializeError({ a: 1 })).toEqual({ a: 1 })
  })
})
