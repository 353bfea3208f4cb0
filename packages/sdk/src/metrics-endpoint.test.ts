import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { createDiagnostics, type Diagnostics } from '@triscope/core'
import { createRegistry, type Registry } from '@triscope/metrics'
import { afterEach, describe, expect, it } from 'vitest'
import { createMetricsEndpoint, listenForMetrics, type MetricsEndpointOptions } from './metrics-endpoint.ts'
import type { MetricsGuard } from './metrics-guard.ts'

const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

function registryWithOne(): Registry {
  const registry = createRegistry()
  registry.counter({ name: 'a_total', help: 'A' }).add(3)
  registry.counter({ name: 'b_total', help: 'B' })
  return registry
}

const endpointOf = (diagnostics: Diagnostics) =>
  createMetricsEndpoint({ registry: registryWithOne(), diagnostics, path: '/metrics', toProxies: true })

async function serve(
  options: Partial<MetricsEndpointOptions> = {},
): Promise<{ url: string; said: string[] }> {
  const said: string[] = []
  const diagnostics = createDiagnostics({ onMessage: ({ code, message }) => said.push(`${code} ${message}`) })
  const endpoint = createMetricsEndpoint({
    registry: registryWithOne(),
    diagnostics,
    path: '/metrics',
    toProxies: true,
    ...options,
  })
  const server = createServer((req, res) => {
    if (!endpoint.answer(req, res)) res.writeHead(418).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  )
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, said }
}

const TEXT = '# HELP a_total A\n# TYPE a_total counter\na_total 3\n'

describe('the metrics endpoint', () => {
  it('answers GET and HEAD on its path alone', async () => {
    const { url } = await serve()
    const answer = await fetch(`${url}/metrics`)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await answer.text()).toContain(TEXT)
    const head = await fetch(`${url}/metrics`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
      '',
    ])
    for (const path of ['/', '/metricsx', '/metrics/', '/a/metrics'])
      expect((await fetch(url + path)).status).toBe(418)
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(418)
  })

  it('speaks OpenMetrics where it is asked for, and filters by name', async () => {
    const { url } = await serve()
    const answer = await fetch(`${url}/metrics?name[]=a_total`, {
      headers: { accept: 'application/openmetrics-text;version=1.0.0,*/*;q=0.1' },
    })
    expect(answer.headers.get('content-type')).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    )
    expect(await answer.text()).toBe('# TYPE a counter\n# HELP a A\na_total 3\n# EOF\n')
  })

  it.each([
    ['gzip', true],
    ['deflate, gzip;q=0.5', true],
    ['*', true],
    ['gzip;q=0, *', false],
    ['identity', false],
    ['', false],
  ])('compresses for accept-encoding %j: %s', async (encoding, compressed) => {
    const { url } = await serve()
    const answer = await rawGet(`${url}/metrics?name[]=a_total`, { 'accept-encoding': encoding })
    expect(answer.headers['content-encoding']).toBe(compressed ? 'gzip' : undefined)
    expect((compressed ? gunzipSync(answer.body) : answer.body).toString()).toBe(TEXT)
  })

  it('answers 404 to what came through a proxy, and says once how to change that', async () => {
    const { url, said } = await serve({ toProxies: false })
    for (const headers of [{ 'x-forwarded-for': '1.2.3.4' }, { forwarded: 'for=1.2.3.4' }]) {
      expect((await fetch(`${url}/metrics`, { headers })).status).toBe(404)
    }
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
    expect(said).toEqual([
      expect.stringMatching(/^TRI_WARN_METRICS_PUBLIC GET \/metrics .* set metrics\.public/),
    ])
  })

  it('costs a client that goes away only its own answer', async () => {
    let release: (() => void) | undefined
    const stuck = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = {
      expose: () => ({
        contentType: 'text/plain',
        body: (async function* () {
          yield Buffer.from('first\n')
          await stuck
          yield Buffer.from('second\n')
        })(),
      }),
    } as unknown as Registry
    const { url, said } = await serve({ registry: slow })
    const controller = new AbortController()
    const answer = await fetch(`${url}/metrics`, {
      signal: controller.signal,
      headers: { 'accept-encoding': 'identity' },
    })
    await answer.body?.getReader().read()
    controller.abort()
    release?.()
    expect((await fetch(`${url}/other`)).status).toBe(418)
    expect(said).toEqual([])
  })

  it('runs eight scrapes at once, and answers 503 to more', async () => {
    let release: (() => void) | undefined
    const stuck = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = {
      expose: () => ({
        contentType: 'text/plain',
        body: (async function* () {
          await stuck
          yield Buffer.from('done\n')
        })(),
      }),
    } as unknown as Registry
    const { url } = await serve({ registry: slow })
    const statuses: number[] = []
    const scrapes = Array.from({ length: 12 }, async () => {
      const answer = await fetch(`${url}/metrics`)
      statuses.push(answer.status)
      await answer.text()
      return answer.headers.get('retry-after')
    })
    while (statuses.length < 4) await new Promise((resolve) => setImmediate(resolve))
    expect(statuses).toEqual([503, 503, 503, 503])
    release?.()
    expect((await Promise.all(scrapes)).filter((after) => after === '1')).toHaveLength(4)
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
  })

  it.each([
    ['10', 9500],
    ['1.5', 1000],
    ['0.5', 250],
    [undefined, undefined],
    ['', undefined],
    ['-1', undefined],
    ['soon', undefined],
    ['1e9', undefined],
  ])('gives collectors, of a scrape timeout of %s s, %s ms', async (seconds, timeoutMs) => {
    const asked: unknown[] = []
    const registry = {
      expose(ask: unknown) {
        asked.push(ask)
        return { contentType: 'text/plain', body: (async function* () {})() }
      },
    } as unknown as Registry
    const { url } = await serve({ registry })
    const headers = seconds === undefined ? {} : { 'x-prometheus-scrape-timeout-seconds': seconds }
    await (await fetch(`${url}/metrics`, { headers })).text()
    expect(asked).toEqual([expect.objectContaining({ timeoutMs })])
  })

  it('answers in time though a collector never does, and says which one it was', async () => {
    const registry = registryWithOne()
    registry.attach({ name: 'stuck', collect: () => new Promise(() => undefined) })
    const { url } = await serve({ registry })
    const answer = await fetch(`${url}/metrics`, {
      headers: { 'x-prometheus-scrape-timeout-seconds': '0.2' },
    })
    const text = await answer.text()
    expect(text).toContain(TEXT)
    expect(text).toContain('triscope_scrape_collector_errors_total{collector="stuck"} 1\n')
  })

  it('cuts the answer off and counts it when the registry fails in the middle', async () => {
    const broken = {
      expose: () => ({
        contentType: 'text/plain',
        body: (async function* () {
          yield Buffer.from('first\n')
          throw new Error('collector')
        })(),
      }),
    } as unknown as Registry
    const { url, said } = await serve({ registry: broken })
    await expect(fetch(`${url}/metrics`).then((answer) => answer.text())).rejects.toThrow()
    expect(said).toEqual(['TRI_WARN_SCRAPE collector'])
  })
})

