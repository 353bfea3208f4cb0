import { createDiagnostics } from '@triscope/core'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createHttpSender,
  createThreadedSender,
  readOtlpAnswer,
  type Sender,
  type SenderThread,
} from './index.ts'
import { type Backend, startBackend } from './scripted-backend.fixture.ts'
import { specOf, WorkerSender } from './worker-sender.ts'
import { workerSource } from './worker-source.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function backendOf(answer: Parameters<typeof startBackend>[0]['answer']): Promise<Backend> {
  const backend = await startBackend({ answer })
  cleanups.push(() => backend.close())
  return backend
}

function senderTo(url: string, thread: SenderThread): { sender: Sender; messages: string[] } {
  const messages: string[] = []
  const diagnostics = createDiagnostics({ onMessage: ({ message }) => messages.push(message) })
  const http = { url, contentType: 'text/plain', readAnswer: readOtlpAnswer, diagnostics }
  const sender = createThreadedSender({ http }, thread)
  cleanups.push(() => sender.close())
  return { sender, messages }
}

describe('the sending thread', () => {
  it('has its program as text, in every test as in every build', () => {
    expect(workerSource?.length).toBeGreaterThan(10_000)
  })

  it('leaves the body as it is, which may have to be sent again', async () => {
    const backend = await backendOf((_n, res) => res.end())
    const { sender } = senderTo(backend.url, 'worker')
    const slab = Buffer.from('before record after')
    const body = slab.subarray(7, 13)
    for (let i = 0; i < 2; i++) expect(await sender.send(body, 5_000)).toEqual({ kind: 'accepted' })
    expect(backend.requests.map((request) => request.body.toString())).toEqual(['record', 'record'])
    expect(slab.toString()).toBe('before record after')
  })

  it('is started by `auto` for the second attempt, not for the first', async () => {
    const ports: (number | undefined)[] = []
    const backend = await backendOf((_n, res) => {
      ports.push(res.socket?.remotePort)
      res.end()
    })
    const { sender } = senderTo(backend.url, 'auto')
    for (let i = 0; i < 4; i++) await sender.send(Buffer.from('abc'), 5_000)
    // One connection from each thread, and the first one for the first attempt alone.
    expect(new Set(ports.slice(1)).size).toBe(1)
    expect(ports[0]).not.toBe(ports[1])
  })

  it.each([
    ['dies at once', 'process.exit(3)', 'it ended with code 3'],
    [
      'dies at work',
      "require('node:worker_threads').parentPort.on('message', () => process.exit(3))",
      'code 3',
    ],
    [
      'throws',
      "require('node:worker_threads').parentPort.on('message', () => { throw new Error('odd') })",
      'odd',
    ],
    ['cannot be read', 'this is no program', 'Unexpected identifier'],
  ])('hands what is under way back when it %s, and is not missed', async (_how, source, why) => {
    const backend = await backendOf((_n, res) => res.end())
    const messages: string[] = []
    const diagnostics = createDiagnostics({ onMessage: ({ message }) => messages.push(message) })
    const http = { url: backend.url, contentType: 'text/plain', diagnostics }
    const spec = specOf({ http })
    if (spec === undefined) throw new Error('no specification')
    const sender = new WorkerSender(createHttpSender(http), { http }, spec, source, 0)
    cleanups.push(() => sender.close())
    expect(await sender.send(Buffer.from('abc'), 5_000)).toMatchObject({ kind: 'retry', afterMs: 0 })
    expect(await sender.send(Buffer.from('abc'), 5_000)).toEqual({ kind: 'accepted' })
    expect(messages).toEqual([expect.stringContaining(why)])
    expect(messages[0]).toContain('sending goes on from the main thread')
  })

  it('gives an attempt up at its timeout, with the connection it was made on', async () => {
    const backend = await backendOf((n, res) => {
      if (n > 1) res.end()
    })
    const { sender } = senderTo(backend.url, 'worker')
    const result = await sender.send(Buffer.from('abc'), 1_000)
    expect(result).toMatchObject({ kind: 'retry', cause: { errorType: 'timeout' } })
    expect(await sender.send(Buffer.from('abc'), 5_000)).toEqual({ kind: 'accepted' })
  })

  it('ends what is under way when it is closed', async () => {
    const backend = await backendOf(() => undefined)
    const { sender } = senderTo(backend.url, 'worker')
    const first = sender.send(Buffer.from('abc'), 5_000)
    while (backend.requests.length === 0) await new Promise(setImmediate)
    sender.close()
    sender.close()
    expect(await first).toMatchObject({ kind: 'retry', cause: { message: 'the sender is closed' } })
    expect(await sender.send(Buffer.from('abc'), 5_000)).toMatchObject({ kind: 'refused' })
  })
})
