/** The attacks of published advisories on packages of this kind, run against a server of ours. Each is named by its id. */
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { propagation } from '@opentelemetry/api'
import { triscope } from '@triscope/http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const said: string[] = []
// The server's own limit on headers is out of the way: what is tested is ours.
const server = createServer({ maxHeaderSize: 4 * 1024 * 1024 }, (req, res) => {
  triscope.requestOf(req).route('/x')
  const entries = propagation.getActiveBaggage()?.getAllEntries() ?? []
  res.end(JSON.stringify([entries.length, entries.map(([key, { value }]) => key + value).join('').length]))
})
let port = 0

beforeAll(async () => {
  triscope(server, {
    banner: false,
    flushAtExit: false,
    env: {},
    logging: { access: 'off' },
    onWarning: ({ code }) => said.push(code),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})

afterAll(async () => {
  await triscope.of(server).shutdown()
  server.close().closeAllConnections()
})

const url = (path: string): string => `http://127.0.0.1:${port}${path}`
const metrics = async (): Promise<string> => (await fetch(url('/metrics'))).text()

/** Entries and their length, as the app sees them. */
async function seenWith(baggage: string | string[]): Promise<[number, number]> {
  const [res] = await once(get(url('/x'), { headers: { baggage } }), 'response')
  let text = ''
  for await (const chunk of res) text += chunk
  return JSON.parse(text)
}

/** Sends bytes as they are, and waits until the other side closes or a moment has passed. */
async function raw(text: string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.end(text, 'latin1')
  socket.resume()
  await once(socket, 'close')
}

describe('CVE-2026-44902: one malformed request ends the metrics endpoint', () => {
  it.each([
    'GET /metrics HTTP/9.9\r\n\r\n',
    'GET /metrics\r\n\r\n',
    'GET http://[::1/metrics HTTP/1.1\r\nhost: a\r\n\r\n',
    'GET http:///metrics HTTP/1.1\r\nhost: a\r\n\r\n',
    'GET //metrics HTTP/1.1\r\nhost: [\r\nconnection: close\r\n\r\n',
    'GET /metrics?name[]=%E0%A4%A&%=%&name[]=__proto__ HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
    'GET /metrics HTTP/1.1\r\nhost: a\r\naccept: ;;;q=,,/*;q=nan;version=\xff\r\naccept-encoding: gzip;q=;;\r\nx-prometheus-scrape-timeout-seconds: -1e999\r\nconnection: close\r\n\r\n',
    'GET /metrics HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc',
    'GET /readyz?verbose=%E0%A4%A HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
  ])('lives on after %j', async (text) => {
    await raw(text)
    expect(await metrics()).toContain('process_cpu_seconds_total')
    expect((await fetch(url('/readyz'))).status).toBe(200)
  })
})

describe.each(['CVE-2026-45292', 'CVE-2026-48504', 'GHSA-8988-4f7v-96qf'])(
  '%s: baggage without bounds',
  () => {
    it.each<[string, string | string[]]>([
      ['many members', Array.from({ length: 20_000 }, (_, i) => `k${i}=v`).join(',')],
      ['one long member', `k=${'v'.repeat(1_000_000)}`],
      ['many headers', Array.from({ length: 200 }, (_, i) => `a${i}=${'v'.repeat(200)}`)],
      ['separators alone', ','.repeat(1_000_000)],
      ['properties without end', `k=v${';p=q'.repeat(200_000)}`],
    ])('keeps at most 64 members and 8192 bytes of %s, in linear time', async (_name, baggage) => {
      const before = performance.now()
      const [members, length] = await seenWith(baggage)
      expect(members).toBeLessThanOrEqual(64)
      expect(length).toBeLessThanOrEqual(8_192)
      expect(performance.now() - before).toBeLessThan(2_000)
    })
  },
)

describe('CVE-2022-21698: a label value for each method', () => {
  it('has one for each of HTTP, and one for all others', async () => {
    const methods = ['PROPFIND', 'MKCOL', 'COPY', 'LOCK', 'PURGE', 'REPORT', 'SEARCH', 'UNLINK', 'SUBSCRIBE']
    for (const method of methods) await (await fetch(url('/x'), { method })).text()
    const labels = new Set((await metrics()).match(/http_request_method="[^"]*"/g))
    expect([...labels].sort()).toEqual(['http_request_method="GET"', 'http_request_method="_OTHER"'])
  })
})

describe('GHSA-5wrp-cwcj-q835: malformed baggage floods the log', () => {
  it('says nothing of it, however often it comes', async () => {
    said.length = 0
    for (let i = 0; i < 200; i++) await seenWith(`=;,%%%=${i},\u00ff\u00fe,a=%E0%A4%A,==`)
    expect(said).toEqual([])
  })
})
