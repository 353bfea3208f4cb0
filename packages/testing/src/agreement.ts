/**
 * Sends many requests at once to an app that says by itself what became of each, and compares that with what telemetry
 * tells: the span, the line and the series.
 *
 * Invariant: nothing here knows a framework, and nothing of what is expected comes from the adapter under test.
 */
import { Agent, request as send } from 'node:http'
import { durations } from './adapter-observer.ts'
import { smallest } from './smallest.ts'
import type { LogLine, RecordedTelemetry } from './telemetry.ts'

/** One request, as it goes over the wire. */
export interface Sent {
  readonly port: number
  readonly method: string
  /** The request target, which need not be a path. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What the app says of one request. */
export interface Truth {
  /** The template that it was resolved to; more than one where either is right. `undefined` for none. */
  readonly routes: readonly (string | undefined)[]
  /** The message of the first error that the app met. */
  readonly error?: string | RegExp | undefined
  /** Whether some handler ran in the context of another request. */
  readonly mixed?: boolean
}

export interface Agreement {
  readonly requests: readonly Sent[]
  /** Asked once for each request, when all were answered. @param index of the request */
  truth(index: number, status: number): Truth
  /** How a route is compared. @default as it is */
  spelling?(route: string): string
  /** Requests in flight. @default 8 */
  concurrency?: number
}

/** The index of a request whose `traceparent` this is: the app finds it there. */
export function indexOfRequest(traceparent: unknown): number {
  return Number.parseInt(String(traceparent).slice(3, 35), 16) - 1
}

/** A sentence for each request that telemetry tells otherwise than the app; none where they agree. */
export async function disagreements(recorded: RecordedTelemetry, agreement: Agreement): Promise<string[]> {
  const { requests, spelling = (route) => route } = agreement
  const statuses = await sendAll(requests, agreement.concurrency ?? 8)
  await ended(recorded, requests.length)
  const spans = new Map(
    recorded.spans.filter(({ kind }) => kind === SERVER).map((span) => [span.spanContext().traceId, span]),
  )
  const lines = new Map(recorded.lines.filter(isAccess).map((line) => [line['trace_id'], line]))
  const expected = new Map<string, number>()
  const found: string[] = []
  for (const [index, { method, target }] of requests.entries()) {
    const status = statuses[index] ?? 0
    const truth = agreement.truth(index, status)
    const span = spans.get(traceIdOf(index))
    const line = lines.get(traceIdOf(index))
    const say = (what: string, told: unknown, wanted: unknown): void => {
      found.push(
        `${method} ${target} (${status}): ${what} is ${shown(told)}, and the app says ${shown(wanted)}`,
      )
    }
    const routes = truth.routes.map((route) => route && spelling(route))
    const route = span?.attributes['http.route'] as string | undefined
    if (!routes.includes(route && spelling(route))) say('the route of the span', route, truth.routes)
    const name = route === undefined ? method : `${method} ${route}`
    if (span?.name !== name) say('the name of the span', span?.name, name)
    if (line?.['route'] !== route) say('the route of the line', line?.['route'], route)
    if (span?.attributes['http.response.status_code'] !== status)
      say('the status of the span', span?.attributes['http.response.status_code'], status)
    if (line?.['status'] !== status) say('the status of the line', line?.['status'], status)
    const error = span?.events.find((event) => event.name === 'exception')?.attributes?.['exception.message']
    if (!isError(error, truth.error)) say('the error of the span', error, truth.error)
    const inLine = (line?.['error'] as { message?: unknown } | undefined)?.message
    if (!isError(inLine, truth.error)) say('the error of the line', inLine, truth.error)
    if (truth.mixed === true) say('the active span', 'that of another request', 'its own')
    const series = `${method} ${route ?? '(unmatched)'} ${status}`
    expected.set(series, (expected.get(series) ?? 0) + 1)
  }
  return [...found, ...compareSeries(expected, durations(await recorded.metrics())), ...warned(recorded)]
}

/**
 * Runs `requests` against an app that is made of `plan`, and throws what disagrees: with one request and the least of a
 * plan, where these are enough.
 */
export async function agree<Plan, Request>(
  plan: Plan,
  requests: readonly Request[],
  run: (plan: Plan, requests: readonly Request[]) => Promise<string[]>,
): Promise<void> {
  const found = await run(plan, requests)
  if (found.length === 0) return
  for (const request of requests) {
    if ((await run(plan, [request])).length === 0) continue
    // A plan that cannot be built any more is no smaller case of this.
    const fails = (smaller: Plan): Promise<boolean> =>
      run(smaller, [request]).then(
        (still) => still.length > 0,
        () => false,
      )
    const least = await smallest(plan, fails)
    throw new Error([...(await run(least, [request])), JSON.stringify(least)].join('\n'))
  }
  throw new Error([...found, JSON.stringify(plan)].join('\n'))
}

const SERVER = 1
/** Longer than any of this takes on a busy machine; whoever waits so long has found a fault. */
const PATIENCE_MS = 5_000

function isAccess(line: LogLine): boolean {
  return line['msg'] === 'request'
}

function isError(message: unknown, expected: string | RegExp | undefined): boolean {
  return expected instanceof RegExp ? expected.test(String(message)) : message === expected
}

function shown(value: unknown): string {
  if (value instanceof RegExp) return String(value)
  return JSON.stringify(value, (_key, inner: unknown) => (inner === undefined ? 'none' : inner)) ?? 'none'
}

function warned(recorded: RecordedTelemetry): string[] {
  return recorded.warnings.map((warning) => `telemetry warned: ${JSON.stringify(warning)}`)
}

/** Each series has a count of its own, and no series stands beside them. */
function compareSeries(
  expected: ReadonlyMap<string, number>,
  measured: readonly { labels: Readonly<Record<string, string>>; count: number }[],
): string[] {
  const counts = new Map<string, number>()
  for (const { labels, count } of measured) {
    // The label holds the template as the exposition escapes it.
    const route = labels['http_route']?.replace(/\\(.)/g, '$1')
    const series = `${labels['http_request_method']} ${route} ${labels['http_response_status_code']}`
    counts.set(series, (counts.get(series) ?? 0) + count)
  }
  return [...new Set([...expected.keys(), ...counts.keys()])]
    .filter((series) => expected.get(series) !== counts.get(series))
    .map(
      (series) =>
        `the series of ${series} counts ${counts.get(series) ?? 0}, and the spans ${expected.get(series) ?? 0}`,
    )
}

/** Waits until every request has left its span and its line. */
async function ended(recorded: RecordedTelemetry, count: number): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS
  const complete = (): boolean =>
    recorded.spans.filter(({ kind }) => kind === SERVER).length >= count &&
    recorded.lines.filter(isAccess).length >= count
  while (!complete() && performance.now() < endMs) await new Promise((resolve) => setImmediate(resolve))
}

/** The status of each answer, in the order of the requests; they share a few connections. */
async function sendAll(requests: readonly Sent[], concurrency: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
  try {
    return await Promise.all(requests.map((request, index) => statusOf(request, index, agent)))
  } finally {
    agent.destroy()
  }
}

function statusOf({ port, method, target, headers }: Sent, index: number, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const traceparent = `00-${traceIdOf(index)}-00000000000000aa-01`
    const options = { host: '127.0.0.1', port, method, path: target, agent }
    send({ ...options, headers: { ...headers, traceparent } }, (response) => {
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', reject)
      response.resume()
    })
      .on('error', (error) => reject(new Error(`${method} ${target}: ${error.message}`, { cause: error })))
      .setTimeout(PATIENCE_MS, () => reject(new Error(`${method} ${target}: no answer`)))
      .end()
  })
}

function traceIdOf(index: number): string {
  return (index + 1).toString(16).padStart(32, '0')
}
