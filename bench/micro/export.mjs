/**
 * What export costs at a fixed rate of spans: CPU of the main thread and of the process for each span, and the delay of the
 * event loop: `node bench/micro/export.mjs [--rate 50000] [--seconds 10] [--rounds 3]`. One process for each contender and
 * round, in rotated order; what the same timer costs without spans is taken off.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { prepare } from '../lib/prepare.mjs'
import { OTHER_CPU, start } from '../lib/remote.mjs'
import { median, rotated } from '../lib/statistics.mjs'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '50000' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
  },
})
const how = { rate: Number(values.rate), seconds: Number(values.seconds) }

const CONTENDERS = {
  none: 'the timer alone',
  otel: 'OpenTelemetry, batch of 512',
  main: 'Triscope, main thread',
  worker: 'Triscope, sending thread',
}

prepare()
const script = (path) => fileURLToPath(new URL(path, import.meta.url))
const collector = await start(script('../http/collector.mjs'), { cpu: OTHER_CPU })
const collectorUrl = `http://127.0.0.1:${collector.ready.port}`
const names = Object.keys(CONTENDERS)
const found = Object.fromEntries(names.map((name) => [name, []]))
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const name of rotated(names, round)) {
      const child = await start(script('export-child.mjs'), { args: [name] })
      try {
        await collector.call('take')
        const result = await child.call('run', { ...how, collectorUrl })
        found[name].push({ ...result, received: await collector.call('take') })
      } finally {
        await child.stop()
      }
    }
  }
} finally {
  await collector.stop()
}

const of = (name, figure) => median(found[name].map(figure))
const mainUs = (name) => of(name, ({ mainUs: us, made }) => us / made)
const wholeUs = (name) => of(name, ({ wholeUs: us, made }) => us / made)
const net = (figure, name) => figure(name) - figure('none')
console.log(`${how.rate} spans/s for ${how.seconds} s, ${values.rounds} rounds, Node ${process.version}\n`)
console.log(
  '| pipeline | main thread µs/span | of OpenTelemetry | process µs/span | of OpenTelemetry | received % | loop p99 ms | max ms |',
)
console.log('|---|--:|--:|--:|--:|--:|--:|--:|')
for (const name of names.slice(1)) {
  const cells = [
    CONTENDERS[name],
    net(mainUs, name).toFixed(2),
    (net(mainUs, name) / net(mainUs, 'otel')).toFixed(2),
    net(wholeUs, name).toFixed(2),
    (net(wholeUs, name) / net(wholeUs, 'otel')).toFixed(2),
    of(name, ({ received, all }) => (100 * received) / all).toFixed(1),
    of(name, ({ p99Ms }) => p99Ms).toFixed(2),
    of(name, ({ maxMs }) => maxMs).toFixed(1),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}
