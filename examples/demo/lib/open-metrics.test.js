import { describe, expect, it } from 'vitest'
import { parseOpenMetrics } from './open-metrics.js'

describe('parseOpenMetrics', () => {
  it('reads the exemplar of a bucket', () => {
    const line =
      'foo_bucket{route="/users/:id",le="10"} 17 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 9.8 1520879607.789'
    const [sample] = parseOpenMetrics(`# TYPE foo histogram\n${line}\n# EOF\n`)
    expect(sample).toEqual({
      name: 'foo_bucket',
      labels: { route: '/users/:id', le: '10' },
      value: 17,
      exemplar: {
        labels: { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' },
        value: 9.8,
        timestamp: 1520879607.789,
      },
      line,
    })
  })

  it('reads escaped label values, and braces and " # " inside them', () => {
    const [sample] = parseOpenMetrics('a{b="x\\"y\\\\z\\n} # {",c=""} 1\n# EOF\n')
    expect(sample?.labels).toEqual({ b: 'x"y\\z\n} # {', c: '' })
    expect(sample?.exemplar).toBeUndefined()
  })

  it('reads samples without labels, special values and timestamps', () => {
    const samples = parseOpenMetrics('a 1\nb NaN\nc +Inf 12.5\nd -1.5e-7\n# EOF\n')
    expect(samples.map(({ value }) => value)).toEqual([1, Number.NaN, Number.POSITIVE_INFINITY, -1.5e-7])
  })

  it.each([
    ['a 1\n', 'does not end with "# EOF"'],
    ['a\n# EOF\n', 'expected a value'],
    ['a{b="1" 2\n# EOF\n', 'expected "," or "}"'],
    ['a{b=1} 2\n# EOF\n', 'expected label="value" at column 3'],
    ['a one\n# EOF\n', '"one" is not a number'],
    ['a 1 2 3\n# EOF\n', 'expected a value and perhaps a timestamp'],
    ['a 1 # {b="c"}\n# EOF\n', 'expected a value'],
    ['a 1 # 2\n# EOF\n', 'labels of an exemplar'],
    ['\n# EOF\n', 'expected a metric name'],
  ])('refuses %j and says why', (text, why) => {
    expect(() => parseOpenMetrics(text)).toThrow(why)
  })
})
