import { describe, expect, it } from 'vitest'
import {
  brokenText,
  createPaint,
  durationText,
  fit,
  fitRight,
  ServiceColours,
  showsColours,
} from './paint.js'

describe('colours', () => {
  it('are shown on a terminal only, and never against NO_COLOR', () => {
    expect(showsColours({ isTTY: true }, {})).toBe(true)
    expect(showsColours({ isTTY: true }, { NO_COLOR: '' })).toBe(true)
    expect(showsColours({ isTTY: true }, { NO_COLOR: '1' })).toBe(false)
    expect(showsColours({ isTTY: true }, { TERM: 'dumb' })).toBe(false)
    expect(showsColours({}, {})).toBe(false)
  })

  it('leave no escape sequence when they are off', () => {
    const paint = createPaint(false)
    expect(Object.values(paint).map((brush) => brush('x'))).toEqual(Array(7).fill('x'))
    expect(createPaint(true).red('x')).toBe('\x1b[31mx\x1b[39m')
  })

  it('stay the same for one service', () => {
    const colours = new ServiceColours(createPaint(true))
    const first = colours.of('gateway')('x')
    expect(colours.of('orders')('x')).not.toBe(first)
    expect(colours.of('gateway')('x')).toBe(first)
  })
})

describe('columns', () => {
  it('are filled on the right, and cut with an ellipsis', () => {
    expect(fit('ab', 4)).toBe('ab  ')
    expect(fit('abcd', 4)).toBe('abcd')
    expect(fit('abcde', 4)).toBe('abc…')
  })

  it('keep a number whole at their right end', () => {
    expect(fitRight('12', 4)).toBe('  12')
    expect(fitRight('12345', 4)).toBe('12345')
  })
})

it('breaks text at spaces, and leaves a long word whole', () => {
  expect(brokenText('one two three', 7)).toEqual(['one two', 'three'])
  expect(brokenText('http://127.0.0.1:4318/v1/traces x', 7)).toEqual(['http://127.0.0.1:4318/v1/traces', 'x'])
  expect(brokenText('', 7)).toEqual([''])
})

it('writes durations in three or four figures', () => {
  const written = [0.421, 1, 8.44, 99.4, 99.6, 154.2, 999.4, 1_240, Number.NaN].map(durationText)
  expect(written).toEqual([
    '0.42 ms',
    '1.0 ms',
    '8.4 ms',
    '99.4 ms',
    '100 ms',
    '154 ms',
    '999 ms',
    '1.24 s',
    '–',
  ])
})
