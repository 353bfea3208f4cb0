/**
 * Names that server and client spans share, and the rule for methods: OpenTelemetry semantic conventions 1.45, "HTTP".
 * What one room emits alone stands in the `semconv.ts` of that room.
 */

/** Attributes of HTTP spans of both kinds. */
export const HTTP_ATTRIBUTE = {
  requestMethod: 'http.request.method',
  requestMethodOriginal: 'http.request.method_original',
  responseStatusCode: 'http.response.status_code',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  errorType: 'error.type',
} as const

/** What stands for every method that is not known. */
export const OTHER_METHOD = '_OTHER'

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

/** The method as a bounded attribute: anybody may send any word, and each would be a series. */
export function methodAttribute(method: string | undefined): string {
  return method !== undefined && KNOWN_METHODS.has(method) ? method : OTHER_METHOD
}

/** What an HTTP span is called before its route is known, or where it has none. @param method as an attribute */
export function methodSpanName(method: string): string {
  return method === OTHER_METHOD ? 'HTTP' : method
}
