import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTracestate } from './tracestate.ts'

const text = (lines: string | readonly string[]) => parseTracestate(lines)?.serialize()
const members = (count: number, value = '1') => Array.from({ length: count }, (_, i) => `k${i}=${value}`)

describe('tracestate (W3C Trace Context Level 2, §3.3)', () => {
  it('keeps the order of the members, over several headers', () => {
    expect(text('rojo=00f067aa0ba902b7,congo=t61rcWkgMzE')).toBe('rojo=00f067aa0ba902b7,congo=t61rcWkgMzE')
    expect(text(['foo=1,bar=2', 'rojo=1,congo=2'])).toBe('foo=1,bar=2,rojo=1,congo=2')
  })

  it('accepts optional white space and empty members', () => {
    expect(text('foo=1 \t , \t bar=2, , ,\tbaz=3')).toBe('foo=1,bar=2,baz=3')
    expect(text(['foo=1', ''])).toBe('foo=1')
  })

  it.each([
    'foo@=1',
    'fw529a3039@dt=1',
    '0=1',
    'a-_*/@b=1',
    `${'a'.repeat(256)}=1`,
    'foo=a b',
    `foo=${'v'.repeat(256)}`,
  ])('accepts %s', (member) => {
    expect(text(member)).toBe(member)
  })

  it.each([
    ['an empty value', 'foo='],
    ['no equals sign', 'foo'],
    ['no key', '=1'],
    ['a key of 257 characters', `${'a'.repeat(257)}=1`],
    ['a value of 257 characters', `foo=${'v'.repeat(257)}`],
    ['an upper-case key', 'FOO=1'],
    ['a key that begins with a mark', '@foo=1'],
    ['a space in the key', 'foo =1'],
    ['two equals signs', 'foo=bar=baz'],
    ['a control character', 'foo=\u0001'],
    ['a character beyond ASCII', 'foo=é'],
    ['33 members', members(33).join(',')],
  ])('discards the whole list for %s', (_, bad) => {
    expect(text(bad)).toBeUndefined()
    expect(text(`good=1,${bad}`)).toBeUndefined()
  })

  it('accepts 32 members, and counts no empty ones', () => {
    expect(text(`${members(32).join(',,')},`)).toBe(members(32).join(','))
  })

  it('keeps the first of a repeated key', () => {
    expect(text('foo=1,bar=2,foo=3')).toBe('foo=1,bar=2')
  })

  it('puts a member that is set in front, and lets the last go beyond 32', () => {
    const state = parseTracestate(members(32).join(','))?.set('ours', 'x')
    expect(state?.serialize()).toBe(['ours=x', ...members(31)].join(','))
    expect(state?.set('k3', 'new').serialize().startsWith('k3=new,ours=x,k0=1')).toBe(true)
    expect(state?.get('ours')).toBe('x')
    expect(state?.unset('ours').get('ours')).toBeUndefined()
  })

  it('is not changed by a member that the grammar refuses', () => {
    const state = parseTracestate('foo=1')
    expect(state?.set('Bad', '1').serialize()).toBe('foo=1')
    expect(state?.set('bad', 'a,b').serialize()).toBe('foo=1')
    expect(state?.set('bad', undefined as never).serialize()).toBe('foo=1')
  })

  it('goes on whole up to 512 characters, and beyond loses whole members, the long ones first', () => {
    const within = members(8, 'v'.repeat(58)).join(',')
    expect(text(within)).toBe(within)
    const long = `long=${'v'.repeat(200)}`
    const sent = text([long, ...members(31, 'v'.repeat(70))]) ?? ''
    expect(sent.length).toBeLessThanOrEqual(2_048)
    expect(sent).not.toContain('long=')
    expect(sent.startsWith('k0=')).toBe(true)
    expect(sent.split(',').every((member) => /^k\d+=v{70}$/.test(member))).toBe(true)
  })

  it('gives the same list again for what it wrote, and throws for nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab1@=, \t;-_*/~é\u0000'.split('')) }), (noise) => {
        const once = text(noise)
        if (once !== undefined) expect(text(once)).toBe(once)
      }),
    )
  })
})
