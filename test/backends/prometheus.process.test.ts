/** A real Prometheus scrapes an app, and gives back the trace a request belonged to. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isInstalled, requests, type Scraped, startScraped, traceId } from './scraped-app.ts'

interface SeriesOfExemplars {
  seriesLabels: Record<string, string>
  exemplars: { labels: Record<string, string>; value: string }[]
}

interface Vector {
  result: { metric: Record<string, string>; value: [time: number, value: string] }[]
}

describe.skipIf(!isInstalled('prometheus'))('Prometheus (skipped where it is not installed)', () => {
  let scraped: Scraped

  beforeAll(async () => {
    scraped = await startScraped('prometheus', (config, data, address) => [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=${address}`,
      '--enable-feature=exemplar-storage',
    ])
  })

  afterAll(async () => {
    await scraped?.stop()
  })

  it('returns the trace id of a request from its exemplars API', async () => {
    const metric = 'http_server_request_duration_seconds_bucket'
    const range = `start=${Date.now() / 1000 - 60}&end=${Date.now() / 1000 + 60}`
    const series = await scraped.query(`/api/v1/query_exemplars?query=${metric}&${range}`, ({ data }) =>
      (data as SeriesOfExemplars[]).find(({ exemplars }) =>
        exemplars.some(({ labels }) => labels['trace_id'] === traceId),
      ),
    )
    expect(series.seriesLabels).toMatchObject({
      __name__: metric,
      http_request_method: 'GET',
      http_response_status_code: '200',
      http_route: '/users/:id',
      job: 'shop',
    })
    const [exemplar] = series.exemplars
    expect(exemplar?.labels).toEqual({ trace_id: traceId, span_id: expect.stringMatching(/^[0-9a-f]{16}$/) })
    expect(Number(exemplar?.value)).toBeGreaterThan(0)
  })

  it('counts each request once', async () => {
    const expression = 'http_server_request_duration_seconds_count{http_route="/users/:id"}'
    const series = await scraped.query(`/api/v1/query?query=${encodeURIComponent(expression)}`, ({ data }) =>
      (data as Vector).result.at(0),
    )
    expect(series.value[1]).toBe(String(requests))
  })
})
