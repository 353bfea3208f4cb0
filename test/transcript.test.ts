import { describe, expect, it } from 'vitest'
import { agreement, firstExample, laterExamples } from './transcript.ts'

describe('agreement', () => {
  it.each([
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [['trace_id: …, 4'], ['trace_id: 4bf92f, 4']],
    [['… (1)'], ['(0) (1)']],
    [
      ['a', '…', 'z'],
      ['a', 'b', 'c', 'z'],
    ],
    [
      ['a', '…', 'z'],
      ['a', 'z'],
    ],
    [
      ['a', '…'],
      ['a', 'b'],
    ],
  ])('%j agrees with %j', (shown, printed) => {
    expect(agreement(shown, printed)).toEqual(shown)
  })

  it.each([
    [['a'], ['b']],
    [['a'], []],
    [['a'], ['a', 'b']],
    [['a', 'b'], ['a']],
    [['a.c'], ['abc']],
    [
      ['a', '…', 'z'],
      ['a', 'b'],
    ],
    [['a…'], ['a\nb']],
  ])('%j does not agree with %j', (shown, printed) => {
    expect(agreement(shown, printed)).not.toEqual(shown)
  })

  it('keeps what was printed from the first line that differs', () => {
    expect(agreement(['a …', 'b', 'c'], ['a 1', 'x', 'c'])).toEqual(['a …', 'x', 'c'])
  })
})

describe('firstExample', () => {
  it('takes the first ts block and the text block behind it', () => {
    const markdown =
      '# x\n```sh\nnpm i x\n```\n\n```ts\nrun()\n```\n\nprints\n\n```text\none\ntwo\n```\n\n```ts\nmore()\n```\n'
    expect(firstExample(markdown)).toEqual({ program: 'run()\n', script: undefined, shown: ['one', 'two'] })
  })

  it('takes a server, the script that asks it and the answer', () => {
    const markdown = '```ts\nlisten(3000)\n```\n```sh\ncurl localhost:3000\n```\n```text\nhello\n```\n'
    expect(firstExample(markdown)).toEqual({
      program: 'listen(3000)\n',
      script: 'curl localhost:3000\n',
      shown: ['hello'],
    })
  })

  it.each([
    ['```sh\nx\n```\n'],
    ['```ts\nx\n```\n'],
    ['```ts\nx\n```\n```ts\ny\n```\n```text\nz\n```\n'],
    [''],
  ])('finds none in %j', (markdown) => {
    expect(firstExample(markdown)).toBeUndefined()
  })
})

describe('laterExamples', () => {
  it('takes each ts block after the first that a text block follows under the same heading', () => {
    const later =
      '```ts\na()\n```\n```text\n1\n```\n```ts\nb()\n```\n\nIt prints:\n\n```text\n2\n```\n```ts\nc()\n```\n```ts\nd()\n```\n```text\n4\n```\n```ts\ne()\n```\n## Formats\n```text\n5\n```\n'
    expect(laterExamples(later).map(({ program, shown }) => [program, shown])).toEqual([
      ['b()\n', ['2']],
      ['d()\n', ['4']],
    ])
  })
})
