import { expect, it } from 'vitest'
import { compare } from './ratios.mjs'

const row = (byRound) => ({ added: { byRound } })

it('takes the median of the ratios of each round, not the ratio of medians', () => {
  const compared = compare({ triscope: row('10 30 10'), usual: row('100 100 1000') })
  expect(compared).toHaveLength(1)
  expect(compared[0]).toMatchObject({ target: { fastify: 0.2 }, ratio: { median: 0.1, rounds: 3 } })
})

it('compares only what was measured', () => {
  expect(compare({ bare: row('0'), usual: row('100') })).toEqual([])
})

it('holds ours against another row than bare where it is told to', () => {
  const [, beyond] = compare({ triscope: row('10 10'), usual: row('100 100'), shaped: row('-20 -10') })
  expect(beyond).toMatchObject({ beyond: 'shaped', ratio: { median: 0.25 } })
})
