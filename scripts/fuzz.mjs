/**
 * `npm run fuzz -- --seconds N --seed N --calls N`: feeds every parser for so many seconds, and makes so many hostile
 * calls, with the seed of an earlier run where one is to be seen again.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    calls: { type: 'string', default: '1000000' },
  },
})
for (const [name, value] of Object.entries(values)) {
  if (/^\d+$/.test(value)) continue
  console.error(`--${name}: expected a whole number, got ${JSON.stringify(value)}`)
  process.exit(2)
}
console.log(`seed ${values.seed}: ${values.seconds} s for each parser, ${values.calls} calls`)
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--config', 'vitest.ci.config.ts', '--project', 'fuzz'],
  {
    stdio: 'inherit',
    env: { ...process.env, FUZZ_SECONDS: values.seconds, FUZZ_SEED: values.seed, FUZZ_CALLS: values.calls },
  },
)
process.exit(status ?? 1)
