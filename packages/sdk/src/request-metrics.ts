/**
 * The request metrics: rate, errors and duration by route, requests in flight, and the duration of outgoing calls.
 *
 * Invariant: no label is what a client sent. Method and error type are bounded here, the route by the adapter, the rest
 * by the registry's series limit.
 */
import type { SpanContext } from '@opentelemetry/api'
import { createErrorTypes, methodAttribute } from '@triscope/core'
import type { Histogram, Registry } from '@triscope/metrics'
import type { ClientCall } from '@triscope/tracing'
import type { BodySizes } from './body-size.ts'
import { METRIC } from './semconv.ts'

/** What is known of a request when it has ended. */
export interface EndedRequest {
  /** Bounded: a known method or `_OTHER`. */
  method: string
  /** The template; `undefined` where none matched. */
  route: string | undefined
  scheme: string
  /** `undefined` when no status was sent, because the client went away first. */
  status: number | undefined
  /** Bounded; `undefined` for a request that did not fail. */
  errorType: string | undefined
  durationMs: number
  spanContext: SpanContext | undefined
  /** Where they are counted. */
  bodies: BodySizes | undefined
}

/** Where requests are counted. */
export interface RequestMetrics {
  /** Requests in flight, up by one; call the handle's `add(-1)` when this one ends. */
  begin(method: string, scheme: string): { add(n: number): void }
  end(request: EndedRequest): void
  /** Whether the sizes of bodies are wanted. */
  readonly countsBodies: boolean
  client(call: ClientCall): void
}

/** The label of requests that no route matched; a template begins with `/`, `*` or a letter of its own, never so. */
const UNMATCHED = '(unmatched)'

type Duration = { observe(seconds: number, from?: SpanContext): void }

const SERVER_LABELS = [
  'http_request_method',
  'http_route',
  'http_response_status_code',
  'url_scheme',
  'error_type',
] as const

type ServerLabel = (typeof SERVER_LABELS)[number]

/** From a form to an upload: the conventions advise no bounds, so these are powers of 4, 64 bytes to 64 MiB. */
const SIZE_BOUNDS: readonly number[] = Array.from({ length: 11 }, (_, index) => 64 * 4 ** index)

/** Registers the request metrics. `buckets` in seconds, increasing. */
export function createRequestMetrics(
  registry: Registry,
  buckets: readonly number[] | undefined,
  countsBodies = false,
): RequestMetrics {
  const bounds = buckets === undefined ? {} : { buckets }
  const duration = registry.histogram({
    name: METRIC.serverDuration,
    help: 'Duration of HTTP server requests, from the first header to the last byte',
    unit: 'seconds',
    labels: SERVER_LABELS,
    ...bounds,
  })
  const sizes = countsBodies ? sizeHistograms(registry) : undefined
  const active = registry.gauge({
    name: METRIC.serverActive,
    help: 'HTTP server requests that have begun and not ended',
    labels: ['http_request_method', 'url_scheme'],
  })
  const client = registry.histogram({
    name: METRIC.clientDuration,
    help: 'Duration of outgoing HTTP requests, until the last byte of the answer',
    unit: 'seconds',
    labels: [
      'http_request_method',
      'server_address',
      'server_port',
      'http_response_status_code',
      'error_type',
    ],
    ...bounds,
  })
  const errorTypeOf = createErrorTypes()
  const activeSeries = new Map<string, { add(n: number): void }>()
  // Handles are kept by route, method and status: looking one up takes three reads, resolving labels about 50 ns more.
  const byRoute = new Map<string, Map<string, (Duration | undefined)[]>>()

  function clientErrorType({ error, status }: ClientCall): string {
    if (error !== undefined) return errorTypeOf(error)
    return status !== undefined && status >= 400 ? String(status) : ''
  }

  function resolve(request: EndedRequest, route: string): Duration {
    return duration.series(labelsOf(request, route))
  }

  function seriesOf(request: EndedRequest): Duration {
    const route = request.route ?? UNMATCHED
    const { status } = request
    if (status === undefined || request.errorType !== undefined || request.scheme !== 'http')
      return resolve(request, route)
    let byMethod = byRoute.get(route)
    if (byMethod === undefined) {
      byMethod = new Map()
      // Templates are bounded by the app's routes; the limit is for an app that makes routes as it runs.
      if (byRoute.size < 2_000) byRoute.set(route, byMethod)
    }
    let byStatus = byMethod.get(request.method)
    if (byStatus === undefined) {
      byStatus = []
      byMethod.set(request.method, byStatus)
    }
    // Outside of this range an app has set a number that is no HTTP status, and the array would grow with it.
    if (status < 100 || status > 999) return resolve(request, route)
    let series = byStatus[status]
    if (series === undefined) {
      series = resolve(request, route)
      byStatus[status] = series
    }
    return series
  }

  return {
    countsBodies,
    begin(method, scheme) {
      const key = scheme === 'http' ? method : `${scheme} ${method}`
      let series = activeSeries.get(key)
      if (series === undefined) {
        series = active.series({ http_request_method: method, url_scheme: scheme })
        activeSeries.set(key, series)
      }
      series.add(1)
      return series
    },
    end(request) {
      const { bodies, spanContext } = request
      seriesOf(request).observe(request.durationMs / 1000, spanContext)
      if (sizes === undefined || bodies === undefined) return
      const labels = labelsOf(request, request.route ?? UNMATCHED)
      sizes.request.series(labels).observe(bodies.request, spanContext)
      sizes.response.series(labels).observe(bodies.response, spanContext)
    },
    client(call) {
      client
        .series({
          http_request_method: methodAttribute(call.method),
          server_address: call.host,
          server_port: call.port === undefined ? '' : String(call.port),
          http_response_status_code: call.status === undefined ? '' : String(call.status),
          error_type: clientErrorType(call),
        })
        .observe(call.durationMs / 1000, call.spanContext)
    },
  }
}

function labelsOf(request: EndedRequest, route: string): Readonly<Record<ServerLabel, string>> {
  return {
    http_request_method: request.method,
    http_route: route,
    http_response_status_code: request.status === undefined ? '' : String(request.status),
    url_scheme: request.scheme,
    error_type: request.errorType ?? '',
  }
}

function sizeHistograms(registry: Registry): Record<'request' | 'response', Histogram<ServerLabel>> {
  const common = { unit: 'bytes', labels: SERVER_LABELS, buckets: SIZE_BOUNDS }
  return {
    request: registry.histogram({
      name: METRIC.serverRequestBody,
      help: 'Size of the bodies of HTTP server requests, as transferred',
      ...common,
    }),
    response: registry.histogram({
      name: METRIC.serverResponseBody,
      help: 'Size of the bodies of HTTP server responses, as transferred',
      ...common,
    }),
  }
}
