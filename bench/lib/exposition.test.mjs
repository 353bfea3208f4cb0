import { expect, it } from 'vitest'
import { requestCount } from './exposition.mjs'

it('sums the requests of one path over all series, whoever counted them', () => {
  const text = [
    '# TYPE http_server_request_duration_seconds histogram',
    'http_server_request_duration_seconds_count{http_request_method="GET",http_route="/hello/:name"} 3',
    'http_request_duration_seconds_count{method="GET",path="/hello/bench"} 4',
    'http_request_duration_seconds_count{method="GET",path="/work/7"} 100',
    'http_request_duration_seconds_bucket{le="1",path="/hello/bench"} 100',
  ].join('\n')
  expect(requestCount(text, '/hello')).toBe(7)
  expect(requestCount(text, '/nothing')).toBe(0)
})
