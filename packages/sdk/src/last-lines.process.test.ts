/** However a process with telemetry ends, each line that it has logged is out: to a pipe, to a file, to a rotating file. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const LINES = 2_000
const folder = mkdtempSync(join(tmpdir(), 'triscope-last-lines-'))
const script = join(folder, 'app.cjs')
const program = `
import { createTelemetry, getLogger } from './index.ts'

const file = process.argv[3] === '' ? undefined : { path: process.argv[3], maxBytes: 100_000, maxFiles: 50 }
createTelemetry({ banner: false, service: 'ends', logging: file === undefined ? {} : { file } })
const log = getLogger('app')
const lines = () => {
  for (let i = 0; i < ${LINES}; i++) log.info({ i, filler: 'x'.repeat(100) }, 'line')
}
const stay = () => setInterval(() => {}, 1_000)
// The signal comes from elsewhere, as it does from an orchestrator, and right after the lines of one turn.
const signalled = (signal) => {
  stay()
  lines()
  process.kill(process.pid, signal)
}
const ends = {
  'process.exit': () => { lines(); process.exit(3) },
  'an uncaught throw': () => { lines(); throw new Error('crash') },
  'the end of the loop': () => lines(),
  SIGTERM: () => signalled('SIGTERM'),
  SIGHUP: () => signalled('SIGHUP'),
  'SIGTERM, which the app hears': () => {
    process.on('SIGTERM', () => process.exit(5))
    signalled('SIGTERM')
  },
}
ends[process.argv[2]]()
`

beforeAll(async () => {
  await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: 'js' },
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    conditions: ['@triscope/source'],
    logLevel: 'error',
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const places = {
  async 'a pipe'(end: string) {
    const child = spawn(process.execPath, [script, end, ''], { stdio: ['ignore', 'pipe', 'ignore'] })
    const closed = once(child, 'close')
    let text = ''
    for await (const chunk of child.stdout.setEncoding('utf8')) text += String(chunk)
    return { how: await closed, text }
  },
  async 'a file'(end: string) {
    const path = join(folder, `${Math.random()}.log`)
    const out = openSync(path, 'w')
    const child = spawn(process.execPath, [script, end, ''], { stdio: ['ignore', out, 'ignore'] })
    const how = await once(child, 'close')
    closeSync(out)
    return { how, text: readFileSync(path, 'utf8') }
  },
  async 'a rotating file'(end: string) {
    const logs = mkdtempSync(join(folder, 'logs-'))
    const child = spawn(process.execPath, [script, end, join(logs, 'app.log')], { stdio: 'ignore' })
    const how = await once(child, 'close')
    const text = readdirSync(logs).map((name) => readFileSync(join(logs, name), 'utf8'))
    return { how, text: text.join('') }
  },
}

const ends: readonly (readonly [string, number | null, NodeJS.Signals | null])[] = [
  ['process.exit', 3, null],
  ['an uncaught throw', 1, null],
  ['the end of the loop', 0, null],
  ['SIGTERM', null, 'SIGTERM'],
  ['SIGHUP', null, 'SIGHUP'],
  ['SIGTERM, which the app hears', 5, null],
]

describe.each(Object.entries(places))('every line is in %s', (_, run) => {
  it.each(ends)('after %s, and the process ends as it would have', async (end, code, signal) => {
    const { how, text } = await run(end)
    expect(how).toEqual([code, signal])
    const seen = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { i?: number })
      .flatMap(({ i }) => (i === undefined ? [] : [i]))
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: LINES }, (_each, index) => index))
  })
})
