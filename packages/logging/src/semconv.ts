/** Names that leave this room: fields of lines, and our own counter. The README lists them for users. */

/** The fields that join a line to its span; OpenTelemetry, "Trace Context in non-OTLP Log Formats". */
export const TRACE_ID = 'trace_id'
export const SPAN_ID = 'span_id'
export const TRACE_FLAGS = 'trace_flags'

/** The name given to `getLogger`. */
export const LOGGER_NAME = 'logger'
/** The service that wrote the line. */
export const SERVICE = 'service'
/** Stands on a line whose own fields could not be read, and says why. */
export const LOG_ERROR = 'log_error'
/** The message of every access line: one word, so that one filter finds them all. */
export const ACCESS_MESSAGE = 'request'

/** Lines made, by level. */
export const LINES_TOTAL = 'triscope_log_lines_total'

/** Attributes of log records for fields of the access line: semantic conventions 1.45, "HTTP". */
export const ATTRIBUTE_NAMES: Readonly<Partial<Record<string, string>>> = {
  method: 'http.request.method',
  route: 'http.route',
  path: 'url.path',
  status: 'http.response.status_code',
  bytes: 'http.response.body.size',
  request_bytes: 'http.request.body.size',
  client_address: 'client.address',
  user_agent: 'user_agent.original',
  user_id: 'user.id',
}
