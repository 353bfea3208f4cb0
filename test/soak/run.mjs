/**
 * `npm run soak -- --minutes 30`: 1 000 requests a second, while the collector is up, slow and down in turn. What is held
 * must not grow, and every span that was made was delivered or counted. Exits with 1 where one of these fails.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Collector } from './collector.mjs'
import { Load } from './load.mjs'
import { judge, slopePerTenMinutes } from './verdict.mjs'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    rate: { type: 'string', default: '1000' },
    help: { type: 'boolean', default: false },
  },
})
const minutes = Number(values.minutes)
const rate = Number(values.rate)
if (values.help || !(minutes > 0 && minutes <= 1_440) || !(rate >= 1 && rate <= 20_000)) {
  console.log(
    'npm run soak -- [--minutes 30] [--rate 1000]\n\nSoaks a service on node:http; see docs/support.md.',
  )
  process.exit(values.help ? 0 : 2)
}

/** The first cycle is warm-up. A short run has five cycles, a long one has one every three minutes. */
const cycles = Math.max(5, Math.round(minutes / 3))
const phaseMs = (minutes * 60_000) / cycles / 3
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const collector = new Collector()
await collector.up()
const app = fork(fileURLToPath(new URL('app.mjs', import.meta.url)), {
  execArgv: ['--expose-gc'],
  env: {
    PATH: process.env.PATH,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '200',
    // So small that it overflows while the collector is down: what is lost must be counted.
    OTEL_BSP_MAX_QUEUE_SIZE: '4096',
  },
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
})
const answer = async (what) => {
  if (what !== undefined) app.send(what)
  const [message] = await once(app, 'message')
  return message
}
const load = new Load((await answer()).port, rate)
const samples = []

for (let cycle = 0; cycle < cycles; cycle++) {
  load.start()
  await pause(phaseMs)
  collector.slow()
  await pause(phaseMs)
  await collector.down()
  await pause(phaseMs)
  await collector.up()
  await load.stop()
  const { held } = await answer('held')
  samples.push({ atMs: performance.now(), ...held })
  const mib = (held.heapBytes / 1_048_576).toFixed(2)
  console.log(
    `cycle ${cycle + 1}/${cycles}: heap ${mib} MiB, rss ${(held.rssBytes / 1_048_576).toFixed(0)} MiB, ${held.descriptors} descriptors, ${held.resources} handles, ${load.answered} answered, ${collector.spans} spans delivered`,
  )
}

const { account } = await answer('end')
await collector.down()
const verdict = judge({ samples, account, delivered: collector.spans, load, rate, minutes })
console.log(
  `made ${account.made} = delivered ${collector.spans} + counted ${account.counted}; heap ${slopePerTenMinutes(samples).toFixed(3)} MiB per 10 minutes; ${load.failed} requests failed`,
)
for (const fault of verdict) console.error(`soak: ${fault}`)
process.exit(verdict.length === 0 ? 0 : 1)
