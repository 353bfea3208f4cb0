/**
 * What one `await` costs within a span, by what carries the span. Each way in a process of its own, because the hooks of
 * cls-hooked stay once they are set; the least of the rounds, because what else runs on the machine can only add.
 */
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const room = new URL('../../packages/core/', import.meta.url)
const self = fileURLToPath(import.meta.url)
const AWAITS = 100_000
const ROUNDS = 20
const WAYS = {
  nothing: 'nothing',
  default: 'the default, one AsyncLocalStorage',
  cls: 'cls-hooked alone, without Triscope',
  bridge: '`bridgeToCls`',
  storage: '`createClsStorage`',
}

if (process.argv[1] === self) console.log(await leastNs(process.argv[2]))

/** @returns `{ label, ns }` of each way */
export function measureAwaits() {
  return Object.entries(WAYS).map(([way, label]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [self, way], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`await, ${label}: ${stderr}`)
    return { label, ns: Number(stdout) }
  })
}

async function leastNs(way) {
  const run = await runnerOf(way)
  const times = []
  for (let round = 0; round < ROUNDS; round++) times.push(await run(measure))
  return Math.min(...times)
}

async function measure() {
  const startedAt = process.hrtime.bigint()
  for (let i = 0; i < AWAITS; i++) await i
  return Number(process.hrtime.bigint() - startedAt) / AWAITS
}

async function runnerOf(way) {
  if (way === 'nothing') return (fn) => fn()
  const { contextWithSpan, installContext, replaceContext } = await import(new URL('dist/index.js', room))
  const { bridgeToCls, createClsStorage } = await import(new URL('dist/cls-hooked.js', room))
  const load = createRequire(new URL('package.json', room))
  const { ROOT_CONTEXT, trace } = load('@opentelemetry/api')
  const span = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 })
  const within = (storage) => (fn) => storage.run(contextWithSpan(ROOT_CONTEXT, span), fn)
  if (way === 'default') return within(installContext())
  const ns = load('cls-hooked').createNamespace('bench')
  if (way === 'cls') return (fn) => ns.runAndReturn(fn)
  const storage = way === 'bridge' ? bridgeToCls(ns) : createClsStorage(ns)
  replaceContext(storage)
  return within(storage)
}
