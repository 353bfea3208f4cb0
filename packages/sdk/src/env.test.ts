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

  it('takes whole numbers for counts', () => {
    const { read, said } = reader({ A: '1.5', B: '7' })
    expect(read.integer(1, 10, 'A', 'B')).toBe(7)
    expect(said).toEqual(['A: expected a whole number from 1 to 10, got "1.5"; using the default'])
  })

  it('reads headers, and never shows what is wrong in them', () => {
    const { read } = reader({ A: 'authorization=Bearer%20s3cret, x = y=z ,' })
    expect(read.headers('A')).toEqual({ authorization: 'Bearer s3cret', x: 'y=z' })
    for (const wrong of ['Authorization: Bearer s3cret==', 's3cret', 'x-key=a%0As3cret']) {
      const { read, said } = reader({ A: `a=1,${wrong}` })
      expect(read.headers('A')).toEqual({ a: '1' })
      expect(said).toEqual([
        'A: expected name=value,name=value of HTTP headers; member 2 is not, and is left out',
      ])
    }
  })

  it('shows no credentials of an address', () => {
    const { read, said } = reader({})
    read.unsupported('A', 'grpc://user:s3cret@host', 'using nothing')
    expect(said).toEqual(['A: "grpc://REDACTED:REDACTED@host" is not supported; using nothing'])
  })
})
