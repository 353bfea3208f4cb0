/** Names that this room emits, once: OpenTelemetry semantic conventions 1.45, "HTTP", and their Prometheus form. */

/** Attributes of the server span. */
export const ATTRIBUTE = {
  method: 'http.request.method',
  methodOriginal: 'http.request.method_original',
  route: 'http.route',
  status: 'http.response.status_code',
  errorType: 'error.type',
  path: 'url.path',
  query: 'url.query',
  scheme: 'url.scheme',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  clientAddress: 'client.address',
  protocolVersion: 'network.protocol.version',
  userAgent: 'user_agent.original',
} as const

/** Metric families of requests that come in and go out. */
export const METRIC = {
  serverDuration: 'http_server_request_duration_seconds',
  serverActive: 'http_server_active_requests',
  clientDuration: 'http_client_request_duration_seconds',
} as const

/** `http.request.method` is one of these or `_OTHER`: a client may send any word, and each would be a series. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY',
])

/** What stands for every method that is not known. */
export const OTHER_METHOD = '_OTHER'

/** The method as a bounded attribute. */
export function methodAttribute(method: string | undefined): string {
  return method !== undefined && KNOWN_METHODS.has(method) ? method : OTHER_METHOD
}
