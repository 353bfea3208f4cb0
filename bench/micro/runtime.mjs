/**
 * What the metrics of the runtime cost by themselves: CPU per scrape, and per second while nobody asks.
 * `npm run build && node bench/micro/runtime.mjs`; prom-client is beside it once `npm run bench` has installed it.
 *
 * Each figure is from a process of its own, less what the same process takes without any metrics.
 */
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const IDLE_MS = 20_000
const WARM_SCRAPES = 200
const SCRAPES = 1_000
const load = createRequire(import.meta.url)

/** Each starts its metrics and gives the way to scrape them. */
const contenders = {
  async nothing() {
    return async () => 0
  },
  async triscope() {
    return await ours('prom-client')
  },
  async semconv() {
    return await ours('semconv')
  },
  async promClient() {
    const { collectDefaultMetrics, Registry } = load('prom-client')
    const register = new Registry()
    collectDefaultMetrics({ register })
    return async () => Buffer.byteLength(await register.metrics())
  },
}

const LABELS = {
  triscope: "Triscope, prom-client's names",
  semconv: "Triscope, OpenTelemetry's names",
  promClient: 'prom-client 15',
}

async function ours(naming) {
  const { createRegistry, startRuntimeMetrics } = await import('@triscope/metrics')
  const registry = createRegistry()
  startRuntimeMetrics(registry, { naming })
  return async () => {
    let bytes = 0
    for await (const chunk of registry.expose().body) bytes += chunk.length
    return bytes
  }
}

const [contender] = process.argv.slice(2)
if (contender === undefined) report()
else console.log(JSON.stringify(await measure(await contenders[contender]())))

/** A minute's worth of lag samples is the most there can be to sort; they are waited for, as the idle time. */
async function measure(scrape) {
  const keepAlive = setInterval(() => {}, 60_000)
  await sleep(1_000)
  const idle = process.cpuUsage()
  await sleep(IDLE_MS)
  const idleMs = milliseconds(process.cpuUsage(idle)) / (IDLE_MS / 1_000)
  const first = process.cpuUsage()
  const bytes = await scrape()
  const firstMs = milliseconds(process.cpuUsage(first))
  for (let i = 0; i < WARM_SCRAPES; i++) await scrape()
  const warm = process.cpuUsage()
  for (let i = 0; i < SCRAPES; i++) await scrape()
  const scrapeMs = milliseconds(process.cpuUsage(warm)) / SCRAPES
  clearInterval(keepAlive)
  return { idleMs, firstMs, scrapeMs, bytes }
}

function milliseconds({ user, system }) {
  return (user + system) / 1_000
}

function report() {
  const run = (name) =>
    JSON.parse(execFileSync(process.execPath, [fileURLToPath(import.meta.url), name], { encoding: 'utf8' }))
  const nothing = run('nothing')
  console.log(
    '| metrics of the runtime | CPU ms per second, idle | CPU ms, first scrape | CPU ms, later scrapes |',
  )
  console.log('| --- | --: | --: | --: |')
  for (const [name, label] of Object.entries(LABELS)) {
    if (name === 'promClient' && !isInstalled('prom-client')) continue
    const { idleMs, firstMs, scrapeMs } = run(name)
    const idle = Math.max(0, idleMs - nothing.idleMs).toFixed(2)
    console.log(`| ${label} | ${idle} | ${firstMs.toFixed(1)} | ${scrapeMs.toFixed(2)} |`)
  }
}

function isInstalled(name) {
  try {
    load.resolve(name)
    return true
  } catch {
    return false
  }
}
