/**
 * One suite of requests that every adapter passes, with the same spans, series and lines.
 *
 * Invariant: nothing here knows a framework. What differs between two adapters is a fault of one of them.
 * One piece, long as it is: it is read as a list of what every adapter promises.
 */
import type { Telemetry } from '@triscope/sdk'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  activeRequests,
  durations,
  exemplarsOf,
  type Measured,
  Observer,
  type SeenLine,
  type SeenSpan,
} from './adapter-observer.ts'
import { type NextService, startNextService } from './next-service.ts'
import { AbortingClient, pipelined, sendLines } from './raw-client.ts'
import { PARENT_ID as CALLER_ID, TRACE_ID as CALLER_TRACE, traceContextCases } from './trace-context-cases.ts'

/** An app that listens. */
export interface StartedApp {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string
  /** Stops listening, and lets go of every connection. */
  close(): Promise<void>
}

/**
 * An adapter, through an app of its framework. The app answers as JSON, and has these routes:
 *
 * - `GET /static`: `{"ok":true}`.
 * - `GET /users/:id`: `{"id":…}`.
 * - `GET /api/v1/orders/:order/items/:item`, its parts on three levels of routers or prefixes: `/api/v1`,
 *   `/orders/:order` and `/items/:item`: `{"order":…,"item":…}`.
 * - `POST /echo`: reads its JSON body by the framework's own means, makes a span `echo.step` by `span()` of the sdk,
 *   and answers the body.
 * - `GET /async`: an async handler that awaits a turn of the event loop: `{"ok":true}`.
 * - `GET /context/:name`: awaits a few turns, and logs `name` as a field with message `ambient` by `getLogger()` of the
 *   sdk; then answers `{"name":…,"active":…,"own":…}`, the trace ids of the sdk's `activeSpan()` and of the request's
 *   `triscope`.
 * - `GET /work`: adds the field `{"plan":"pro"}` to the access line, logs `working` by the request's own logger, then
 *   within `span('work.step')` fetches `/static` of its own `Host`: `{"ok":true}`.
 * - `GET /throws`: throws `new RangeError('thrown')`, to which the framework answers.
 * - `GET /rejects`: an async handler that fails with `new RangeError('rejected')` after a turn, to which the framework
 *   answers.
 * - `GET /api/v1/handled`: throws `new SyntaxError('handled')`, to which the app's own error handler answers 503 and
 *   `{"handled":true}`. It answers so to every SyntaxError of the app, and to nothing else.
 * - `GET /slow`: never answers.
 */
export interface AdapterUnderTest {
  /** Makes the app, with the adapter on it, and listens on a free port of 127.0.0.1. */
  start(telemetry: Telemetry): Promise<StartedApp>
}

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT_ID = '00f067aa0ba902b7'
const TRACEPARENT = `00-${TRACE_ID}-${PARENT_ID}-01`

