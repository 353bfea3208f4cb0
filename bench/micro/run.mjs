/** Runs the small benches, each in a process of its own. */
import { fileURLToPath } from 'node:url'
import { SERVER_CPU, start } from '../lib/remote.mjs'
import { median, ratios, rotated, summary } from '../lib/statistics.mjs'
import { measureAwaits } from './await.mjs'
import { measureExport } from './export.mjs'

/** So large that no collection falls into the loops in which bytes are counted. */
const COUNTED = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256']

const GROUPS = ['record', 'span', 'line']

const SCRAPES = {
  counters: { label: 'scrape of 100 000 counter series', series: 100_000, target: 0.05 },
  histograms: { label: 'scrape of 10 000 histograms of 12 bounds', series: 10_000, target: 0.08 },
}
const CONTENDERS = {
  triscope: 'Triscope',
  prom: 'prom-client 15',
  platformatic: '@platformatic/prom-client',
  otel: 'OpenTelemetry',
}

/** @returns `questions`, as `ask` answers them, `scrapes`, `exporting` and `awaits` */
export async function measureMicro({ collector, collectorUrl }, { quick }) {
  const how = quick ? { rounds: 5, turnMs: 4 } : { rounds: 21, turnMs: 25 }
  const questions = {}
  for (const name of GROUPS) {
    process.stderr.write(`  ${name}\n`)
    Object.assign(questions, await once('child.mjs', [name], COUNTED, 'run', { ...how, collectorUrl }))
  }
  const scrapes = {}
  for (const [kind, { label, series, target }] of Object.entries(SCRAPES)) {
    process.stderr.write(`  scrape of ${kind}\n`)
    const size = quick ? series / 10 : series
    scrapes[kind] = { label, target, ...(await measureScrape(kind, size, quick ? 1 : 3)) }
  }
  process.stderr.write('  export at a fixed rate\n')
  const exporting = await measureExport(
    collector,
    collectorUrl,
    quick ? { rounds: 1, seconds: 2 } : { rounds: 3, seconds: 5 },
  )
  process.stderr.write('  await\n')
  return { questions, scrapes, exporting, awaits: measureAwaits() }
}

async function measureScrape(kind, series, rounds) {
  const names = Object.keys(CONTENDERS)
  const found = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of rotated(names, round)) {
      found[name].push(await once('scrape.mjs', [name, kind], ['--expose-gc'], 'run', { series }))
    }
  }
  const all = (name, figure) => found[name].map((result) => result[figure])
  const peers = names.filter((name) => name !== 'triscope')
  const best = peers.reduce((a, b) => (median(all(b, 'ms')) < median(all(a, 'ms')) ? b : a))
  const contenders = {}
  for (const name of names) {
    contenders[name] = { label: CONTENDERS[name], ratio: summary(ratios(all(name, 'ms'), all(best, 'ms'))) }
    for (const figure of Object.keys(found[name][0])) contenders[name][figure] = median(all(name, figure))
  }
  return { best, contenders }
}

/** Heap bytes for each call of ours, by question. */
export async function measureBytes({ collectorUrl }) {
  const found = {}
  for (const name of GROUPS) {
    Object.assign(found, await once('child.mjs', [name], COUNTED, 'bytes', { collectorUrl }))
  }
  return found
}

async function once(script, args, nodeArgs, call, how) {
  const child = await start(fileURLToPath(new URL(script, import.meta.url)), {
    args,
    nodeArgs,
    cpu: SERVER_CPU,
  })
  try {
    return await child.call(call, how)
  } finally {
    await child.stop()
  }
}
