import { expect, it } from 'vitest'
import { createPaint } from './paint.js'
import { table } from './table.js'

it('makes columns as wide as their longest cell, numbers at the right', () => {
  const columns = [{ title: 'route' }, { title: 'rate', right: true }]
  const rows = [
    [{ text: 'GET /a' }, { text: '9/s' }],
    [{ text: 'GET /orders/:id' }, { text: '41.5/s' }],
  ]
  expect(table(columns, rows, createPaint(false))).toEqual([
    'route              rate',
    'GET /a              9/s',
    'GET /orders/:id  41.5/s',
  ])
})

it('paints after padding, so that colours move no column', () => {
  const paint = createPaint(true)
  const [, row] = table(
    [{ title: 'a' }, { title: 'b' }],
    [[{ text: 'x', brush: paint.red }, { text: 'y' }]],
    paint,
  )
  expect(row).toBe('\x1b[31mx\x1b[39m  y')
})
