import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { errorClassOf, errorMessageOf, errorStackOf, errorTypeOf } from './index.ts'

class PaymentDeclined extends Error {}

const unreadable = new Proxy(
  {},
  {
    get() {
      throw new Error('no')
    },
  },
)

describe('what is said of something thrown', () => {
  it.each<[string, unknown, string, string | undefined, string | undefined]>([
    [
      'a class without a name of its own',
      new PaymentDeclined('no funds'),
      'PaymentDeclined',
      'PaymentDeclined',
      'no funds',
    ],
    ['a plain error', new Error('x'), 'Error', 'Error', 'x'],
    ['a named error', Object.assign(new Error('x'), { name: 'Named' }), 'Named', 'Named', 'x'],
    ['a system error', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED', 'Error', 'x'],
    ['a code that is no word', Object.assign(new Error('x'), { code: 'not a code' }), 'Error', 'Error', 'x'],
    ['an error of another realm', runInNewContext('new TypeError("far")'), 'TypeError', 'TypeError', 'far'],
    ['an object that looks like one', { name: 'Odd', message: 'm' }, 'Odd', 'Odd', 'm'],
    ['text', 'oops', '_OTHER', 'string', 'oops'],
    ['a symbol', Symbol('s'), '_OTHER', 'symbol', 'Symbol(s)'],
    [
      'a function that cannot be read',
      Object.assign(() => {}, { toString: null, valueOf: null }),
      '_OTHER',
      'function',
      undefined,
    ],
    ['null', null, '_OTHER', 'object', 'null'],
    ['nothing', undefined, '_OTHER', undefined, undefined],
    ['a name that is too long', { name: 'x'.repeat(101) }, '_OTHER', 'x'.repeat(101), undefined],
    ['what cannot be read', unreadable, '_OTHER', undefined, undefined],
  ])('of %s', (_, thrown, type, className, message) => {
    expect([errorTypeOf(thrown), errorClassOf(thrown), errorMessageOf(thrown)]).toEqual([
      type,
      className,
      message,
    ])
  })

  it('keeps the stack, also of another realm', () => {
    expect(errorStackOf(runInNewContext('new TypeError("far")'))).toContain('TypeError: far')
    expect(errorStackOf('text')).toBeUndefined()
  })
})