/** Adds the suite to the file that calls it, which is to be one that runs in a process of its own. */
export function describeAdapter(name: string, adapter: AdapterUnderTest): void {
  describe(`${name} as an adapter`, () => {
    let observer: Observer
    let app: StartedApp

    beforeAll(async () => {
      observer = new Observer()
      app = await adapter.start(observer.telemetry)
    })

    afterEach(async () => {
      await observer.settled()
      expect(activeRequests(await observer.metrics()), 'requests in flight').toBe(0)
      observer.clear()
    })

    afterAll(async () => {
      await app.close()
      await observer.close()
    })

    /** Sends one request and returns the one span, observation and access line that it left. */
    async function tell(
      path: string,
      init?: RequestInit,
    ): Promise<Told & { response: Response; body: unknown }> {
      const before = durations(await observer.metrics())
      const response = await observer.untraced(() => fetch(app.url + path, init))
      const text = await response.text()
      const told = await recorded(before)
      return { ...told, response, body: text === '' ? undefined : asJson(text) }
    }

    async function recorded(before: readonly Measured[]): Promise<Told> {
      await observer.until('a span and an access line', () => {
        const count = observer.serverSpans().length
        return count > 0 && observer.accessLines().length === count
      })
      const spans = observer.serverSpans()
      const lines = observer.accessLines()
      expect([spans.length, lines.length], 'spans and access lines of one request').toEqual([1, 1])
      const series = added(before, durations(await observer.metrics()))
      expect(
        series.map(({ count }) => count),
        'observations of one request',
      ).toEqual([1])
      return {
        span: spans[0] as SeenSpan,
        line: lines[0] as SeenLine,
        series: series[0] as Measured,
      }
    }

    describe('routes', () => {
      it.each([
        ['/static', '/static'],
        ['/static?with=query', '/static'],
        ['/users/42', '/users/:id'],
        ['/users/a%20b', '/users/:id'],
        ['/api/v1/orders/7/items/9', '/api/v1/orders/:order/items/:item'],
        ['/async', '/async'],
      ])('names GET %s by its template', async (path, route) => {
        const told = await tell(path)
        expect(told.response.status).toBe(200)
        expect(signals(told)).toMatchObject(same({ method: 'GET', route, status: 200 }))
        expect(told.span.name).toBe(`GET ${route}`)
      })

      it('leaves the route open where none matched, and the path out of every label', async () => {
        const told = await tell('/wp-login.php')
        expect(told.response.status).toBe(404)
        expect(told.span.name).toBe('GET')
        expect(told.span.attributes['http.route']).toBeUndefined()
        expect(told.line['route']).toBeUndefined()
        expect(told.series.labels['http_route']).toBe('(unmatched)')
        expect(await observer.metrics()).not.toContain('wp-login')
      })

      it('leaves the route open where only a part of it matched', async () => {
        const told = await tell('/api/v1/orders/7/nothing')
        expect(told.response.status).toBe(404)
        expect(told.series.labels['http_route']).toBe('(unmatched)')
        expect(await observer.metrics()).not.toContain('orders/7')
      })

      it('tells a HEAD request by the route of GET', async () => {
        const told = await tell('/users/42', { method: 'HEAD' })
        expect(told.body).toBeUndefined()
        expect(signals(told)).toMatchObject(same({ method: 'HEAD', route: '/users/:id', status: 200 }))
      })
    })

    describe('one trace', () => {
      it('continues the caller in the span, the exemplar, the access line and the lines of the handler', async () => {
        const told = await tellAll('/work', { headers: { traceparent: TRACEPARENT } })
        const { server, inner, client, step, working } = told
        expect(server.spanContext().traceId).toBe(TRACE_ID)
        expect(server.parentSpanContext?.spanId).toBe(PARENT_ID)
        expect(step.parentSpanContext?.spanId).toBe(server.spanContext().spanId)
        expect(client.parentSpanContext?.spanId).toBe(step.spanContext().spanId)
        expect(inner.parentSpanContext?.spanId).toBe(client.spanContext().spanId)
        expect(working).toMatchObject({
          trace_id: TRACE_ID,
          span_id: server.spanContext().spanId,
          trace_flags: '01',
        })
        const line = observer.accessLines().find(({ span_id }) => span_id === server.spanContext().spanId)
        expect(line).toMatchObject({ trace_id: TRACE_ID, trace_flags: '01', plan: 'pro' })
        expect(exemplarsOf(await observer.metrics(), '/work')).toContainEqual({
          trace_id: TRACE_ID,
          span_id: server.spanContext().spanId,
        })
      })

      it('begins a trace of its own where the caller has none', async () => {
        const { span, line } = await tell('/static')
        expect(span.parentSpanContext).toBeUndefined()
        expect(line['trace_id']).toBe(span.spanContext().traceId)
        expect(line['trace_id']).toMatch(/^(?!0{32})[0-9a-f]{32}$/)
      })

      it('keeps its context over the reading of a body', async () => {
        const body = JSON.stringify({ text: 'x'.repeat(200_000) })
        const { span, response, series } = await tell('/echo', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        })
        expect(response.status).toBe(200)
        expect(series.labels).toMatchObject({ http_request_method: 'POST', http_route: '/echo' })
        expect(observer.span('echo.step')?.parentSpanContext?.spanId).toBe(span.spanContext().spanId)
      })

      it('keeps the contexts of a hundred concurrent requests apart', async () => {
        const names = Array.from({ length: 100 }, (_, index) => `n${index}`)
        const answers = await Promise.all(
          names.map(async (name) => {
            const traceId = name.slice(1).padStart(32, 'a')
            const answer = await observer.untraced(() =>
              fetch(`${app.url}/context/${name}`, {
                headers: { traceparent: `00-${traceId}-${PARENT_ID}-01` },
              }),
            )
            return { expected: traceId, ...((await answer.json()) as { active: string; own: string }) }
          }),
        )
        for (const { expected, active, own } of answers) expect([active, own]).toEqual([expected, expected])
        const ambient = observer.lines.filter(({ msg }) => msg === 'ambient')
        expect(ambient).toHaveLength(names.length)
        for (const line of ambient) {
          expect(line['trace_id']).toBe(String(line['name']).slice(1).padStart(32, 'a'))
        }
        await observer.until('the spans', () => observer.serverSpans().length === names.length)
      })
    })

    describe('W3C Trace Context Level 2, from the wire to the next service', () => {
      let next: NextService

      beforeAll(async () => {
        next = await startNextService()
      })

      afterAll(() => next.close())

      it.each(traceContextCases)('$name', async ({ lines, trace, flags, tracestate }) => {
        // `/work` calls the host that it is told to be.
        const status = await sendLines(app.url, '/work', lines, next.host)
        expect(status).toBe(200)
        const { traceparent, tracestate: sent } = next.headers ?? {}
        const sample = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(String(traceparent))
        const [, traceId, parentId, sentFlags] = sample ?? []
        expect(parentId).toMatch(/^(?!0{16})/)
        expect(parentId).not.toBe(CALLER_ID)
        if (trace === 'continued') expect(traceId).toBe(CALLER_TRACE)
        else expect(traceId).toMatch(new RegExp(`^(?!0{32}|${CALLER_TRACE}|a{32})`))
        expect(sentFlags).toBe(flags ?? (trace === 'new' ? '03' : '01'))
        expect(sent).toBe(tracestate)
      })
    })

    describe('errors', () => {
      it.each([
        ['/throws', '/throws', 'RangeError', 'thrown', 500],
        ['/rejects', '/rejects', 'RangeError', 'rejected', 500],
        ['/api/v1/handled', '/api/v1/handled', 'SyntaxError', 'handled', 503],
      ])('tells what GET %s failed with, and where', async (path, route, type, message, status) => {
        const told = await tell(path)
        expect(told.response.status).toBe(status)
        expect(signals(told)).toMatchObject(same({ method: 'GET', route, status, errorType: type }))
        expect(told.span.status.code).toBe(ERROR)
        const [event] = told.span.events
        expect(event).toMatchObject({
          name: 'exception',
          attributes: { 'exception.type': type, 'exception.message': message },
        })
        expect(told.line['level']).toBe(50)
        expect(told.line['error']).toEqual({ type, message })
        if (status === 503) expect(told.body).toEqual({ handled: true })
      })

      it('is no failure of the service that nothing was found', async () => {
        const { span, series, line } = await tell('/missing')
        expect(span.status.code).not.toBe(ERROR)
        expect(series.labels['error_type'] ?? '').toBe('')
        expect(line['level']).toBe(40)
      })
    })

    describe('ends', () => {
      it('counts a request once that its client gave up, as aborted and without a status', async () => {
        const before = durations(await observer.metrics())
        const client = await AbortingClient.send(app.url, '/slow')
        await observer.until(
          'the request to be in flight',
          async () => activeRequests(await observer.metrics()) === 1,
        )
        client.destroy()
        const { span, line, series } = await recorded(before)
        expect(span.attributes['http.response.status_code']).toBeUndefined()
        expect(span.attributes['error.type']).toBe('aborted')
        expect(series.labels).toMatchObject({ http_route: '/slow', error_type: 'aborted' })
        expect(line['level']).toBe(40)
      })

      it('tells two requests on one connection apart', async () => {
        const answers = await pipelined(app.url, ['/users/1', '/static'])
        expect(answers).toEqual([200, 200])
        await observer.until('two spans', () => observer.serverSpans().length === 2)
        expect(
          observer
            .serverSpans()
            .map(({ name }) => name)
            .sort(),
        ).toEqual(['GET /static', 'GET /users/:id'])
        const traces = observer.serverSpans().map((span) => span.spanContext().traceId)
        expect(new Set(traces).size).toBe(2)
      })

      it('gives the span and the histogram one duration', async () => {
        const { span, series } = await tell('/users/1')
        const [seconds, nanoseconds] = span.duration
        expect(series.sum).toBeCloseTo(seconds + nanoseconds / 1e9, 6)
      })
    })

    it('serves its metrics, and leaves no telemetry of that', async () => {
      const before = durations(await observer.metrics())
      const response = await observer.untraced(() => fetch(`${app.url}/metrics`))
      expect(response.status).toBe(200)
      expect(await response.text()).toContain('http_server_request_duration_seconds_bucket')
      const marker = await tell('/static')
      expect(marker.series.labels['http_route']).toBe('/static')
      const all = added(before, durations(await observer.metrics()))
      expect(all.map(({ count }) => count)).toEqual([1])
    })

    /** What `/work` leaves: five spans that belong together. */
    async function tellAll(path: string, init: RequestInit): Promise<Family> {
      const response = await observer.untraced(() => fetch(app.url + path, init))
      expect(await response.json()).toEqual({ ok: true })
      await observer.until('four spans', () => observer.serverSpans().length === 2)
      await observer.until('the client span', () => observer.clientSpans().length === 1)
      const find = (name: string) => {
        const span = observer.span(name)
        if (span === undefined) throw new Error(`no span is named ${name}`)
        return span
      }
      const working = observer.lines.find(({ msg }) => msg === 'working')
      if (working === undefined) throw new Error('the handler has logged nothing')
      return {
        server: find('GET /work'),
        inner: find('GET /static'),
        client: observer.clientSpans()[0] as SeenSpan,
        step: find('work.step'),
        working,
      }
    }
  })
}

interface Told {
  span: SeenSpan
  line: SeenLine
  series: Measured
}

interface Family {
  server: SeenSpan
  inner: SeenSpan
  client: SeenSpan
  step: SeenSpan
  working: SeenLine
}

/** `SpanStatusCode.ERROR`. */
const ERROR = 2

/** What was told, as plain objects: spans have getters, which a comparison that fails cannot copy. */
function signals({ span, series, line }: Told): object {
  return { span: { attributes: { ...span.attributes } }, series, line }
}

/** What one request looks like in all three signals. */
function same(request: { method: string; route: string; status: number; errorType?: string }): object {
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
function added(before: readonly Measured[], after: readonly Measured[]): Measured[] {
  const known = new Map(before.map((series) => [JSON.stringify(series.labels), series]))
  return after.flatMap((series) => {
    const { count = 0, sum = 0 } = known.get(JSON.stringify(series.labels)) ?? {}
    return series.count === count ? [] : [{ ...series, count: series.count - count, sum: series.sum - sum }]
  })
}
