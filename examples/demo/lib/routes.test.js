import { describe, expect, it } from 'vitest'
import { parseOpenMetrics } from './open-metrics.js'
import { requestsCounted, routeRows } from './routes.js'

/** @param {string} route @param {string} status @param {string} error @param {number[]} counts at 0.1, 1 and +Inf */
function series(route, status, error, counts) {
  const labels = `http_request_method="GET",http_route="${route}",http_response_status_code="${status}",error_type="${error}"`
  const name = 'http_server_request_duration_seconds'
  const buckets = ['0.1', '1', '+Inf'].map((le, i) => `${name}_bucket{${labels},le="${le}"} ${counts[i]}`)
  return [...buckets, `${name}_count{${labels}} ${counts[2]}`, `${name}_sum{${labels}} 1.5`].join('\n')
}

/** @param {string[]} parts */
const scrape = (...parts) => parseOpenMetrics(`${[...parts, '# EOF'].join('\n')}\n`)

describe('routeRows', () => {
  const before = scrape(series('/a', '200', '', [10, 10, 10]))
  const after = scrape(
    series('/a', '200', '', [90, 100, 100]),
    series('/a', '500', 'Error', [0, 10, 10]),
    series('/b', '404', '', [4, 4, 4]),
    series('/c', '200', '', [0, 0, 0]),
    'http_server_active_requests{http_request_method="GET"} 3',
    'orders_total 7',
  )

  it('counts what came between the scrapes, by route, over all statuses', () => {
    const rows = routeRows('gateway', before, after, 10)
    expect(rows.map(({ service, route, count, perSecond }) => [service, route, count, perSecond])).toEqual([
      ['gateway', 'GET /a', 100, 10],
      ['gateway', 'GET /b', 4, 0.4],
    ])
  })

  it('counts as an error what has an error type, and so no 404', () => {
    expect(routeRows('gateway', before, after, 10).map(({ errorRatio }) => errorRatio)).toEqual([0.1, 0])
  })

  it('computes quantiles over the buckets of all statuses together', () => {
    const [a] = routeRows('gateway', before, after, 10)
    expect(a?.p50Ms).toBeCloseTo(62.5)
    // 80 of 100 are at or below 0.1 s; rank 99 is 19 of the 20 between there and 1 s.
    expect(a?.p99Ms).toBeCloseTo(100 + 900 * (19 / 20))
  })

  it('finds the earlier value whatever the order of labels', () => {
    const line = (/** @type {string} */ labels) => `http_server_request_duration_seconds_count{${labels}} 5`
    const rows = routeRows(
      'a',
      scrape(line('http_route="/x",http_request_method="GET"')),
      scrape(line('http_request_method="GET",http_route="/x"')),
      1,
    )
    expect(rows).toEqual([])
  })
})

it('adds up all requests that were counted', () => {
  expect(
    requestsCounted(scrape(series('/a', '200', '', [1, 2, 3]), series('/b', '500', 'x', [0, 0, 4]))),
  ).toBe(7)
})
