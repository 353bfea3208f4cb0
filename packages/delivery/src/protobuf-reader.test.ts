import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtobufReader, ProtobufWriter } from './index.ts'

describe('protobuf reader', () => {
  it('reads back what the writer wrote', () => {
    const message = fc.record({
      uint: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      int: fc.maxSafeInteger(),
      double: fc.double(),
      text: fc.string({ unit: 'grapheme' }),
      bytes: fc.uint8Array(),
      fixed: fc.nat(),
    })
    fc.assert(
      fc.property(message, ({ uint, int, double, text, bytes, fixed }) => {
        const writer = new ProtobufWriter({ slabBytes: 64 })
        writer.uint(1, uint)
        writer.int(2, int)
        writer.double(3, double)
        writer.string(4, text)
        writer.bytes(5, bytes)
        writer.fixed32(6, fixed)
        const inner = writer.begin(7)
        writer.string(1, text)
        writer.end(inner)
        const reader = new ProtobufReader(writer.finish())
        expect([reader.next(), reader.uint()]).toEqual([1, uint])
        expect([reader.next(), reader.int()]).toEqual([2, BigInt(int)])
        expect([reader.next(), reader.double()]).toEqual([3, double])
        expect([reader.next(), reader.string()]).toEqual([4, text])
        expect([reader.next(), Array.from(reader.bytes())]).toEqual([5, Array.from(bytes)])
        expect([reader.next(), reader.fixed32()]).toEqual([6, fixed])
        expect(reader.next()).toBe(7)
        const nested = reader.message()
        expect([nested.next(), nested.string(), nested.next(), reader.next()]).toEqual([1, text, 0, 0])
      }),
      { numRuns: 200 },
    )
  })

  it('goes through any bytes to their end, or throws a RangeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          const reader = new ProtobufReader(bytes)
          for (let field = reader.next(); field !== 0; field = reader.next()) reader.skip()
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
