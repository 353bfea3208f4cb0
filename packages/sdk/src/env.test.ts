import { createDiagnostics } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { EnvReader } from './env.ts'

function reader(env: Record<string, string>) {
  const said: string[] = []
  // A code is said once a minute, so each reader of a test reads one variable that is wrong.
  const diagnostics = createDiagnostics({ onMessage: ({ message }) => said.push(message) })
  return { read: new EnvReader(env, diagnostics), said }
}

describe('environment', () => {
  it('takes the first variable that is set to something', () => {
    const { read } = reader({ A: '', B: '  ', C: ' x ' })
    expect(read.text('A', 'B', 'C')).toBe('x')
    expect(read.text('A')).toBeUndefined()
  })

  it('takes only true for true, and says what it makes of the rest', () => {
    const { read, said } = reader({ A: 'TRUE', B: 'false', C: '1' })
    expect([read.flag('A'), read.flag('B'), read.flag('missing')]).toEqual([true, false, undefined])
    expect(said).toEqual([])
    expect(read.flag('C')).toBe(false)
    expect(said).toEqual(['C: expected true or false, got "1"; using false'])
  })

  it('warns of a number out of range and goes on to the next name', () => {
    const { read, said } = reader({ A: '70000', B: '9464' })
    expect(read.number(0, 65_535, 'A', 'B')).toBe(9464)
    expect(said).toEqual(['A: expected a number from 0 to 65535, got "70000"; using the default'])
  })

  it('suggests the nearest choice', () => {
    const { read, said } = reader({ A: 'gzpi' })
    expect(read.choice(['gzip', 'none'], 'A')).toBeUndefined()
    expect(said).toEqual([
      'A: expected one of gzip, none (did you mean "gzip"?), got "gzpi"; using the default',
    ])
  })

  it('reads pairs, and never shows their values', () => {
    const { read, said } = reader({ A: 'authorization=Bearer%20s3cret, x = y=z ,s3cret,' })
    expect(read.pairs('A')).toEqual({ authorization: 'Bearer s3cret', x: 'y=z' })
    expect(said).toHaveLength(1)
    expect(said.join()).not.toContain('s3cret')
  })
})
