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
      const selector = '{__name__=~"http_server_request_duration_seconds_.*",http_route="/users/:id"}'
      const { result } = await scraped.query(
        `/api/v1/query?query=${encodeURIComponent(selector)}`,
        ({ data }) => ((data as Vector).result.length > 0 ? (data as Vector) : undefined),
      )
      const sampleOf = (name: string, labels: Record<string, string> = {}) =>
        result.find(
          ({ metric }) =>
            metric['__name__'] === `http_server_request_duration_seconds_${name}` &&
            Object.entries(labels).every(([label, value]) => metric[label] === value),
        )?.value[1]
      expect(sampleOf('count')).toBe(String(requests))
      expect(sampleOf('bucket', { le: '+Inf' })).toBe(String(requests))
      expect(Number(sampleOf('sum'))).toBeGreaterThan(0)
    })
  },
)
