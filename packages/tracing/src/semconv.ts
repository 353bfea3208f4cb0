/** Every name that this room puts on spans and counters, once: OpenTelemetry semantic conventions 1.45. */

/** Attributes of spans of calls, "HTTP", and of errors, "Exceptions". */
export const ATTRIBUTE = {
  urlFull: 'url.full',
  urlPath: 'url.path',
  httpRoute: 'http.route',
  exceptionType: 'exception.type',
  exceptionMessage: 'exception.message',
  exceptionStacktrace: 'exception.stacktrace',
} as const

/** The name of the span event that carries an error. */
export const EXCEPTION_EVENT = 'exception'

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
