import { expect, it } from 'vitest'
import { chargedTimes, selfByPackage } from './profile.mjs'

const frame = (functionName, url = '', lineNumber = 0) => ({ functionName, url, lineNumber })
const sdk = 'file:///somewhere/node_modules/@triscope/sdk/dist/index.js'

const profile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('finish', sdk, 9), children: [4, 5] },
    { id: 4, callFrame: frame('', 'node:internal/http', 1) },
    { id: 5, callFrame: frame('finish', sdk, 9), children: [6] },
    { id: 6, callFrame: frame('writev') },
  ],
  samples: [2, 3, 4, 5, 6],
  timeDeltas: [1000, 30, 20, 40, 10],
}

it('charges self and total time by function, counts recursion once, and leaves idle out', () => {
  expect(chargedTimes(profile)).toEqual([
    { where: 'finish  @triscope/sdk/dist/index.js:10', self: 0.7, total: 1 },
    { where: '(anonymous)  node:internal/http:2', self: 0.2, total: 0.2 },
    { where: 'writev', self: 0.1, total: 0.1 },
  ])
})

it('sums self time by package', () => {
  expect(selfByPackage(chargedTimes(profile))).toEqual([
    { owner: '@triscope/sdk', self: 0.7 },
    { owner: 'node', self: 0.2 },
    { owner: 'writev', self: 0.1 },
  ])
})
