import { describe, expect, it } from 'vitest'
import { FAILING_TRACE, receivedSpan } from './received-span.fixture.js'
import { treeRows } from './trace-tree.js'

/** @param {Parameters<typeof treeRows>[0]} spans */
const shape = (spans) =>
  treeRows(spans).map(({ span, branches }) => [span.spanId, branches.map(Number).join('')])

describe('treeRows', () => {
  it('puts each span below its parent, siblings by time, whatever order they arrived in', () => {
    expect(shape(FAILING_TRACE)).toEqual([
      ['root', ''],
      ['fetch', '0'],
      ['orders', '00'],
      ['load', '001'],
      ['price', '000'],
    ])
  })

  it('makes a root of a span whose parent never arrived', () => {
    const spans = [
      receivedSpan({ spanId: 'b', parentSpanId: 'lost' }),
      receivedSpan({ spanId: 'c', parentSpanId: 'b' }),
    ]
    expect(shape(spans)).toEqual([
      ['b', ''],
      ['c', '0'],
    ])
  })

  it('shows spans that are each other’s parents, and what hangs below them, once', () => {
    const spans = [
      receivedSpan({ spanId: 'a', parentSpanId: 'b' }),
      receivedSpan({ spanId: 'b', parentSpanId: 'a' }),
      receivedSpan({ spanId: 'c', parentSpanId: 'a' }),
      receivedSpan({ spanId: 'd', parentSpanId: 'd' }),
    ]
    expect(
      shape(spans)
        .map(([id]) => id)
        .sort(),
    ).toEqual(['a', 'b', 'c', 'd'])
  })

  it('shows a span that arrived twice once', () => {
    expect(shape([receivedSpan({ spanId: 'a' }), receivedSpan({ spanId: 'a' })])).toEqual([['a', '']])
  })
})
