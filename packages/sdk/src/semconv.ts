/** Names that this room emits, once: OpenTelemetry semantic conventions 1.45, "HTTP", and their Prometheus form. */

/** Attributes of the server span. */
export const ATTRIBUTE = {
  route: 'http.route',
  urlPath: 'url.path',
  urlQuery: 'url.query',
  urlScheme: 'url.scheme',
  clientAddress: 'client.address',
  protocolVersion: 'network.protocol.version',
  userAgent: 'user_agent.original',
  userId: 'user.id',
  requestBodySize: 'http.request.body.size',
  responseBodySize: 'http.response.body.size',
} as const

/** Metric families of requests that come in and go out. */
export const METRIC = {
  serverDuration: 'http_server_request_duration_seconds',
  serverActive: 'http_server_active_requests',
  serverRequestBody: 'http_server_request_body_size_bytes',
  serverResponseBody: 'http_server_response_body_size_bytes',
  clientDuration: 'http_client_request_duration_seconds',
} as const
