import { expect, it } from 'vitest'
import { createPaint } from './paint.js'
import { Progress } from './progress.js'

/** @param {boolean} isTTY */
function written(isTTY) {
  /** @type {string[]} */
  const texts = []
  const stream = { isTTY, write: (/** @type {string} */ text) => texts.push(text) }
  const progress = new Progress({ stream, paint: createPaint(false), total: 8 })
  for (let i = 0; i < 8; i++) progress.answered(i === 7 ? 502 : i === 6 ? undefined : 200)
  return texts
}

it('redraws one line on a terminal, and ends it', () => {
  const texts = written(true)
  expect(texts).toHaveLength(8)
  expect(texts[0]).toBe(`\r\x1b[Ksending requests  ${'━'.repeat(4)}${'─'.repeat(28)}  1/8`)
  expect(texts[7]).toBe(`\r\x1b[Ksending requests  ${'━'.repeat(32)}  8/8   2 failed\n`)
})

it('writes a line for each quarter where nothing can be redrawn', () => {
  const texts = written(false)
  expect(texts.map((text) => text.split('  ').at(-1)?.trim())).toEqual(['2/8', '4/8', '6/8', '2 failed'])
  expect(texts.every((text) => text.endsWith('\n') && !text.includes('\r') && !text.includes('\x1b'))).toBe(
    true,
  )
})
