import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let folder = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'triscope-'))
  await build({
    entryPoints: [fileURLToPath(new URL('./process-end.ts', import.meta.url))],
    outfile: join(folder, 'process-end.mjs'),
    format: 'esm',
    platform: 'node',
    bundle: true,
  })
})

afterAll(() => rmSync(folder, { recursive: true }))

/** Runs `body` in a process of its own; `signals` are sent, one after the other, each when the child says `ready`. */
async function run(body: string, ...signals: NodeJS.Signals[]) {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.mjs`)
  writeFileSync(
    file,
    `import { watchProcessEnd } from './process-end.mjs'
    const say = (text) => process.stdout.write(text + '\\n')
    let recorded = 1
    const flush = (ms) => new Promise((resolve) => {
      say('flush')
      setTimeout(() => { say('flushed'); resolve(sent) }, FLUSH_MS).unref()
    })
    let FLUSH_MS = 100
    let sent = true
    const shutdown = async (ms) => { say('shutdown'); return ms === 0 ? true : flush(ms) }
    const stop = watchProcessEnd(flush, shutdown, () => recorded)
    const stay = () => setInterval(() => {}, 1000)
    ${body}`,
  )
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (data: Buffer) => {
    const text = data.toString()
    output += text
    for (const word of text.split('\n')) {
      const signal = word === 'ready' ? signals.shift() : undefined
      if (signal !== undefined) child.kill(signal)
    }
  })
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('close', (...how) => resolve(how))
  })
  return { code, signal, said: output.split('\n').filter((word) => word !== '' && word !== 'ready') }
}

describe('the end of the process', () => {
  it('shuts down at SIGTERM and then ends by the signal, as it would have', async () => {
    expect(await run("stay(); say('ready')", 'SIGTERM')).toEqual({
      code: null,
      signal: 'SIGTERM',
      said: ['shutdown', 'flush', 'flushed'],
    })
  })

  it('tells what could not be sent at the end of the loop', async () => {
    expect(await run('sent = false')).toEqual({
      code: 0,
      signal: null,
      said: ['flush', 'flushed', 'shutdown'],
    })
  })

  it('shuts down at SIGHUP too', async () => {
    expect(await run("stay(); say('ready')", 'SIGHUP')).toMatchObject({
      signal: 'SIGHUP',
      said: ['shutdown', 'flush', 'flushed'],
    })
  })

  it.each(['signal-exit', 'signal-exit-3'])(
    'ends a process in which %s waits as well, and runs its hooks',
    async (name) => {
      const path = pathToFileURL(createRequire(import.meta.url).resolve(name)).href
      const body = `const loaded = await import(${JSON.stringify(path)})
      const onExit = loaded.onExit ?? loaded.default
      onExit((code, signal) => { say('hook ' + signal) }); stay(); say('ready')`
      expect(await run(body, 'SIGTERM')).toEqual({
        code: null,
        signal: 'SIGTERM',
        said: ['shutdown', 'flush', 'flushed', 'hook SIGTERM'],
      })
    },
  )

  it('ends a process that two telemetries watch, once both have shut down', async () => {
    const body = `watchProcessEnd(flush, async () => {
      await new Promise((resolve) => setTimeout(resolve, 300)); say('second')
    }, () => 1); stay(); say('ready')`
    expect(await run(body, 'SIGTERM')).toEqual({
      code: null,
      signal: 'SIGTERM',
      said: ['shutdown', 'flush', 'flushed', 'second'],
    })
  })

  it('leaves the end to the app where the app listens, and flushes meanwhile', async () => {
    const body = `process.on('SIGTERM', () => { say('app'); setTimeout(() => process.exit(7), 300) }); stay(); say('ready')`
    expect(await run(body, 'SIGTERM')).toEqual({ code: 7, signal: null, said: ['flush', 'app', 'flushed'] })
  })

  it('flushes at the end of the loop, holds the process for it, and keeps the exit code', async () => {
    expect(await run('process.exitCode = 3')).toEqual({ code: 3, signal: null, said: ['flush', 'flushed'] })
  })

  it('lets the process go where nothing was recorded', async () => {
    expect(await run('recorded = 0')).toEqual({ code: 0, signal: null, said: [] })
  })

  it('does not hold up a second Ctrl-C', async () => {
    const body = `FLUSH_MS = 4000; stay(); say('ready'); process.on('SIGUSR2', () => {}); setTimeout(() => say('ready'), 300)`
    expect(await run(body, 'SIGINT', 'SIGINT')).toEqual({
      code: null,
      signal: 'SIGINT',
      said: ['shutdown', 'flush'],
    })
  })

  it('leaves nothing behind once it is stopped', async () => {
    expect(await run("stop(); stay(); say('ready')", 'SIGTERM')).toEqual({
      code: null,
      signal: 'SIGTERM',
      said: [],
    })
  })
})
