import { describe, expect, it } from 'vitest'
import { bytes, duration, fixed, table, verdict } from './table.mjs'

describe('tables of the bench', () => {
  it('writes Markdown and escapes what would break a row', () => {
    const columns = [{ title: 'row' }, { title: 'µs', align: 'right' }]
    expect(table(columns, [['a|b', '1.0']])).toBe('| row | µs |\n| --- | --: |\n| a\\|b | 1.0 |')
  })

  it('shows a dash for what was not measured, never a zero', () => {
    expect(fixed(Number.NaN)).toBe('–')
    expect(fixed(undefined, 2)).toBe('–')
    expect(duration(null)).toBe('–')
    expect(bytes(undefined)).toBe('–')
    expect(fixed(0)).toBe('0.0')
  })

  it('chooses units', () => {
    expect(duration(2.24)).toBe('2.2 ns')
    expect(duration(312.4)).toBe('312 ns')
    expect(duration(4_130)).toBe('4.13 µs')
    expect(duration(12_400_000)).toBe('12.4 ms')
    expect(bytes(48.2)).toBe('48 B')
    expect(bytes(31_000_000)).toBe('31 MB')
  })

  it('says whether a target is met', () => {
    expect(verdict(0.19, 0.2)).toBe('≤ 0.2: yes')
    expect(verdict(0.21, 0.2)).toBe('≤ 0.2: **no**')
    expect(verdict(Number.NaN, 0.2)).toBe('≤ 0.2: not measured')
    expect(verdict(0.5, undefined)).toBe('')
  })
})
