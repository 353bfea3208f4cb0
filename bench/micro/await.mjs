/**
 * What one `await` costs within a span, by what carries it: `node bench/micro/await.mjs`, after a build. Each in a process of
 * its own, because the hooks of cls-hooked stay once they are set. Prints nanoseconds, the least of 20
 * rounds, because what else runs on the machine can only add.
 */
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const room = new URL('../../packages/core/', import.meta.url)
const AWAITS = 100_000
const WAYS = ['nothing', 'default', 'cls-hooked alone', 'bridgeToCls', 'createClsStorage']

const [way] = process.argv.slice(2)
if (way === undefined) {
  for (const each of WAYS) {
    const { stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), each], {
      encoding: 'utf8',
    })
    process.stdout.write(stdout)
    process.stderr.write(stderr)
  }
} else {
  const run = await runnerOf(way)
  const times = []
  for (let round = 0; round < 20; round++) times.push(await run(measure))
  console.log(
    `${way.padEnd(18)} ${Math.min(...times)
      .toFixed(0)
      .padStart(6)} ns`,
  )
}

async function measure() {
  const startedAt = process.hrtime.bigint()
  for (let i = 0; i < AWAITS; i++) await i
  return Number(process.hrtime.bigint() - startedAt) / AWAITS
}

async function runnerOf(name) {
  if (name === 'nothing') return (fn) => fn()
  const { contextWithSpan, installContext, replaceContext } = await import(new URL('dist/index.js', room))
  const { bridgeToCls, createClsStorage } = await import(new URL('dist/cls-hooked.js', room))
  const load = createRequire(new URL('package.json', room))
  const { ROOT_CONTEXT, trace } = load('@opentelemetry/api')
  const span = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 })
  const within = (storage) => (fn) => storage.run(contextWithSpan(ROOT_CONTEXT, span), fn)
  if (name === 'default') return within(installContext())
  const ns = load('cls-hooked').createNamespace('bench')
  if (name === 'cls-hooked alone') return (fn) => ns.runAndReturn(fn)
  const storage = name === 'bridgeToCls' ? bridgeToCls(ns) : createClsStorage(ns)
  replaceContext(storage)
  return within(storage)
}
