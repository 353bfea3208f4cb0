/** A real Prometheus takes native histograms over protobuf, and answers quantiles from them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isInstalled, type Scraped, startScraped, traceId } from './scraped-app.ts'

interface Vector {
  result: { metric: Record<string, string>; value: [time: number, value: string] }[]
}

/** Log-uniform from 1 ms to 10 s, so that every quantile is known: q is at 0.001 * 10000^q. */
const N = 20_000
const exact = (quantile: number): number => 0.001 * 10_000 ** quantile

/** Schema 3: a bucket's bound is 1.09 times the one before. */
const GROWTH = 2 ** (1 / 8)

const program = `
import { createServer } from 'node:http'
import { createRegistry } from '@triscope/metrics'

const registry = createRegistry({ names: 'utf8' })
const options = { help: 'Work', unit: 'seconds', native: { schema: 3 } }
const both = registry.histogram({ ...options, name: 'both_seconds' })
const alone = registry.histogram({ ...options, name: 'alone_seconds', buckets: false, labels: ['kind'] })
const span = { traceId: '${traceId}', spanId: '00f067aa0ba902b7', traceFlags: 1 }
for (let i = 0; i < ${N}; i++) {
  const value = 0.001 * 10_000 ** ((i + 0.5) / ${N})
  both.series().observe(value, span)
  alone.observe(value, { kind: 'a' })
}
alone.observe(-1, { kind: 'below' })
alone.observe(0, { kind: 'zero' })
registry.counter({ name: 'http.requests', help: 'Dots', labels: ['http.route'] }).add(7, { 'http.route': '/a"b' })
const server = createServer(async (req, res) => {
  const { contentType, body } = registry.expose({ accept: req.headers.accept })
  res.writeHead(200, { 'content-type': contentType })
  for await (const chunk of body) res.write(chunk)
  res.end()
})
server.listen(0, '127.0.0.1', () => console.log('listening on', server.address().port))
`

describe.skipIf(!isInstalled('prometheus'))(
  'Prometheus with native histograms (skipped where it is not installed)',
  () => {
    let scraped: Scraped

    beforeAll(async () => {
      scraped = await startScraped(
        'prometheus',
        (config, data, address) => [
          `--config.file=${config}`,
          `--storage.tsdb.path=${data}`,
          `--web.listen-address=${address}`,
          '--enable-feature=native-histograms,exemplar-storage',
        ],
        { code: program, room: 'metrics' },
      )
    })

    afterAll(async () => {
      await scraped?.stop()
    })

    const numberOf = async (expression: string): Promise<number> => {
      const path = `/api/v1/query?query=${encodeURIComponent(expression)}`
      const vector = await scraped.query(path, ({ data }) => (data as Vector).result.at(0))
      return Number(vector.value[1])
    }

    it.each(['both_seconds', 'alone_seconds{kind="a"}'])('stores %s with count and sum', async (selector) => {
      expect(await numberOf(`histogram_count(${selector})`)).toBe(N)
      const mean = (await numberOf(`histogram_sum(${selector})`)) / N
      expect(mean).toBeCloseTo(9.999 / Math.log(10_000), 3)
    })

    it.each(['both_seconds', 'alone_seconds{kind="a"}'])(
      'answers quantiles of %s within a bucket of the exact ones',
      async (selector) => {
        for (const quantile of [0.01, 0.25, 0.5, 0.9, 0.99, 0.999]) {
          const answer = await numberOf(`histogram_quantile(${quantile}, ${selector})`)
          const ratio = answer / exact(quantile)
          expect(ratio, `${quantile}: ${answer}`).toBeLessThanOrEqual(GROWTH)
          expect(ratio, `${quantile}: ${answer}`).toBeGreaterThanOrEqual(1 / GROWTH)
        }
      },
    )

    it('stores what is below zero, and zero itself', async () => {
      const below = await numberOf('histogram_quantile(0.5, alone_seconds{kind="below"})')
      expect(below).toBeLessThanOrEqual(-1 / GROWTH)
      expect(below).toBeGreaterThanOrEqual(-1)
      expect(Math.abs(await numberOf('histogram_quantile(0.5, alone_seconds{kind="zero"})'))).toBeLessThan(
        1e-30,
      )
    })

    it('reads names with dots escaped, in the same scrape', async () => {
      expect(await numberOf('http_requests_total{http_route="/a\\"b"}')).toBe(7)
    })

    it('returns the trace ids of the classic buckets from its exemplars API', async () => {
      const range = `start=${Date.now() / 1000 - 600}&end=${Date.now() / 1000 + 60}`
      const found = await scraped.query(`/api/v1/query_exemplars?query=both_seconds&${range}`, ({ data }) =>
        (data as { exemplars: { labels: Record<string, string> }[] }[]).at(0),
      )
      expect(found.exemplars[0]?.labels['trace_id']).toBe(traceId)
    })
  },
)
