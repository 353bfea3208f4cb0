import { BinaryReader } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtobufWriter } from './index.ts'

/** The message of these tests: how an independent reader takes each field. */
const fields: Record<number, [name: string, read: (reader: BinaryReader) => unknown]> = {
  1: ['whole', (r) => String(r.uint64())],
  2: ['signed', (r) => String(r.int64())],
  3: ['flag', (r) => r.bool()],
  4: ['four', (r) => r.fixed32()],
  5: ['eight', (r) => String(r.fixed64())],
  6: ['real', (r) => r.double()],
  7: ['blob', (r) => r.bytes()],
  8: ['text', (r) => r.string()],
  9: ['child', (r) => decoded(r.bytes())],
  20: ['time', (r) => String(r.fixed64())],
  21: ['id', (r) => r.bytes()],
  536870911: ['farther', (r) => r.uint32()],
}

interface Decoded extends Record<string, unknown> {
  children: Decoded[]
}

/** Read back by a decoder that is not ours. */
function decoded(bytes: Uint8Array): Decoded {
  const reader = new BinaryReader(bytes)
  const message: Decoded = { children: [] }
  while (reader.pos < reader.len) {
    const [field] = reader.tag()
    const [name, read] = fields[field] ?? ['unknown', () => expect.unreachable(`field ${field}`)]
    if (name === 'child') message.children.push(read(reader) as Decoded)
    else message[name] = read(reader)
  }
  return message
}

const wellFormed = (text: string): string => Buffer.from(text, 'utf8').toString('utf8')

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function written(write: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter()
  write(writer)
  return writer.finish()
}

