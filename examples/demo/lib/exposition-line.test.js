import { expect, it } from 'vitest'
import { brokenLine } from './exposition-line.js'

const LINE =
  'http_server_request_duration_seconds_bucket{http_request_method="GET",http_route="/orders/:id",' +
  'http_response_status_code="502",url_scheme="http",error_type="502",le="0.05"} 17 ' +
  '# {trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id="00f067aa0ba902b7"} 0.0312 1763690000.123'

it('breaks a bucket line between labels and before its exemplar', () => {
  expect(brokenLine(LINE, 96)).toEqual([
    'http_server_request_duration_seconds_bucket{http_request_method="GET",http_route="/orders/:id",',
    '    http_response_status_code="502",url_scheme="http",error_type="502",le="0.05"} 17',
    '    # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id="00f067aa0ba902b7"}',
    '    0.0312 1763690000.123',
  ])
})

it('leaves a line that fits as it is', () => {
  expect(brokenLine('orders_total{plan="a,b"} 17', 96)).toEqual(['orders_total{plan="a,b"} 17'])
})

it('loses nothing but the spaces it breaks at', () => {
  const bare = (/** @type {string} */ text) => text.replaceAll(' ', '')
  for (const width of [20, 50, 100]) expect(bare(brokenLine(LINE, width).join(''))).toBe(bare(LINE))
})