describe('the guard of the metrics', () => {
  const guard = (token: string | undefined, allow?: MetricsGuard['allow']) =>
    serve({ guard: { token, allow } })
  const status = async (url: string, authorization?: string) =>
    (await fetch(`${url}/metrics`, authorization === undefined ? {} : { headers: { authorization } })).status

  it('asks for the token, and takes no other', async () => {
    const { url } = await guard('0123456789abcdef')
    for (const wrong of [
      undefined,
      '',
      'Bearer',
      'Bearer 0123456789abcdeF',
      'Bearer 0123456789abcdef0',
      'Basic 0123456789abcdef',
      '0123456789abcdef',
    ])
      expect(await status(url, wrong), wrong).toBe(401)
    expect(await status(url, 'Bearer 0123456789abcdef')).toBe(200)
    expect(await status(url, 'bearer 0123456789abcdef')).toBe(200)
    const refused = await fetch(`${url}/metrics`)
    expect([refused.headers.get('www-authenticate'), await refused.text()]).toEqual(['Bearer', ''])
  })

  it.each<[string, MetricsGuard['allow'], number, number]>([
    ['true', () => true, 200, 0],
    ['false', () => false, 403, 0],
    ['a promise of true', async () => true, 200, 0],
    ['a promise of false', async () => false, 403, 0],
    ['a promise of something else', async () => 1 as unknown as boolean, 403, 0],
    ['something else', () => 'yes' as unknown as boolean, 403, 0],
    ['a rejection', () => Promise.reject(new Error('no')), 403, 1],
    [
      'a throw',
      () => {
        throw new Error('no')
      },
      403,
      1,
    ],
  ])('lets the app decide: %s', async (_name, allow, expected, warnings) => {
    const { url, said } = await guard(undefined, allow)
    expect(await status(url)).toBe(expected)
    expect(said).toHaveLength(warnings)
  })

  it('does not ask the app about a scrape without the token', async () => {
    let asked = 0
    const { url } = await guard('0123456789abcdef', () => ++asked > 0)
    expect([await status(url), asked]).toEqual([401, 0])
  })
})

describe('the metrics listener', () => {
  it('serves the metrics on a port of its own, and closes', async () => {
    const diagnostics = createDiagnostics()
    const listener = listenForMetrics([endpointOf(diagnostics)], diagnostics, {
      host: '127.0.0.1',
      port: 0,
      path: '/metrics',
    })
    while (listener.url === undefined) await new Promise((resolve) => setImmediate(resolve))
    expect(await (await fetch(listener.url)).text()).toContain(TEXT)
    expect((await fetch(new URL('/other', listener.url))).status).toBe(404)
    const { url } = listener
    await listener.close()
    await expect(fetch(url)).rejects.toThrow()
  })

  it('warns of a port that is taken, and the app goes on', async () => {
    const said: string[] = []
    const diagnostics = createDiagnostics({
      onMessage: ({ code, message }) => said.push(`${code} ${message}`),
    })
    const first = listenForMetrics([endpointOf(diagnostics)], diagnostics, {
      host: '127.0.0.1',
      port: 0,
      path: '/metrics',
    })
    while (first.url === undefined) await new Promise((resolve) => setImmediate(resolve))
    const port = Number(new URL(first.url).port)
    const second = listenForMetrics([endpointOf(diagnostics)], diagnostics, {
      host: '127.0.0.1',
      port,
      path: '/metrics',
    })
    while (said.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(said[0]).toMatch(
      new RegExp(`^TRI_WARN_PORT metrics.port: cannot listen on 127.0.0.1:${port} \\(.*EADDRINUSE`),
    )
    expect(second.url).toBeUndefined()
    await second.close()
    await first.close()
  })
})

/** Without the decompression that `fetch` does by itself. */
async function rawGet(url: string, headers: Record<string, string>) {
  const { request } = await import('node:http')
  return new Promise<{ headers: NodeJS.Dict<string | string[]>; body: Buffer }>((resolve, reject) => {
    request(url, { headers }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('end', () => resolve({ headers: res.headers, body: Buffer.concat(chunks) }))
    })
      .on('error', reject)
      .end()
  })
}
