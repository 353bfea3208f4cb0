/** The sending thread in bundled apps: nothing lies beside them, and what the app preloads stays out of the thread. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { esbuildWorkerSource } from '../scripts/worker-source.mjs'

const APP = `
import { createDiagnostics } from '@triscope/core'
import { createDelivery, createThreadedSender } from '@triscope/delivery'

let threads = 0
process.on('worker', () => threads++)
const http = { url: process.argv[2], contentType: 'text/plain', diagnostics: createDiagnostics() }
const delivery = createDelivery({
  signal: 'traces',
  sender: createThreadedSender({ http }, process.argv[3]),
  frame: (records) => Buffer.concat(records),
  batchDelayMs: 1,
})
async function main() {
  for (let i = 0; i < 3; i++) {
    delivery.offer(Buffer.from('record'))
    await delivery.flush()
  }
  if (process.argv[4] === 'leave') console.log('threads', threads > 0)
  else console.log('threads', threads > 0, 'shutdown', await delivery.shutdown())
}
main()
`

let folder = ''
let url = ''
let requests = 0
const server = createServer((req, res) => {
  req.resume().on('end', () => {
    requests++
    res.end()
  })
})

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'triscope-worker-'))
  for (const [format, extension] of [
    ['esm', 'mjs'],
    ['cjs', 'cjs'],
  ] as const) {
    await build({
      stdin: { contents: APP, resolveDir: fileURLToPath(new URL('../packages/delivery', import.meta.url)) },
      bundle: true,
      minify: true,
      platform: 'node',
      format,
      conditions: ['@triscope/source'],
      plugins: [esbuildWorkerSource],
      outfile: join(folder, `app.${extension}`),
    })
  }
  await writeFile(
    join(folder, 'preload.cjs'),
    "const { isMainThread } = require('node:worker_threads'); console.log('preloaded', isMainThread)",
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true, force: true })
})

interface Run {
  code: unknown
  stdout: string
  stderr: string
}

async function run(file: string, thread: string, flags: readonly string[] = [], how = ''): Promise<Run> {
  // One that is held ends by a signal, with `null` as its code.
  const options = { cwd: folder, timeout: 20_000 }
  const child = spawn(process.execPath, [...flags, join(folder, file), url, thread, how], options)
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text
    })
  }
  const [code] = await once(child, 'close')
  return { code, ...said }
}

describe('the sending thread of a bundle', () => {
  it.each(['app.mjs', 'app.cjs'])('delivers all, and does not hold the process, in %s', async (file) => {
    const sent = requests
    const { code, stdout, stderr } = await run(file, 'worker')
    expect([code, stdout, stderr]).toEqual([0, 'threads true shutdown true\n', ''])
    expect(requests - sent).toBe(3)
  })

  it('does not hold a process that never shuts it down', async () => {
    expect(await run('app.cjs', 'worker', [], 'leave')).toEqual({
      code: 0,
      stdout: 'threads true\n',
      stderr: '',
    })
  })

  it('does not run what the app preloads', async () => {
    const { stdout } = await run('app.cjs', 'worker', ['--require', join(folder, 'preload.cjs')])
    expect(stdout).toBe('preloaded true\nthreads true shutdown true\n')
  })

  it('gives way to the main thread where threads are not allowed, and says so once', async () => {
    const permission = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission'
    const flags = [permission, `--allow-fs-read=*`]
    const network = process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []
    const sent = requests
    const { code, stdout, stderr } = await run('app.cjs', 'worker', [...flags, ...network])
    expect(stderr).toContain('TRI_WARN_SENDER_THREAD')
    expect(stderr).toContain('sending goes on from the main thread')
    expect([code, stdout]).toEqual([0, 'threads false shutdown true\n'])
    expect(requests - sent).toBe(3)
  })
})
