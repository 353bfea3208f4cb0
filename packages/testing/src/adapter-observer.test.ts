import { describe, expect, it } from 'vitest'
import { activeRequests, durations, exemplarsOf } from './adapter-observer.ts'

const text = `# TYPE http_server_request_duration_seconds histogram
http_server_request_duration_seconds_bucket{http_route="/a\\"b",le="0.005"} 1 # {trace_id="t1",span_id="s1"} 0.001 1.5
http_server_request_duration_seconds_bucket{http_route="/c",le="0.005"} 2
http_server_request_duration_seconds_bucket{http_route="/c",le="+Inf"} 2 # {trace_id="t2",span_id="s2"} 9
http_server_request_duration_seconds_count{http_route="/a\\"b"} 1
http_server_request_duration_seconds_sum{http_route="/a\\"b"} 0.001
http_server_request_duration_seconds_count{http_route="/c"} 2
http_server_request_duration_seconds_sum{http_route="/c"} 9.5
http_server_active_requests{http_request_method="GET"} 2
http_server_active_requests{http_request_method="POST"} 1
# EOF
`

describe('what the suite of adapters reads of an exposition', () => {
  it('is each series of the duration, with its sum', () => {
    expect(durations(text)).toEqual([
      { labels: { http_route: '/a\\"b' }, count: 1, sum: 0.001 },
      { labels: { http_route: '/c' }, count: 2, sum: 9.5 },
    ])
  })

  it('is the requests in flight over all methods, and none where there is no such gauge', () => {
    expect(activeRequests(text)).toBe(3)
    expect(activeRequests('# EOF\n')).toBe(0)
  })

  it('is the exemplars of one route, and not the labels of its buckets', () => {
    expect(exemplarsOf(text, '/c')).toEqual([{ trace_id: 't2', span_id: 's2' }])
    expect(exemplarsOf(text, '/none')).toEqual([])
  })
})
