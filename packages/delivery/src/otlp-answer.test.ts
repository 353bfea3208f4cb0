import { BinaryWriter } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readOtlpAnswer } from './index.ts'

const PROTOBUF = 'application/x-protobuf'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

const json = (value: unknown, status = 200): unknown =>
  readOtlpAnswer('application/json; charset=utf-8', utf8(JSON.stringify(value)), status)

function partialSuccess(rejected: bigint, message: string): Uint8Array {
  const partial = new BinaryWriter().tag(1, 0).int64(rejected).tag(2, 2).string(message).finish()
  return new BinaryWriter().tag(1, 2).bytes(partial).finish()
}

describe('readOtlpAnswer', () => {
  it('reads partial success from protobuf', () => {
    expect(readOtlpAnswer(PROTOBUF, partialSuccess(3n, 'too old'), 200)).toEqual({
      rejected: 3,
      message: 'too old',
    })
    expect(readOtlpAnswer(PROTOBUF, partialSuccess(0n, 'slow down'), 200)).toEqual({
      rejected: 0,
      message: 'slow down',
    })
    expect(readOtlpAnswer(PROTOBUF, partialSuccess(5n, ''), 200)).toEqual({ rejected: 5 })
    expect(readOtlpAnswer(PROTOBUF, partialSuccess(-1n, 'minus'), 200)).toEqual({
      rejected: 0,
      message: 'minus',
    })
  })

  it('says nothing where the backend said nothing', () => {
    expect(readOtlpAnswer(PROTOBUF, new Uint8Array(0), 200)).toBeUndefined()
    expect(readOtlpAnswer('', new Uint8Array(0), 503)).toBeUndefined()
    expect(readOtlpAnswer(PROTOBUF, utf8('\x0a\x00'), 200)).toBeUndefined()
    expect(json({})).toBeUndefined()
    expect(json({ partialSuccess: null, unknown: 1 })).toBeUndefined()
  })

  it('reads partial success from JSON, with 64-bit numbers as strings or numbers, for every signal', () => {
    expect(json({ partialSuccess: { rejectedSpans: '7', errorMessage: 'no' } })).toEqual({
      rejected: 7,
      message: 'no',
    })
    expect(json({ partialSuccess: { rejectedLogRecords: 2 } })).toEqual({ rejected: 2 })
    expect(json({ partialSuccess: { rejectedDataPoints: '1' } })).toEqual({ rejected: 1 })
    expect(json({ partialSuccess: { rejectedSpans: 'many', errorMessage: 'no' } })).toEqual({
      rejected: 0,
      message: 'no',
    })
  })

  it('reads the message of an error, in protobuf, JSON and text', () => {
    const status = new BinaryWriter().tag(1, 0).int32(3).tag(2, 2).string('bad\nspan').finish()
    expect(readOtlpAnswer(PROTOBUF, status, 400)).toEqual({ message: 'bad span' })
    expect(json({ code: 8, message: 'quota' }, 429)).toEqual({ message: 'quota' })
    expect(readOtlpAnswer('text/plain', utf8('  upstream\r\nis away '), 502)).toEqual({
      message: 'upstream is away',
    })
    expect(readOtlpAnswer('application/octet-stream', utf8('x'), 502)).toBeUndefined()
  })

  it('skips fields that it does not know', () => {
    const unknown = new BinaryWriter()
      .tag(9, 1)
      .fixed64(1n)
      .tag(8, 5)
      .fixed32(1)
      .tag(7, 0)
      .uint64(2n ** 64n - 1n)
      .finish()
    const body = Buffer.concat([unknown, partialSuccess(3n, 'x'), unknown])
    expect(readOtlpAnswer(PROTOBUF, body, 200)).toEqual({ rejected: 3, message: 'x' })
  })

  it('names an answer that is not OTLP', () => {
    expect(readOtlpAnswer('text/html', utf8('<html>'), 200)).toEqual({
      message: 'what it answered is not OTLP (text/html)',
    })
    expect(readOtlpAnswer('', utf8('x'), 200)).toEqual({
      message: 'what it answered is not OTLP (no content type)',
    })
    for (const garbage of [
      '\x0a\x05a',
      '\x0a',
      '\x00',
      '\x0f',
      '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01',
      '\x09123',
    ]) {
      const body = Uint8Array.from(garbage, (c) => c.charCodeAt(0))
      expect(readOtlpAnswer(PROTOBUF, body, 200)).toEqual({
        message: 'what it answered is not OTLP (application/x-protobuf)',
      })
      expect(readOtlpAnswer(PROTOBUF, body, 400)).toBeUndefined()
    }
    for (const garbage of ['', '[]', '1', '{"partialSuccess":[]}', '{'].slice(1)) {
      expect(readOtlpAnswer('application/json', utf8(garbage), 200)?.message).toContain('not OTLP')
    }
  })

  it('lets no line break, control character or page of text into a message', () => {
    const message = readOtlpAnswer(
      PROTOBUF,
      partialSuccess(1n, `a\r\n\u2028b\u0000\u001b[31m\u202ec${'x'.repeat(5_000)}`),
      200,
    )?.message
    expect(message).toMatch(/^a b \[31m cx+…$/)
    expect(message).toHaveLength(501)
  })

  it('never throws, and never counts less than nothing, whatever the bytes', () => {
    const types = fc.constantFrom(PROTOBUF, 'application/json', 'text/plain', '', 'é;;=')
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.json().map(utf8),
      fc
        .tuple(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.string(), fc.nat(40))
        .map(([n, text, cut]) => partialSuccess(n, text).subarray(0, cut)),
    )
    fc.assert(
      fc.property(types, bodies, fc.constantFrom(200, 400, 503), (type, body, status) => {
        const answer = readOtlpAnswer(type, body, status)
        expect(answer?.rejected ?? 0).toBeGreaterThanOrEqual(0)
        expect(answer?.message ?? '').not.toMatch(/[\r\n]/)
      }),
      { numRuns: 2_000, seed: 5 },
    )
  })
})
