import { expect, it } from 'vitest'
import { parseArguments } from './arguments.js'

it('stays up unless it is told otherwise', () => {
  const none = { once: false, help: false, mistake: undefined }
  expect(parseArguments([])).toEqual(none)
  expect(parseArguments(['--once'])).toEqual({ ...none, once: true })
  expect(parseArguments(['--', '--once'])).toEqual({ ...none, once: true })
  expect(parseArguments(['-h'])).toEqual({ ...none, help: true })
})

it('names what it does not know, and then does nothing else', () => {
  expect(parseArguments(['--once', '--twice'])).toMatchObject({ once: false, help: false })
  expect(parseArguments(['--once', '--twice']).mistake).toContain("'--twice'")
  expect(parseArguments(['once']).mistake).toContain("'once'")
})
