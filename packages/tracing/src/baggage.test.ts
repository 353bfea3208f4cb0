import { propagation } from '@opentelemetry/api'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatBaggage, parseBaggage } from './baggage.ts'

const entries = (lines: string | string[]) =>
  parseBaggage(lines)
    ?.getAllEntries()
    .map(([key, { value }]) => [key, value]) ?? []
const again = (text: string) => formatBaggage(parseBaggage(text) ?? propagation.createBaggage())

describe('baggage (W3C Baggage, §3)', () => {
  it('reads members, properties and white space as in the specification', () => {
    const baggage = parseBaggage(
      'key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue',
    )
    expect(baggage?.getEntry('key1')?.value).toBe('value1')
    expect(baggage?.getEntry('key1')?.metadata?.toString()).toBe('property1;property2')
    expect(baggage?.getEntry('key2')?.value).toBe('value2')
    expect(baggage?.getEntry('key3')?.metadata?.toString()).toBe('propertyKey=propertyValue')
  })

  it('keeps properties on the way through', () => {
    expect(again('a=1;p=x;q,b=2')).toBe('a=1;p=x;q,b=2')
  })

  it.each([
    ['userName=alice', 'alice'],
    ['a=Am%C3%A9lie', 'Amélie'],
    ['a=%20x%20', ' x '],
    ['a=b=c==', 'b=c=='],
    ['a=', ''],
    ['a=%ff%fe', '\ufffd\ufffd'],
    ['a=100%', '100%'],
    ['a=%zz', '%zz'],
    ['a=%F0%9F%98%80', '😀'],
  ])('decodes %s', (text, value) => {
    expect(entries(text)[0]?.[1]).toBe(value)
  })

  it.each(['%41', '__proto__', 'constructor', "!#$&'*+-.^_`|~", '1'])('keeps the key %s as it is', (key) => {
    expect(entries(`${key}=v`)).toEqual([[key, 'v']])
    expect(again(`${key}=v`)).toBe(`${key}=v`)
    expect(({} as Record<string, unknown>)['v']).toBeUndefined()
  })

  it('leaves out malformed members, counts them, and keeps the others', () => {
    let dropped = 0
    const baggage = parseBaggage('a=1,novalue,=x,b c=2,d="q",e=ü,f=\u0001,g=2', (count) => {
      dropped += count
    })
    expect(baggage?.getAllEntries().map(([key]) => key)).toEqual(['a', 'g'])
    expect(dropped).toBe(6)
  })

  it('joins several headers, and the last value of a key wins', () => {
    expect(entries(['a=1,b=2', 'c=3,a=4'])).toEqual([
      ['a', '4'],
      ['b', '2'],
      ['c', '3'],
    ])
  })

  it('reads 64 members and no more, and counts each of the others', () => {
    const text = Array.from({ length: 70 }, (_, i) => `k${i}=${i}`).join(',')
    let dropped = 0
    expect(parseBaggage(text, (count) => (dropped += count))?.getAllEntries()).toHaveLength(64)
    expect(dropped).toBe(6)
    parseBaggage(`${text}, ,\t,,last=1`, (count) => (dropped = count))
    expect(dropped).toBe(7)
    parseBaggage(`a=1,b=${'v'.repeat(8_190)},c=2,d`, (count) => (dropped = count))
    expect(dropped).toBe(3)
    dropped = 0
    parseBaggage(`${text.split(',', 64).join(',')}, ,`, (count) => (dropped = count))
    expect(dropped).toBe(0)
  })

  it('keeps one member of 8192 bytes, and never part of a longer one', () => {
    const whole = `a=${'v'.repeat(8_190)}`
    expect(again(whole)).toBe(whole)
    expect(entries(`a=${'v'.repeat(8_191)}`)).toEqual([])
    expect(entries(`a=1,b=${'v'.repeat(8_190)}`)).toEqual([['a', '1']])
  })

  it('writes no member that passes the limits, but the others', () => {
    const baggage = propagation.createBaggage({
      big: { value: 'v'.repeat(9_000) },
      'bad key': { value: '1' },
      ok: { value: 'a,b;c "d"\r\n\\' },
    })
    let dropped = 0
    expect(formatBaggage(baggage, (count) => (dropped += count))).toBe('ok=a%2Cb%3Bc%20%22d%22%0D%0A%5C')
    expect(dropped).toBe(2)
  })

  it('never lets a property start another member or header', () => {
    const baggage = propagation.createBaggage({
      a: { value: '1', metadata: { toString: () => 'p\r\nx: y' } as never },
      b: { value: '2', metadata: { toString: () => 'p,c=3' } as never },
    })
    expect(formatBaggage(baggage)).toBe('a=1,b=2')
  })

  it('carries any text there and back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), (value) => {
        const text = formatBaggage(propagation.createBaggage({ k: { value } }))
        expect(text).toMatch(/^[!-~]*$/)
        expect(entries(text)).toEqual([['k', value]])
      }),
      { numRuns: 200 },
    )
  })

  it('sends a lone surrogate as U+FFFD', () => {
    expect(formatBaggage(propagation.createBaggage({ k: { value: '\ud800' } }))).toBe('k=%EF%BF%BD')
  })

  it('throws for no text at all', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'a=,;% "\\\u00ff\u0000\t%4'.split('')), maxLength: 200 }),
        (noise) => {
          parseBaggage(noise)
        },
      ),
    )
  })
})