describe('ProtobufWriter', () => {
  it('writes the examples of the encoding guide byte by byte', () => {
    expect(hexOf(written((w) => w.uint(1, 150)))).toBe('089601')
    expect(hexOf(written((w) => w.string(2, 'testing')))).toBe('120774657374696e67')
    expect(hexOf(written((w) => w.int(1, -2)))).toBe('08feffffffffffffffff01')
    const nested = written((w) => {
      const mark = w.begin(3)
      w.uint(1, 150)
      w.end(mark)
    })
    expect(hexOf(nested)).toBe('1a03089601')
  })

  it('is read back by an independent decoder, whatever the values and however deep', {
    timeout: 30_000,
  }, () => {
    interface Tree {
      whole: number
      signed: number
      flag: boolean
      four: number
      halves: [number, number]
      real: number
      blob: Uint8Array
      text: string
      farther: number
      child: Tree[]
    }
    const half = fc.integer({ min: 0, max: 0xff_ff_ff_ff })
    const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
      tree: fc.record({
        whole: fc.maxSafeNat(),
        signed: fc.maxSafeInteger(),
        flag: fc.boolean(),
        four: half,
        halves: fc.tuple(half, half),
        real: fc.double(),
        blob: fc.uint8Array({ maxLength: 300 }),
        text: fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ maxLength: 300 })),
        farther: half,
        child: fc.oneof(
          { depthSize: 'small' },
          fc.constant<Tree[]>([]),
          fc.array(tie('tree'), { maxLength: 3 }),
        ),
      }),
    }))
    const write = (w: ProtobufWriter, node: Tree): void => {
      w.uint(1, node.whole)
      w.int(2, node.signed)
      w.bool(3, node.flag)
      w.fixed32(4, node.four)
      w.fixed64(5, node.halves[0], node.halves[1])
      w.double(6, node.real)
      w.bytes(7, node.blob)
      w.string(8, node.text)
      for (const child of node.child) {
        const mark = w.begin(9)
        write(w, child)
        w.end(mark)
      }
      w.uint(536870911, node.farther)
    }
    const check = (node: Tree, got: Decoded): void => {
      expect(got['whole']).toBe(String(node.whole))
      expect(got['signed']).toBe(String(node.signed))
      expect(got['flag']).toBe(node.flag)
      expect(got['four']).toBe(node.four)
      expect(got['eight']).toBe(((BigInt(node.halves[1]) << 32n) | BigInt(node.halves[0])).toString())
      expect(Object.is(got['real'], node.real)).toBe(true)
      expect(hexOf(got['blob'] as Uint8Array)).toBe(hexOf(node.blob))
      expect(got['text']).toBe(wellFormed(node.text))
      expect(got['farther']).toBe(node.farther)
      expect(got.children).toHaveLength(node.child.length)
      node.child.forEach((child, i) => {
        check(child, got.children[i] ?? expect.unreachable())
      })
    }
    // One writer for all of them, with a slab so small that messages straddle, grow and share it.
    const writer = new ProtobufWriter({ slabBytes: 512 })
    fc.assert(
      fc.property(tree, (node) => {
        write(writer, node)
        check(node, decoded(writer.finish()))
      }),
      { numRuns: 200, seed: 1 },
    )
  })

  it('writes text of any kind and length as UTF-8, a lone surrogate as U+FFFD', () => {
    for (const length of [
      0, 1, 23, 24, 25, 42, 43, 63, 64, 126, 127, 128, 341, 342, 1024, 1025, 5461, 16_383, 16_384,
    ]) {
      for (const unit of ['a', 'é', '€', '😀', '\ud800', '\udc00', '\0', 'a\ud83d', `${'a'.repeat(20)}é`]) {
        const text = unit.repeat(Math.ceil(length / unit.length)).slice(0, length)
        const message = written((w) => w.string(8, text))
        expect(decoded(message)['text']).toBe(wellFormed(text))
      }
    }
  })

  it('moves a nested message up by as many bytes as its length needs', () => {
    for (const length of [0, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152]) {
      const message = written((w) => {
        const outer = w.begin(9)
        w.raw(new Uint8Array(0))
        const inner = w.begin(7)
        w.raw(new Uint8Array(length).fill(7))
        w.end(inner)
        w.end(outer)
        w.uint(1, 1)
      })
      const blob = decoded(message).children[0]?.['blob'] as Uint8Array
      expect(blob.length).toBe(length)
      expect(blob.every((byte) => byte === 7)).toBe(true)
      expect(decoded(message)['whole']).toBe('1')
    }
  })

  it('writes a moment to the nanosecond that the double stands for', () => {
    const time = (epochMs: number): unknown => decoded(written((w) => w.timeMs(20, epochMs)))['time']
    expect(time(1_764_000_000_123.5)).toBe('1764000000123500000')
    expect(time(0)).toBe('0')
    expect(time(-1)).toBe('0')
    expect(time(Number.NaN)).toBe('0')
    expect(time(Number.NEGATIVE_INFINITY)).toBe('0')
    expect(time(18_446_744_073_709)).toBe('18446744073709000000')
    expect(time(18_446_744_073_710)).toBe('18446744073709551615')
    expect(time(Number.POSITIVE_INFINITY)).toBe('18446744073709551615')
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 4095 }), (ms, fraction) => {
        const epochMs = ms + fraction / 4096
        const whole = Math.floor(epochMs)
        const exact = BigInt(whole) * 1_000_000n + BigInt(Math.round((epochMs - whole) * 1e6))
        expect(time(epochMs)).toBe(exact.toString())
      }),
      { numRuns: 200, seed: 2 },
    )
  })

  it('writes seconds and nanoseconds exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 18_446_744_072 }), fc.nat(999_999_999), (seconds, nanos) => {
        const message = decoded(written((w) => w.time(20, seconds, nanos)))
        expect(message['time']).toBe((BigInt(seconds) * 1_000_000_000n + BigInt(nanos)).toString())
      }),
      { numRuns: 200, seed: 3 },
    )
  })

  it('writes hexadecimal ids of either case as bytes', () => {
    const id = '4bf92f3577b34da6A3CE929D0E0E4736'
    expect(hexOf(decoded(written((w) => w.hex(21, id)))['id'] as Uint8Array)).toBe(id.toLowerCase())
    expect(hexOf(written((w) => w.hex(1, '')))).toBe('0a00')
  })

  it('writes ids that are given as words, big-endian, the same as their hexadecimal digits', () => {
    const word = fc.integer({ min: -0x80000000, max: 0x7fffffff })
    const digits = (...words: number[]): string =>
      words.map((each) => (each >>> 0).toString(16).padStart(8, '0')).join('')
    fc.assert(
      fc.property(word, word, word, word, (a, b, c, d) => {
        expect(written((w) => w.words2(21, a, b))).toEqual(written((w) => w.hex(21, digits(a, b))))
        expect(written((w) => w.words4(1, a, b, c, d))).toEqual(written((w) => w.hex(1, digits(a, b, c, d))))
      }),
      { numRuns: 200 },
    )
  })

  it('brings numbers out of range into it, and never hangs on them', () => {
    const whole = (value: number): unknown => decoded(written((w) => w.uint(1, value)))['whole']
    const signed = (value: number): unknown => decoded(written((w) => w.int(2, value)))['signed']
    expect([-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300].map(whole)).toEqual([
      '0',
      '0',
      '9007199254740991',
      '9007199254740991',
    ])
    expect([Number.NaN, Number.NEGATIVE_INFINITY, -0.5, -0, Number.POSITIVE_INFINITY].map(signed)).toEqual([
      '0',
      '-9007199254740991',
      '0',
      '0',
      '9007199254740991',
    ])
  })

  it('never writes again to a message that it handed out', () => {
    const writer = new ProtobufWriter({ slabBytes: 256 })
    const messages: { bytes: Uint8Array; hex: string }[] = []
    for (let i = 0; i < 300; i++) {
      writer.uint(1, i)
      writer.string(8, 'x'.repeat(i))
      if (i % 7 === 0) {
        writer.reset()
        writer.uint(1, i)
      }
      const bytes = writer.finish()
      messages.push({ bytes, hex: hexOf(bytes) })
    }
    for (const { bytes, hex } of messages) expect(hexOf(bytes)).toBe(hex)
    expect(messages.map(({ bytes }) => decoded(bytes)['whole'])).toEqual(messages.map((_, i) => String(i)))
  })

  it('hands out a message larger than a slab in memory of its own size, and keeps none of it', () => {
    const writer = new ProtobufWriter({ slabBytes: 1024 })
    writer.bytes(7, new Uint8Array(100_000))
    const large = writer.finish()
    expect(large.buffer.byteLength).toBe(large.length)
    expect(writer.length).toBe(0)
    writer.uint(1, 1)
    expect(writer.finish().buffer.byteLength).toBe(1024)
    writer.bytes(7, new Uint8Array(100_000))
    writer.reset()
    writer.uint(1, 1)
    expect(writer.finish().buffer.byteLength).toBe(1024)
  })

  it('forgets a message that was begun, at reset', () => {
    const writer = new ProtobufWriter()
    writer.begin(9)
    writer.string(8, 'half of it')
    expect(writer.length).toBe(14)
    writer.reset()
    expect(writer.length).toBe(0)
    expect(writer.finish()).toHaveLength(0)
  })
})
