import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDiagnostics, createRedaction } from '@triscope/core'
import { createManualClock } from '@triscope/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { createHealth } from './health.ts'
import type { HealthOptions } from './options.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

function make(options: HealthOptions = {}, detailsToProxies = true) {
  const clock = createManualClock()
  const said: string[] = []
  const diagnostics = createDiagnostics({
    clock,
    onMessage: ({ code, message }) => said.push(`${code} ${message}`),
  })
  const health = createHealth(options, { clock, diagnostics, redaction: createRedaction(), detailsToProxies })
  return { clock, said, health }
}

async function serve(options: HealthOptions = {}, detailsToProxies = true) {
  const made = make(options, detailsToProxies)
  const server = createServer((req, res) => {
    if (!made.health.answer(req, res)) res.writeHead(418).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close().closeAllConnections())
  const ask = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, init)
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }
  return { ...made, ask }
}

describe('health', () => {
  it('lives and is ready without a check, by GET and HEAD alone', async () => {
    const { ask } = await serve()
    expect(await ask('/livez')).toMatchObject({ status: 200, text: '{"status":"live"}\n' })
    const ready = await ask('/readyz')
    expect(ready).toMatchObject({ status: 200, text: '{"status":"ready"}\n' })
    expect(ready.headers.get('cache-control')).toBe('no-store')
    expect(await ask('/readyz', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' })
    expect((await ask('/readyz', { method: 'POST' })).status).toBe(418)
    expect((await ask('/readyz/x')).status).toBe(418)
  })

  it('is not ready while a check throws, rejects or returns false, and says so with its name', async () => {
    const { ask, said } = await serve({
      checks: {
        thrown: () => {
          throw new Error('no connection to postgres://u:s3cret@db')
        },
        rejected: () => Promise.reject(new Error('gone')),
        false: async () => false,
        fine: () => undefined,
      },
    })
    expect(await ask('/readyz')).toMatchObject({ status: 503, text: '{"status":"not ready"}\n' })
    const { checks } = JSON.parse((await ask('/readyz?verbose')).text)
    expect(checks).toMatchObject({
      thrown: { ok: false },
      rejected: { ok: false, error: 'gone' },
      false: { ok: false, error: 'it returned false' },
      fine: { ok: true },
    })
    expect(said.join()).toContain('TRI_WARN_HEALTH health.checks.rejected: not ready: gone')
    expect(JSON.stringify([said, checks])).not.toContain('s3cret')
    expect((await ask('/livez')).status).toBe(200)
  })

  it('tells nobody behind a proxy what failed, where that is asked for', async () => {
    const { ask } = await serve({ checks: { db: () => false } }, false)
    const headers = { 'x-forwarded-for': '192.0.2.1' }
    expect((await ask('/readyz?verbose', { headers })).text).toBe('{"status":"not ready"}\n')
    expect((await ask('/readyz?verbose')).text).toContain('"db"')
  })

  it('is not ready from the moment it drains, and lives on', async () => {
    const { ask, health } = await serve({ paths: { live: '/alive', ready: '/up' } })
    expect((await ask('/up')).status).toBe(200)
    health.drain()
    expect(await ask('/up')).toMatchObject({ status: 503, text: '{"status":"draining"}\n' })
    expect((await ask('/alive')).status).toBe(200)
    expect((await ask('/readyz')).status).toBe(418)
  })

  it('fails a check that is late, tells it by its signal, and counts an answer as good for cacheMs', async () => {
    let runs = 0
    let late: AbortSignal | undefined
    const { clock, health } = make({
      timeoutMs: 50,
      cacheMs: 200,
      checks: {
        slow: (signal) => {
          runs++
          late = signal
          return runs > 1 ? undefined : new Promise(() => {})
        },
      },
    })
    const both = Promise.all([health.report(), health.report()])
    await clock.advance(50)
    for (const { status, checks } of await both) {
      expect([status, checks['slow']?.error]).toEqual(['not ready', 'no answer within 50 ms'])
    }
    expect([runs, late?.aborted]).toEqual([1, true])
    expect((await health.report()).status).toBe('not ready')
    await clock.advance(200)
    expect((await health.report()).status).toBe('ready')
    expect(runs).toBe(2)
  })

  it('begins a check that always hangs eight times and no more', async () => {
    let runs = 0
    const { clock, health } = make({
      timeoutMs: 1,
      cacheMs: 0,
      checks: { lost: () => new Promise(() => void runs++) },
    })
    for (let i = 0; i < 20; i++) {
      const report = health.report()
      await clock.advance(1)
      expect((await report).status).toBe('not ready')
    }
    expect(runs).toBe(8)
  })
})
