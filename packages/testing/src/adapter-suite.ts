/**
 * One app under the suite of requests, and what it told of each of them.
 *
 * Invariant: a request leaves one span, one observation and one access line, of one duration, whatever became of it.
 */
import type { Server } from 'node:http'
import type { Http2Server } from 'node:http2'
import type { Telemetry, TriscopeOptions } from '@triscope/sdk'
import { expect } from 'vitest'
import { durations, type Measured, Observer, type SeenLine, type SeenSpan } from './adapter-observer.ts'

/** An app that listens. */
export interface StartedApp {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string
  /** What listens. Made with `serverOptions`, where it is one of `node:http`. */
  readonly server: Server | Http2Server
  /** Stops listening, and lets go of every connection. */
  close(): Promise<void>
}

export const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
export const PARENT_ID = '00f067aa0ba902b7'
export const TRACEPARENT: string = `00-${TRACE_ID}-${PARENT_ID}-01`

/** `SpanStatusCode.ERROR`. */
export const ERROR = 2

/** What one request left. */
export interface Told {
  span: SeenSpan
  line: SeenLine
  series: Measured
}

export class AdapterSuite {
  readonly #start: (telemetry: Telemetry) => Promise<StartedApp>
  readonly #options: TriscopeOptions
  #observer: Observer | undefined
  #app: StartedApp | undefined

  constructor(start: (telemetry: Telemetry) => Promise<StartedApp>, options: TriscopeOptions = {}) {
    this.#start = start
    this.#options = options
  }

  async open(): Promise<void> {
    this.#observer = new Observer(this.#options)
    this.#app = await this.#start(this.#observer.telemetry)
  }

  async close(): Promise<void> {
    await this.#app?.close()
    await this.#observer?.close()
  }

  get observer(): Observer {
    return begun(this.#observer)
  }

  get url(): string {
    return begun(this.#app).url
  }

  get server(): Server {
    return begun(this.#app).server as Server
  }

  /** Sends one request and returns the one span, observation and access line that it left. */
  async tell(path: string, init?: RequestInit): Promise<Told & { response: Response; body: unknown }> {
    const before = durations(await this.observer.metrics())
    const response = await this.observer.untraced(() => fetch(this.url + path, init))
    const text = await response.text()
    const told = await this.recorded(before)
    return { ...told, response, body: text === '' ? undefined : asJson(text) }
  }

  /** The one request that was told since `before`. */
  async recorded(before: readonly Measured[]): Promise<Told> {
    const [told] = await this.#recordedAll(before, 1)
    return told as Told
  }

  /** Lets `act` send `count` requests, and returns what each left, in the order of their ends. */
  async tellAll(count: number, act: () => Promise<unknown>): Promise<Told[]> {
    const before = durations(await this.observer.metrics())
    await act()
    return await this.#recordedAll(before, count)
  }

  async tellOne(act: () => Promise<unknown>): Promise<Told> {
    return (await this.tellAll(1, act))[0] as Told
  }

  async #recordedAll(before: readonly Measured[], count: number): Promise<Told[]> {
    const { observer } = this
    await observer.until(`${count} spans and access lines`, () => {
      const seen = observer.serverSpans().length
      return seen >= count && observer.accessLines().length === seen
    })
    await observer.settled()
    const spans = observer.serverSpans()
    const lines = observer.accessLines()
    expect([spans.length, lines.length], 'spans and access lines').toEqual([count, count])
    const series = added(before, durations(await observer.metrics()))
    expect(sum(series.map((each) => each.count)), 'observations').toBe(count)
    // A nanosecond for each: the format of a span has no parts of one.
    const seconds = sum(spans.map(({ duration: [whole, nanos] }) => whole + nanos / 1e9))
    expect(Math.abs(sum(series.map((each) => each.sum)) - seconds)).toBeLessThan(1.5e-9 * count)
    return spans.map((span) => {
      const line = lines.find(({ span_id }) => span_id === span.spanContext().spanId)
      expect(line, 'the access line of the span').toBeDefined()
      return { span, line: line as SeenLine, series: seriesOf(span, series) }
    })
  }
}

/** The series that counts the request of this span. */
function seriesOf(span: SeenSpan, series: readonly Measured[]): Measured {
  const { attributes } = span
  const found = series.find(
    ({ labels }) =>
      (labels['http_route'] ?? '') === (attributes['http.route'] ?? '(unmatched)') &&
      (labels['http_response_status_code'] ?? '') === String(attributes['http.response.status_code'] ?? '') &&
      (labels['error_type'] ?? '') === (attributes['error.type'] ?? '') &&
      labels['http_request_method'] === attributes['http.request.method'],
  )
  expect(found, `the series of ${span.name} ${JSON.stringify(attributes)}`).toBeDefined()
  return found as Measured
}

function begun<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the suite has not begun')
  return value
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}

/** What was told, as plain objects: spans have getters, which a comparison that fails cannot copy. */
export function signals({ span, series, line }: Told): object {
  return { span: { attributes: { ...span.attributes } }, series, line }
}

/** What one request looks like in all three signals. */
export function same(request: { method: string; route: string; status: number; errorType?: string }): object {
  const { method, route, status, errorType } = request
  return {
    span: {
      attributes: {
        'http.request.method': method,
        'http.route': route,
        'http.response.status_code': status,
        ...(errorType === undefined ? {} : { 'error.type': errorType }),
      },
    },
    series: {
      labels: {
        http_request_method: method,
        http_route: route,
        http_response_status_code: String(status),
        ...(errorType === undefined ? {} : { error_type: errorType }),
      },
    },
    line: { msg: 'request', method, route, status },
  }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A framework's own page for an error or a missing route is HTML.
    return text
  }
}

/** The series that have grown, by how much. */
export function added(before: readonly Measured[], after: readonly Measured[]): Measured[] {
  const known = new Map(before.map((series) => [JSON.stringify(series.labels), series]))
  return after.flatMap((series) => {
    const { count = 0, sum: seconds = 0 } = known.get(JSON.stringify(series.labels)) ?? {}
    return series.count === count
      ? []
      : [{ ...series, count: series.count - count, sum: series.sum - seconds }]
  })
}
