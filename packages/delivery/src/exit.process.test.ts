/** How a process ends that has a delivery in it: never held by it, unless it waits for it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Backend, startBackend } from './scripted-backend.fixture.ts'

const APP = `
import { createDelivery, createHttpSender } from '@triscope/delivery'

const sender = createHttpSender({ url: process.argv[2], contentType: 'text/plain' })
const frame = (records) => Buffer.concat(records)
const delivery = createDelivery({ signal: 'traces', sender, frame, batchDelayMs: 1 })
delivery.offer(Buffer.from('record'))
const [, , , act, timeoutMs] = process.argv
if (act === 'shutdown') console.log('shutdown', await delivery.shutdown(Number(timeoutMs)))
if (act === 'flush') console.log('flush', await delivery.flush(Number(timeoutMs)))
if (act === 'attempt') await new Promise((resolve) => setTimeout(resolve, Number(timeoutMs)))
`

let folder = ''
let app = ''
let backend: Backend

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'triscope-delivery-'))
  app = join(folder, 'app.mjs')
  await build({
    stdin: { contents: APP, resolveDir: fileURLToPath(new URL('..', import.meta.url)) },
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@triscope/source'],
    outfile: app,
  })
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function run(
  act: string,
  timeoutMs: number,
): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [app, backend.url, act, String(timeoutMs)])
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}

describe('a process with a delivery', () => {
  it('delivers when it awaits shutdown as its last act, and then ends', async () => {
    backend = await startBackend({ answer: (_n, res) => void setImmediate(() => res.end()) })
    expect(await run('shutdown', 5_000)).toEqual({ code: 0, stdout: 'shutdown true\n', stderr: '' })
    expect(await run('flush', 5_000)).toEqual({ code: 0, stdout: 'flush true\n', stderr: '' })
    expect(backend.requests.map(({ body }) => body.toString())).toEqual(['record', 'record'])
    await backend.close()
  })

  it('ends by itself while records wait and while an attempt is under way', async () => {
    backend = await startBackend({ answer: () => undefined })
    expect(await run('nothing', 0)).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await run('attempt', 300)).toEqual({ code: 0, stdout: '', stderr: '' })
    await backend.close()
  })

  it('ends at the deadline of shutdown where the backend hangs, and says what is lost', async () => {
    backend = await startBackend({ answer: () => undefined })
    const { code, stdout, stderr } = await run('shutdown', 200)
    expect([code, stdout]).toEqual([0, 'shutdown false\n'])
    expect(stderr).toContain(
      '[TRI_WARN_LOST_AT_END] TriscopeWarning: traces: 1 span could not be sent before the end; 1 dropped so far',
    )
    await backend.close()
  })
})
