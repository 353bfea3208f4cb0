import { describe, expect, it } from 'vitest'
import { countSpans } from './otlp-count.mjs'

/** A length-delimited field; contents below 16384 bytes. */
function field(number, ...contents) {
  const body = Buffer.concat(contents.map((content) => Buffer.from(content)))
  const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7]
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), body])
}

describe('countSpans', () => {
  it('counts spans in every scope of every resource', () => {
    const span = field(2, field(5, Buffer.from('GET /')), [0x30, 2])
    const scope = field(2, field(1, Buffer.from('name')), span, span)
    const resource = field(1, field(1, []), scope, field(2, span))
    expect(countSpans(Buffer.concat([resource, resource]))).toBe(6)
  })

  it('passes over fixed-width fields and long lengths', () => {
    const span = field(2, [0x39, 1, 2, 3, 4, 5, 6, 7, 8], [0x85, 0x01, 1, 2, 3, 4], Buffer.alloc(300))
    expect(countSpans(field(1, field(2, span)))).toBe(1)
  })

  it('counts nothing in nothing and refuses a torn body', () => {
    expect(countSpans(Buffer.alloc(0))).toBe(0)
    const whole = field(1, field(2, field(2, Buffer.alloc(50))))
    expect(() => countSpans(whole.subarray(0, whole.length - 1))).toThrow(RangeError)
  })
})
