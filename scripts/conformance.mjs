/**
 * `npm run conformance -- --count 10000 --seed 1`: random requests to random apps, compared with what the framework made
 * of them. The count is shared by all versions of all frameworks; without a seed it takes one from the clock and prints it.
 */
import { parseArgs } from 'node:util'
import { startVitest } from 'vitest/node'

/** Express 4.17, 4.22, 5 with router 2.1 and 2.3; Fastify 4 and 5. */
const VERSIONS = 6

const { values } = parseArgs({
  options: { count: { type: 'string', default: '10000' }, seed: { type: 'string' } },
})
const count = Math.ceil(whole('count', values.count) / VERSIONS)
const seed = whole('seed', values.seed ?? String(Date.now() % 1_000_000))

console.log(`conformance: ${count} requests to each of ${VERSIONS} versions, seed ${seed}`)
const vitest = await startVitest('test', ['conformance.process.test.ts'], {
  watch: false,
  provide: { conformance: { count, seed } },
})
await vitest.close()

function whole(name, text) {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0)
    throw new Error(`--${name} ${text}: expected a whole number`)
  return number
}
