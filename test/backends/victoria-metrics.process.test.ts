/** A real VictoriaMetrics scrapes an app, and gives the series back as they were exposed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isInstalled, requests, type Scraped, startScraped } from './scraped-app.ts'

interface Vector {
  result: { metric: Record<string, string>; value: [time: number, value: string] }[]
}

describe.skipIf(!isInstalled('victoria-metrics'))(
  'VictoriaMetrics (skipped where it is not installed)',
  () => {
    let scraped: Scraped

    beforeAll(async () => {
      scraped = await startScraped('victoria-metrics', (config, data, address) => [
        `-promscrape.config=${config}`,
        '-promscrape.config.strictParse',
        `-storageDataPath=${data}`,
        `-httpListenAddr=${address}`,
        // Samples can be asked for as soon as they are there, not half a minute later.
        '-search.latencyOffset=0s',
      ])
    })

    afterAll(async () => {
      await scraped?.stop()
    })

    it('gives back the requests by route, and the bucket that holds them all', async () => {
      const prefix = 'http_server_request_duration_seconds_'
      const selector = `{__name__=~"${prefix}.*",http_route="/users/:id"}`
      const path = `/api/v1/query?query=${encodeURIComponent(selector)}`
      const sampleOf = (vector: Vector, name: string, labels: Record<string, string> = {}) =>
        vector.result.find(
          ({ metric }) =>
            metric['__name__'] === `${prefix}${name}` &&
            Object.entries(labels).every(([label, value]) => metric[label] === value),
        )?.value[1]

      // Samples of one scrape become visible one after the other.
      const vector = await scraped.query(path, ({ data }) => {
        const complete = ['bucket', 'sum', 'count'].every(
          (name) => sampleOf(data as Vector, name) !== undefined,
        )
        return complete ? (data as Vector) : undefined
      })
      expect(sampleOf(vector, 'count')).toBe(String(requests))
      expect(sampleOf(vector, 'bucket', { le: '+Inf' })).toBe(String(requests))
      expect(Number(sampleOf(vector, 'sum'))).toBeGreaterThan(0)
    })
  },
)
