import { describe, expect, it } from 'vitest'
import { createPaint, ServiceColours } from './paint.js'
import { FAILING_TRACE, receivedSpan } from './received-span.fixture.js'
import { waterfall } from './waterfall.js'

const paint = createPaint(false)
/** @param {number} width */
const canvas = (width) => ({ width, paint, colours: new ServiceColours(paint) })

describe('waterfall', () => {
  it('draws both services, the tree, bars to scale, durations and status', () => {
    expect(waterfall(FAILING_TRACE, canvas(80))).toEqual([
      'gateway  GET /orders/:id         ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━    100 ms    502',
      'gateway  └ GET → 127.0.0.1:3001  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━    96.0 ms    500',
      'orders     └ GET /orders/:id      ━━━━━━━━━━━━━━━━━━━━━━━━━━━━    90.0 ms    500',
      'orders       ├ load                 ━━━━━━                        20.0 ms     ok',
      'orders       └ price                      ━━━━━━━━━━━━━━━━━━      60.0 ms  error',
      '               ✗ Error: no tax rate',
    ])
  })

  it('keeps to the width, whatever names and errors it is given', () => {
    const spans = [
      receivedSpan({
        spanId: 'a',
        name: 'x'.repeat(200),
        error: `Error: ${'y'.repeat(300)}\n  at z`,
        failed: true,
      }),
      receivedSpan({ spanId: 'b', parentSpanId: 'a', durationMs: 100_000 }),
    ]
    for (const line of waterfall(spans, canvas(100))) {
      expect([...line].length).toBeLessThanOrEqual(100)
      expect(line).not.toContain('\n')
    }
  })

  it('writes no control character, which a terminal would obey', () => {
    const text = waterfall(
      [receivedSpan({ spanId: 'a', name: 'x\x1b[2J', error: 'y\x1b[2J' })],
      canvas(60),
    ).join('')
    expect(text).not.toContain('\x1b')
  })

  it('draws at least one cell for a span of no length, also at the very end', () => {
    const spans = [
      receivedSpan({ spanId: 'a', startMs: 0, durationMs: 10 }),
      receivedSpan({ spanId: 'b', parentSpanId: 'a', startMs: 10, durationMs: 0 }),
    ]
    const [, end] = waterfall(spans, canvas(60))
    expect(end?.match(/━+/)?.[0]).toBe('━')
    expect(waterfall([receivedSpan({ spanId: 'a', durationMs: 0 })], canvas(60))[0]).toContain('━')
  })
})
