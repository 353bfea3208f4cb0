/** Every name that this room puts on spans and counters, once: OpenTelemetry semantic conventions 1.45. */

/** Attributes of client spans, "HTTP", and of errors, "Exceptions". */
export const ATTRIBUTE = {
  requestMethod: 'http.request.method',
  requestMethodOriginal: 'http.request.method_original',
  responseStatusCode: 'http.response.status_code',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  urlFull: 'url.full',
  errorType: 'error.type',
  exceptionType: 'exception.type',
  exceptionMessage: 'exception.message',
  exceptionStacktrace: 'exception.stacktrace',
} as const

/** The name of the span event that carries an error. */
export const EXCEPTION_EVENT = 'exception'

/** What stands for every request method that is not one of the known ones. */
export const OTHER_METHOD = '_OTHER'

/** Counters of this room, shown by the sdk on `/metrics`. The first two follow the `otel.sdk.span.*` conventions. */
export const METRIC = {
  spansStarted: 'otel_sdk_span_started_total',
  spansLive: 'otel_sdk_span_live',
  callsAfterEnd: 'triscope_span_calls_after_end_total',
  baggageDropped: 'triscope_baggage_members_dropped_total',
} as const

/** The label of `spansStarted` and its values. */
export const SAMPLING_RESULT = {
  label: 'otel_span_sampling_result',
  sampled: 'RECORD_AND_SAMPLE',
  recorded: 'RECORD_ONLY',
  dropped: 'DROP',
} as const

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

/** The method as a bounded attribute: an app may send any word. */
export function methodAttribute(method: string): string {
  return KNOWN_METHODS.has(method) ? method : OTHER_METHOD
}
