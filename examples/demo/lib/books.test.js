import { expect, it } from 'vitest'
import { booksBalance, booksOf } from './books.js'
import { parseLogLine } from './log-line.js'
import { parseOpenMetrics } from './open-metrics.js'
import { FAILING_TRACE } from './received-span.fixture.js'

const metrics = new Map(
  ['gateway', 'orders'].map((service) => [
    service,
    parseOpenMetrics('http_server_request_duration_seconds_count{http_route="/orders/:id"} 1\n# EOF\n'),
  ]),
)
const logs = ['gateway', 'orders'].flatMap((service) => {
  const access = parseLogLine(service, '{"msg":"request","method":"GET","duration_ms":1}')
  const own = parseLogLine(service, '{"msg":"order priced"}')
  return access === undefined || own === undefined ? [] : [access, own]
})

it('counts server spans and access lines only, by service', () => {
  const books = booksOf({ spans: FAILING_TRACE, metrics, logs })
  expect(books).toEqual([
    { service: 'gateway', observations: 1, serverSpans: 1, accessLines: 1 },
    { service: 'orders', observations: 1, serverSpans: 1, accessLines: 1 },
  ])
  expect(booksBalance(books)).toBe(true)
})

it('does not balance where a span or a line is lost', () => {
  expect(booksBalance(booksOf({ spans: FAILING_TRACE.slice(0, -1), metrics, logs }))).toBe(false)
  expect(booksBalance(booksOf({ spans: FAILING_TRACE, metrics, logs: logs.slice(2) }))).toBe(false)
})

it('balances without the spans where they went elsewhere', () => {
  expect(booksBalance(booksOf({ spans: undefined, metrics, logs }))).toBe(true)
})
