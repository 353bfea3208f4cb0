import { expect, it } from 'vitest'
import { parseArguments } from './arguments.js'

it('stays up unless it is told otherwise', () => {
  expect(parseArguments([])).toEqual({ once: false, help: false })
  expect(parseArguments(['--once'])).toEqual({ once: true, help: false })
  expect(parseArguments(['--', '--once'])).toEqual({ once: true, help: false })
  expect(parseArguments(['-h'])).toEqual({ once: false, help: true })
})

it('refuses what it does not know', () => {
  expect(() => parseArguments(['--twice'])).toThrow("'--twice'")
  expect(() => parseArguments(['once'])).toThrow("'once'")
})
