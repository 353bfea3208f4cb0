/** Runs one framework with one handler: every row once warm, then in interleaved rounds. */
import { fileURLToPath } from 'node:url'
import { OTHER_CPU, SERVER_CPU, start } from '../lib/remote.mjs'
import { median, rotated, summary } from '../lib/statistics.mjs'
import { startRow } from './checked-row.mjs'
import { writeProfile } from './profiled.mjs'

const CONNECTIONS = 32

/** Starts the processes that all rows share. */
export async function startWorld() {
  const script = (name) => fileURLToPath(new URL(name, import.meta.url))
  const [generator, collector, upstream] = await Promise.all([
    start(script('generator.mjs'), { cpu: SERVER_CPU, batch: true }),
    start(script('collector.mjs'), { cpu: OTHER_CPU }),
    start(script('upstream.mjs'), { cpu: OTHER_CPU }),
  ])
  return {
    generator,
    collector,
    collectorUrl: `http://127.0.0.1:${collector.ready.port}`,
    upstreamUrl: `http://127.0.0.1:${upstream.ready.port}/`,
    stop: () => Promise.all([generator.stop(), collector.stop(), upstream.stop()]),
  }
}

/**
 * @param how `rounds`; `times` in milliseconds: `warm` once and at most, until `warmRequests`,
 * `settle` and `measure` in each round; `profile`, ids of rows
 * @returns for each row, by id: the summary of each figure, what it produced, and `added` round by round, in
 * microseconds of CPU per request beyond bare of the same round
 */
export async function measureHttp(framework, handler, rows, world, { rounds, times, profile = [] }) {
  const running = []
  try {
    for (const row of rows) {
      process.stderr.write(`  ${framework}, ${row.id}: `)
      const live = await startRow(framework, row, handler, world)
      running.push(live)
      await live.load({ connections: CONNECTIONS, requests: times.warmRequests, durationMs: times.warm })
      await live.takeSpans()
      live.server.pause()
      process.stderr.write(
        `${live.produced.perRequest.spans} spans, ${live.produced.perRequest.lines} lines\n`,
      )
    }
    for (let round = 0; round < rounds; round++) {
      for (const live of rotated(running, round)) live.samples.push(await measureRound(live, times))
      process.stderr.write(`  round ${round + 1} of ${rounds}\n`)
    }
    const bare = running.find(({ row }) => row.id === 'bare')
    const results = {}
    for (const live of running) results[live.row.id] = await resultOf(live, bare)
    for (const live of running) {
      if (profile.includes(live.row.id)) {
        const how = { connections: CONNECTIONS, durationMs: 3 * times.measure }
        await writeProfile(live, `${framework}-${live.row.id}`, how)
      }
    }
    return results
  } finally {
    for (const live of running) await live.stop()
  }
}

/** A window in which garbage is counted, then one in which CPU is, so that neither costs the other. */
async function measureRound({ server, load, takeSpans, produced }, times) {
  server.resume()
  await server.call('startGarbage')
  const settled = await load({ connections: CONNECTIONS, durationMs: times.settle })
  const garbage = (await server.call('stopGarbage')) / settled.requests
  produced.loaded(settled, await takeSpans())
  const before = await server.call('cpu')
  const done = await load({ connections: CONNECTIONS, durationMs: times.measure })
  // What was queued is sent within the window: its cost belongs to these requests.
  const spans = await takeSpans()
  const after = await server.call('cpu')
  server.pause()
  produced.loaded(done, spans)
  return {
    cpu: (after.user + after.system - before.user - before.system) / done.requests,
    user: (after.user - before.user) / done.requests,
    perSecond: done.requests / done.seconds,
    p50: done.p50Ms,
    p99: done.p99Ms,
    rss: after.rss / 1e6,
    garbage,
  }
}

async function resultOf(live, bare) {
  const { row, server, produced, samples } = live
  server.resume()
  if (row.series === true) produced.counted(live.sent(), await live.countedRequests())
  await live.probe()
  server.pause()
  const figures = {}
  for (const name of Object.keys(samples[0])) figures[name] = summary(samples.map((sample) => sample[name]))
  const added = samples.map((sample, round) => sample.cpu - bare.samples[round].cpu)
  const byRound = (values) => values.map((value) => value.toFixed(3)).join(' ')
  return {
    label: row.label,
    ...figures,
    cpu: { ...figures.cpu, byRound: byRound(samples.map(({ cpu }) => cpu)) },
    added: { ...summary(added), byRound: byRound(added) },
    addedGarbage: median(samples.map((sample, round) => sample.garbage - bare.samples[round].garbage)),
    produced: produced.report(),
  }
}
