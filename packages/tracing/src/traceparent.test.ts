import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatTraceparent, isValidSpanContext, parseTraceparent } from './traceparent.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const header = (version = '00', trace = TRACE, span = SPAN, flags = '01') =>
  `${version}-${trace}-${span}-${flags}`

describe('traceparent (W3C Trace Context Level 2, §3.2)', () => {
  it('reads the example of the specification', () => {
    expect(parseTraceparent(header())).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags: 1 })
  })

  it.each([
    ['00', 0],
    ['01', 1],
    ['02', 2],
    ['03', 3],
    ['ff', 3],
    ['fc', 0],
  ])('keeps the sampled and the random flag of %s, and no other', (flags, kept) => {
    expect(parseTraceparent(header('00', TRACE, SPAN, flags))?.traceFlags).toBe(kept)
  })

  it.each([
    ['an all-zero trace id', header('00', '0'.repeat(32))],
    ['an all-zero span id', header('00', TRACE, '0'.repeat(16))],
    ['version ff', header('ff')],
    ['an upper-case trace id', header('00', TRACE.toUpperCase())],
    ['an upper-case span id', header('00', TRACE, '00F067AA0BA902B7')],
    ['upper-case flags', header('00', TRACE, SPAN, '0A')],
    ['an upper-case version', header('0A')],
    ['a short trace id', header('00', TRACE.slice(1))],
    ['a long trace id', header('00', `${TRACE}0`)],
    ['a short span id', header('00', TRACE, SPAN.slice(1))],
    ['one digit of flags', header('00', TRACE, SPAN, '1')],
    ['three digits of flags', header('00', TRACE, SPAN, '001')],
    ['a version of one digit', header('0')],
    ['no version', `${TRACE}-${SPAN}-01`],
    ['trailing data in version 00', `${header()}-what`],
    ['a trailing dash in version 00', `${header()}-`],
    ['two headers joined by a comma', `${header()}, ${header()}`],
    ['two headers of a later version', `${header('cc')}, ${header('cc')}`],
    ['white space around it', ` ${header()} `],
    ['other separators', header().replaceAll('-', '_')],
    ['a letter that is no digit', header('00', `g${TRACE.slice(1)}`)],
    ['nothing', ''],
    ['characters beyond ASCII', header('00', `٠${TRACE.slice(1)}`)],
  ])('starts a new trace for %s', (_, text) => {
    expect(parseTraceparent(text)).toBeUndefined()
  })

  it('reads a later version by the rules of this one', () => {
    expect(parseTraceparent(header('cc'))?.traceId).toBe(TRACE)
    expect(parseTraceparent(`${header('cc')}-what-the-future-will-be-like`)?.spanId).toBe(SPAN)
    expect(parseTraceparent(`${header('cc')}.what`)).toBeUndefined()
  })

  it('writes version 00 with the known flags only, and reads back what it wrote', () => {
    expect(formatTraceparent({ traceId: TRACE, spanId: SPAN, traceFlags: 0xff })).toBe(
      header('00', TRACE, SPAN, '03'),
    )
    const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`))
    fc.assert(
      fc.property(hex(32), hex(16), fc.integer({ min: 0, max: 3 }), (traceId, spanId, traceFlags) => {
        const context = { traceId, spanId, traceFlags }
        const read = parseTraceparent(formatTraceparent(context))
        expect(read).toEqual(isValidSpanContext(context) ? context : undefined)
      }),
    )
  })

  it('refuses every header in which one character is wrong', () => {
    fc.assert(
      fc.property(fc.nat({ max: 54 }), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        const text = header().slice(0, at) + character + header().slice(at + 1)
        const valid = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(text)
        expect(parseTraceparent(text) !== undefined).toBe(valid)
      }),
    )
  })
})
