import { expect, it } from 'vitest'
import { parseArguments } from './arguments.mjs'

it('measures everything and writes the page unless told otherwise', () => {
  expect(parseArguments([])).toEqual({
    help: false,
    rounds: 5,
    quick: false,
    only: ['fastify', 'express', 'micro'],
    handlers: ['answer', 'fetch'],
    rows: undefined,
    profile: [],
    write: true,
  })
})

it('never writes the page of a run that says little', () => {
  expect(parseArguments(['--quick'])).toMatchObject({ rounds: 2, write: false })
  expect(parseArguments(['--rows', 'usual']).write).toBe(false)
  expect(parseArguments(['--profile', 'triscope'])).toMatchObject({ profile: ['triscope'], write: false })
  expect(parseArguments(['--no-write']).write).toBe(false)
  expect(parseArguments(['--only', 'fastify', '--rounds', '7'])).toMatchObject({ rounds: 7, write: true })
})

it('refuses what it does not know', () => {
  expect(() => parseArguments(['--only', 'koa'])).toThrow('fastify, express, micro, got koa')
  expect(() => parseArguments(['--rounds', '0'])).toThrow('at least 1, got 0')
  expect(() => parseArguments(['--fast'])).toThrow()
})
