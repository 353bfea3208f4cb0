/**
 * One suite of requests that every adapter passes, with the same spans, series and lines.
 *
 * Invariant: nothing here knows a framework. What differs between two adapters is a fault of one of them.
 */
import type { Telemetry, TriscopeOptions } from '@triscope/sdk'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { describeEndings } from './adapter-endings.ts'
import { describeErrors } from './adapter-errors.ts'
import { describeHeaders } from './adapter-headers.ts'
import { describeHttp2 } from './adapter-http2.ts'
import { activeRequests, durations } from './adapter-observer.ts'
import { describeRoutes } from './adapter-routes.ts'
import { describeSizes } from './adapter-sizes.ts'
import { AdapterSuite, added, type StartedApp } from './adapter-suite.ts'
import { describeTraceContext } from './adapter-trace-context.ts'
import { describeTraces } from './adapter-traces.ts'

export type { StartedApp } from './adapter-suite.ts'
export { answerRaw } from './raw-answers.ts'

/** For the server of `node:http` that the app listens with: its time limits are looked at often enough for a test. */
export const serverOptions: { readonly connectionsCheckingInterval: number } = {
  connectionsCheckingInterval: 30,
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
 *   `{"handled":true}`. It answers so to every SyntaxError of the app.
 * - `GET /refused`: throws `new TypeError('refused')`, to which that error handler answers 422.
 * - `GET /slow`: never answers.
 * - `GET /twice`: answers twice by the framework's own means.
 * - `GET /raw/:how`: leaves the answer to `answerRaw(how, req, res)`, with node's own request and response.
 */
export interface AdapterUnderTest {
  /** Makes the app, with the adapter on it, and listens on a free port of 127.0.0.1. */
  start(telemetry: Telemetry): Promise<StartedApp>
  /** The same with HTTP/2 without TLS; left out where the framework has none. */
  startHttp2?(telemetry: Telemetry): Promise<StartedApp>
  /** Options under which the whole suite must hold too. @default none */
  options?: TriscopeOptions
}

/** Adds the suite to the file that calls it, which is to be one that runs in a process of its own. */
export function describeAdapter(name: string, adapter: AdapterUnderTest): void {
  describe(`${name} as an adapter`, () => {
    const suite = new AdapterSuite((telemetry) => adapter.start(telemetry), adapter.options)
    runAround(suite)
    describeRoutes(suite)
    describeTraces(suite)
    describeTraceContext(suite)
    describeErrors(suite)
    describeEndings(suite)
    describeHeaders(suite)

    it('serves its metrics, and leaves no telemetry of that', async () => {
      const before = durations(await suite.observer.metrics())
      const response = await suite.observer.untraced(() => fetch(`${suite.url}/metrics`))
      expect(response.status).toBe(200)
      expect(await response.text()).toContain('http_server_request_duration_seconds_bucket')
      const marker = await suite.tell('/static')
      expect(marker.series.labels['http_route']).toBe('/static')
      const all = added(before, durations(await suite.observer.metrics()))
      expect(all.map(({ count }) => count)).toEqual([1])
    })
  })

  describe(`${name} as an adapter`, () => {
    const suite = new AdapterSuite((telemetry) => adapter.start(telemetry), {
      ...adapter.options,
      metrics: { bodySizes: true },
      route: (_req, route) => (route?.startsWith('/raw') === true ? '/raw by the app' : route),
    })
    runAround(suite)
    describeSizes(suite)

    it('lets the app have the last word on a route', async () => {
      expect((await suite.tell('/raw/empty')).span.name).toBe('GET /raw by the app')
      suite.observer.clear()
      expect((await suite.tell('/users/1')).span.name).toBe('GET /users/:id')
    })
  })

  const { startHttp2 } = adapter
  if (startHttp2 === undefined) return
  describe(`${name} as an adapter`, () => {
    const suite = new AdapterSuite((telemetry) => startHttp2.call(adapter, telemetry), adapter.options)
    runAround(suite)
    describeHttp2(suite)
  })
}

function runAround(suite: AdapterSuite): void {
  beforeAll(() => suite.open())

  afterEach(async () => {
    await suite.observer.settled()
    expect(activeRequests(await suite.observer.metrics()), 'requests in flight').toBe(0)
    suite.observer.clear()
  })

  afterAll(() => suite.close())
}
