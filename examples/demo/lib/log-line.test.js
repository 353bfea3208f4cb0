import { describe, expect, it } from 'vitest'
import { isAccessLine, levelOf, logLineText, parseLogLine, timeOf } from './log-line.js'
import { createPaint, ServiceColours } from './paint.js'

const paint = createPaint(false)
const canvas = { width: 100, paint, colours: new ServiceColours(paint) }

/** @param {Record<string, unknown>} fields */
function line(fields) {
  const parsed = parseLogLine('orders', JSON.stringify(fields))
  if (parsed === undefined) throw new Error('not parsed')
  return parsed
}

describe('parseLogLine', () => {
  it('reads the trace id', () => {
    expect(line({ level: 30, trace_id: 'abc' }).traceId).toBe('abc')
    expect(line({ level: 30 }).traceId).toBeUndefined()
  })

  it.each(['listening', '', '{not json', '[1]', 'null'])('passes over %j', (text) => {
    expect(parseLogLine('orders', text)).toBeUndefined()
  })
})

it('tells an access line from the app’s own', () => {
  expect(isAccessLine(line({ msg: 'request', method: 'GET', duration_ms: 1.5 }))).toBe(true)
  expect(isAccessLine(line({ msg: 'priced', method: 'flat' }))).toBe(false)
})

it('reads time as a number and as ISO 8601', () => {
  expect(timeOf(line({ time: 1_700_000_000_123 }))).toBe(1_700_000_000_123)
  expect(timeOf(line({ time: '2023-11-14T22:13:20.123Z' }))).toBe(1_700_000_000_123)
})

it('names levels, and leaves one of the app’s own as it is', () => {
  expect([30, 50, 35, 'warn'].map((level) => levelOf(line({ level })))).toEqual([
    'info',
    'error',
    '35',
    'warn',
  ])
})

describe('logLineText', () => {
  const shown = (/** @type {Record<string, unknown>} */ fields) =>
    logLineText(line(fields), 7, canvas).slice(14)

  it('shows the message and the fields that say something', () => {
    const fields = {
      level: 30,
      time: 0,
      trace_id: 'a',
      span_id: 'b',
      hostname: 'h',
      order: 13,
      note: 'two words',
      msg: 'priced',
    }
    expect(shown(fields)).toBe('orders   info   priced  order=13  note="two words"')
  })

  it('shows an error by its type and message', () => {
    const err = { type: 'RangeError', message: 'no\nrate', stack: 'RangeError: …' }
    const fields = { level: 50, time: 0, order: 13, err, msg: 'failed' }
    expect(shown(fields)).toBe('orders   error  failed  RangeError: no rate  order=13')
  })

  it('says an error once that was logged by itself', () => {
    const err = { type: 'Error', message: 'no rate' }
    expect(shown({ level: 50, time: 0, err, msg: 'no rate' })).toBe('orders   error  no rate')
  })

  it('writes no control character, which a terminal would obey', () => {
    const text = shown({
      level: 30,
      time: 0,
      msg: 'a\x1b[2Jb',
      note: '\x1b]0;x\x07',
      err: { message: '\x1b[1m' },
    })
    expect(text).toBe('orders   info   a [2Jb  error: [1m  note=" ]0;x "')
  })

  it('tells an access line in one breath', () => {
    const { status, ...aborted } = {
      level: 50,
      time: 0,
      method: 'GET',
      route: '/orders/:id',
      path: '/orders/13',
      status: 500,
      duration_ms: 31.913,
      user_agent: 'curl',
      error: { type: 'Error', message: 'no tax rate' },
      msg: 'request',
    }
    expect(shown({ ...aborted, status })).toBe(
      'orders   error  request  GET /orders/13  500  31.9 ms  no tax rate',
    )
    expect(shown(aborted)).toContain('GET /orders/13  aborted  31.9 ms')
  })

  it('keeps to the width', () => {
    expect(
      [...logLineText(line({ level: 30, time: 0, msg: 'x', y: 'z'.repeat(500) }), 7, canvas)].length,
    ).toBe(100)
  })
})
