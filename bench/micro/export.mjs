/**
 * What export costs at a fixed rate of spans: CPU of the main thread and of the process for each span, and the delay of the
 * event loop. One process for each contender and round, in rotated order; what the same timer costs without spans is taken
 * off.
 */
import { fileURLToPath } from 'node:url'
import { start } from '../lib/remote.mjs'
import { median, rotated } from '../lib/statistics.mjs'

const RATE = 50_000
const CONTENDERS = {
  none: 'the timer alone',
  otel: 'OpenTelemetry, batch of 512',
  main: 'Triscope, main thread',
  worker: 'Triscope, sending thread',
}

/**
 * @param collector which counts what is received
 * @returns `{ rate, pipelines }`, for each pipeline its label and `mainUs`, `wholeUs` a span, `received`, `p99Ms`, `maxMs`
 */
export async function measureExport(collector, collectorUrl, { rounds, seconds }) {
  const names = Object.keys(CONTENDERS)
  const found = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of rotated(names, round)) {
      const child = await start(fileURLToPath(new URL('export-child.mjs', import.meta.url)), { args: [name] })
      try {
        await collector.call('take')
        const result = await child.call('run', { rate: RATE, seconds, collectorUrl })
        found[name].push({ ...result, received: await collector.call('take') })
      } finally {
        await child.stop()
      }
    }
  }
  const of = (name, figure) => median(found[name].map(figure))
  const mainUs = (name) => of(name, ({ mainUs: us, made }) => us / made)
  const wholeUs = (name) => of(name, ({ wholeUs: us, made }) => us / made)
  const pipelines = names.slice(1).map((name) => ({
    label: CONTENDERS[name],
    mainUs: mainUs(name) - mainUs('none'),
    wholeUs: wholeUs(name) - wholeUs('none'),
    received: of(name, ({ received, all }) => received / all),
    p99Ms: of(name, ({ p99Ms }) => p99Ms),
    maxMs: of(name, ({ maxMs }) => maxMs),
  }))
  return { rate: RATE, pipelines }
}
