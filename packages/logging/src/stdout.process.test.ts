import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'triscope-logging-'))
const script = join(folder, 'app.cjs')

/** One program, bundled with pino in it, that behaves as its first argument says. */
const program = `
import { Socket } from 'node:net'
import { createDiagnostics } from '@triscope/core'
import { createLogging, getLogger } from './index.ts'

if (process.argv[2] === 'a patched write') {
  // As tools do that watch what a process prints.
  const original = process.stdout.write
  process.stdout.write = function (...given) {
    return original.apply(this, given)
  }
}
const diagnostics = createDiagnostics({ onMessage: () => {} })
const sync = process.argv[3] === 'sync'
const logging = createLogging({ diagnostics, sync })
const { logger } = logging
const lines = (count) => {
  for (let i = 0; i < count; i++) logger.info({ i, filler: 'x'.repeat(200) }, 'line')
}

const ends = {
  'process.exit'() {
    lines(5_000)
    process.exit(3)
  },
  'an uncaught throw'() {
    lines(5_000)
    throw new Error('crash')
  },
  'a signal'() {
    lines(5_000)
    process.kill(process.pid, 'SIGKILL')
  },
  'a signal that is heard'() {
    process.on('SIGTERM', async () => {
      await logging.shutdown()
      logger.info({ i: 5_000 }, 'last words')
      process.kill(process.pid, 'SIGKILL')
    })
    lines(5_000)
    process.kill(process.pid, 'SIGTERM')
    setTimeout(() => {}, 10_000)
  },
  'a slow reader'() {
    // A socket made of it turns descriptor 1 non-blocking: writing to a full pipe then fails with EAGAIN.
    new Socket({ fd: 1 })
    lines(5_000)
    process.exit(3)
  },
  'getLogger alone'() {
    getLogger('early').info({ i: 0 }, 'line')
    process.exit(3)
  },
  'a closed pipe'() {
    process.on('message', () => {
      lines(5)
      // The error of a stream comes a turn later.
      setImmediate(() => {
        process.send(diagnostics.snapshot())
        process.disconnect()
      })
    })
    process.send('ready')
  },
}
ends['a patched write'] = ends['a closed pipe']
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

function start(end: string, mode = 'sync'): ChildProcess & { stdout: Readable } {
  const child = spawn(process.execPath, [script, end, mode], { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] })
  return child as ChildProcess & { stdout: Readable }
}

/** Everything that comes out, read a little at a time, each time after the loop has turned. */
async function readSlowly(from: Readable): Promise<string> {
  let text = ''
  from.setEncoding('utf8')
  for await (const chunk of from) {
    text += String(chunk)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return text
}

describe('standard output of a real process', () => {
  it.each([
    ['process.exit', 'sync', 3, null],
    ['process.exit', 'in turns', 3, null],
    ['an uncaught throw', 'sync', 1, null],
    ['an uncaught throw', 'in turns', 1, null],
    ['a signal', 'sync', null, 'SIGKILL'],
    ['a signal that is heard', 'in turns', null, 'SIGKILL'],
    ['a slow reader', 'sync', 3, null],
    ['a slow reader', 'in turns', 3, null],
  ])('has every line after %s, %s', async (end, mode, exitCode, signal) => {
    const child = start(end, mode)
    const exited = once(child, 'exit')
    const text = await readSlowly(child.stdout)
    const lines = text.trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { i: number }).i)).toEqual(
      Array.from({ length: end === 'a signal that is heard' ? 5_001 : 5_000 }, (_, i) => i),
    )
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 30,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      msg: 'line',
    })
    expect(await exited).toEqual([exitCode, signal])
  })

  it('has the lines of getLogger in a process without telemetry', async () => {
    const child = start('getLogger alone')
    expect(JSON.parse(await readSlowly(child.stdout))).toMatchObject({ logger: 'early', i: 0, msg: 'line' })
  })

  it.each(['a closed pipe', 'a patched write'])(
    'may be closed by its reader, here %s: the app lives, and the lines are counted',
    async (end) => {
      const child = start(end)
      const exited = once(child, 'exit')
      await once(child, 'message')
      child.stdout.destroy()
      await once(child.stdout, 'close')
      child.send('go')
      const [points] = (await once(child, 'message')) as [{ name: string; labels: object; value: number }[]]
      expect(points).toContainEqual(
        expect.objectContaining({
          name: 'triscope_telemetry_dropped_total',
          labels: { signal: 'logs', reason: 'WRITE_FAILED' },
          value: 5,
        }),
      )
      expect(await exited).toEqual([0, null])
    },
  )
})
