/**
 * One row as a server in a process of its own: `node server.mjs <fastify|express> <row>`. It is told over the process
 * channel when a window of measuring begins and ends; nothing of that runs while requests are answered.
 */
import { closeSync, openSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { createRequire } from 'node:module'
import v8 from 'node:v8'
import { serve } from '../lib/remote.mjs'
import { startExpress } from './express-app.mjs'
import { startFastify } from './fastify-app.mjs'
import { startOtel } from './otel.mjs'
import { rows } from './rows.mjs'

const [framework, rowId] = process.argv.slice(2)
const { BENCH_COLLECTOR: collectorUrl, BENCH_UPSTREAM: upstreamUrl, BENCH_INJECT_US: injectUs } = process.env
const { parts } = rows.find(({ id }) => id === rowId)

// Before the framework is loaded: both patch what is loaded after them.
const flushOtel =
  parts.otel === undefined ? undefined : startOtel(framework, parts.otel, parts.logIds, collectorUrl)
if (parts.dd === true)
  createRequire(import.meta.url)('dd-trace').init({ url: collectorUrl, startupLogs: false })

const triscopeOptions = {
  service: 'bench',
  ...parts.triscope,
  ...(parts.triscope?.tracing === false
    ? {}
    : { tracing: { endpoint: collectorUrl, sampler: parts.at ?? 1 } }),
}
const startApp = framework === 'fastify' ? startFastify : startExpress
const { server, flush } = await startApp(parts, triscopeOptions, upstreamUrl)
if (injectUs !== undefined) server.prependListener('request', () => spin(Number(injectUs)))

let garbage
let profiler

serve(
  {
    flush: async () => {
      await flushOtel?.()
      await flush?.()
    },
    cpu: () => ({ ...process.cpuUsage(), rss: process.memoryUsage.rss() }),
    /** Standard output, of which every logger of every row writes to the descriptor, goes to `path` from here on. */
    logTo: (path) => {
      closeSync(1)
      const descriptor = openSync(path, 'a')
      if (descriptor !== 1) throw new Error(`standard output came back as descriptor ${descriptor}`)
    },
    startGarbage: () => {
      garbage = { profiler: new v8.GCProfiler(), used: usedHeap() }
      garbage.profiler.start()
    },
    /** Bytes allocated on the heap since: what was used before each collection beyond what the last one left. */
    stopGarbage: () => {
      const { statistics } = garbage.profiler.stop()
      let { used } = garbage
      let allocated = 0
      for (const { beforeGC, afterGC } of statistics) {
        allocated += Math.max(0, beforeGC.heapStatistics.usedHeapSize - used)
        used = afterGC.heapStatistics.usedHeapSize
      }
      return allocated + Math.max(0, usedHeap() - used)
    },
    startProfile: async () => {
      profiler = new Session()
      profiler.connect()
      await profiler.post('Profiler.enable')
      await profiler.post('Profiler.setSamplingInterval', { interval: 200 })
      await profiler.post('Profiler.start')
    },
    stopProfile: async () => {
      const { profile } = await profiler.post('Profiler.stop')
      profiler.disconnect()
      return profile
    },
  },
  { port: server.address().port },
)

function usedHeap() {
  return v8.getHeapStatistics().used_heap_size
}

/** Burns time, to show that what is meant to notice does. */
function spin(us) {
  const until = process.hrtime.bigint() + BigInt(us * 1_000)
  while (process.hrtime.bigint() < until);
}
