import { expect, it } from 'vitest'
import { selfTimes } from './profile.mjs'

it('sums self time by function, leaves idle out, and names files after node_modules', () => {
  const frame = (functionName, url = '', lineNumber = 0) => ({ functionName, url, lineNumber })
  const nodes = [
    { id: 1, callFrame: frame('(idle)') },
    { id: 2, callFrame: frame('end', 'file:///somewhere/node_modules/@triscope/sdk/dist/index.js', 9) },
    { id: 3, callFrame: frame('', 'node:internal/http', 1) },
    { id: 4, callFrame: frame('end', 'file:///somewhere/node_modules/@triscope/sdk/dist/index.js', 9) },
  ]
  const profile = { nodes, samples: [1, 2, 3, 4], timeDeltas: [1000, 30, 20, 50] }
  expect(selfTimes(profile, 5)).toEqual([
    { share: 0.8, where: 'end  @triscope/sdk/dist/index.js:10' },
    { share: 0.2, where: '(anonymous)  node:internal/http:2' },
  ])
  expect(selfTimes(profile, 1)).toHaveLength(1)
})
