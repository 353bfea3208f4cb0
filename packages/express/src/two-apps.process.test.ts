/** Two apps that each write the one line: the process has one telemetry, and each request is counted once. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createRegistry } from '@triscope/metrics'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { versions } from './express-versions.fixture.ts'
import { type Telemetry, type TriscopeOptions, triscope } from './index.ts'

const warnings: string[] = []
const lines: Record<string, unknown>[] = []
const closing: (() => unknown)[] = []

/** What the first of the two is given. */
const common: TriscopeOptions = {
  service: 'shop',
  env: {},
  banner: false,
  flushAtExit: false,
  tracing: { outbound: false },
  logging: { destination: { write: (line: string) => void lines.push(JSON.parse(line)) } },
  onWarning: ({ code, message }) => void warnings.push(`${code} ${message}`),
}

let first: TriscopeOptions

beforeEach(() => {
  first = { ...common, metrics: { runtime: false, registry: createRegistry() } }
})

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  warnings.length = 0
  lines.length = 0
})

for (const { name, express } of versions) {
  describe(`two apps of ${name}`, () => {
    function app(where: string, options?: TriscopeOptions): ReturnType<typeof express> {
      const made = express()
      made.use(options === undefined ? triscope() : triscope(options))
      made.get(`/${where}/:id`, (req, res) => void res.send(req.triscope.traceId))
      return made
    }

    async function ask(served: ReturnType<typeof express>, path: string): Promise<string> {
      const server = served.listen(0, '127.0.0.1')
      await once(server, 'listening')
      closing.push(() => new Promise((resolve) => server.close(resolve)))
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
        headers: { connection: 'close' },
      })
      const text = await response.text()
      const endMs = performance.now() + 5_000
      while (path !== '/metrics' && !requests().some(({ path: one }) => one === path)) {
        if (performance.now() > endMs) throw new Error(`waited in vain for the line of ${path}`)
        await new Promise((resolve) => setImmediate(resolve))
      }
      return text
    }

    const requests = () => lines.filter(({ msg }) => msg === 'request')

    function shared(one: ReturnType<typeof express>, two: ReturnType<typeof express>): Telemetry {
      const telemetry = triscope.of(one)
      expect(triscope.of(two)).toBe(telemetry)
      closing.unshift(() => telemetry.shutdown())
      return telemetry
    }

    it.each<[string, () => TriscopeOptions | undefined, RegExp[]]>([
      ['no options', () => undefined, []],
      ['the same options', () => first, []],
      [
        'other options',
        () => ({ service: 'admin', metrics: { path: '/admin-metrics' } }),
        [/^TRI_WARN_DOUBLE .*\(service, metrics\.path\).*first call's options stay in force/],
      ],
    ])('have one telemetry where the second is given %s', async (_which, second, warned) => {
      const [shop, admin] = [app('shop', first), app('admin', second())]
      const telemetry = shared(shop, admin)
      const ids = [await ask(shop, '/shop/1'), await ask(admin, '/admin/2')]
      expect(requests()).toMatchObject([
        { route: '/shop/:id', trace_id: ids[0], service: 'shop' },
        { route: '/admin/:id', trace_id: ids[1], service: 'shop' },
      ])
      expect(warnings).toHaveLength(warned.length)
      for (const [index, pattern] of warned.entries()) expect(warnings[index]).toMatch(pattern)
      let metrics = ''
      const decoder = new TextDecoder()
      for await (const chunk of telemetry.registry.expose({}).body) metrics += decoder.decode(chunk)
      expect(metrics.match(/^http_server_request_duration_seconds_count\{.*?\} 1$/gm)).toHaveLength(2)
      expect(await ask(admin, '/metrics')).toContain('http_route="/shop/:id"')
    })

    it('count a request once where one is mounted on the other', async () => {
      const [shop, admin] = [app('shop', first), app('admin')]
      shop.use('/in/:tenant', admin)
      shared(shop, admin)
      const id = await ask(shop, '/in/a/admin/2')
      expect(requests()).toMatchObject([{ route: '/in/:tenant/admin/:id', trace_id: id }])
      expect(warnings).toEqual([])
    })
  })
}
