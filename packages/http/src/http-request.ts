/** What a handler of node's own server asks of its request: a bare server has no router that could tell the rest. */
import { trace } from '@opentelemetry/api'
import { getLogger, type Req, type RequestTelemetry, requestOf } from '@triscope/sdk'

/** One request of a server that triscope stands on. */
export interface HttpRequest extends RequestTelemetry {
  /**
   * Names the template that matched, `/users/:id`; never the path that was sent, because each name is a series. The last
   * call wins. @default none: the request counts as `(unmatched)`
   */
  route(template: string | undefined): void
  /** Reports the error that the request failed with, where the handler answers by itself. The first one counts. */
  error(error: unknown): void
}

/** The request that was begun for `req`; where none was, one that records nothing. */
export function httpRequestOf(req: Req): HttpRequest {
  return requestOf(req) ?? INERT
}

const NO_SPAN = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }

const INERT: HttpRequest = {
  span: trace.wrapSpanContext(NO_SPAN),
  traceId: NO_SPAN.traceId,
  get log() {
    return getLogger()
  },
  requestId: '',
  addFields() {},
  setUser() {},
  route() {},
  error() {},
}
