/**
 * Structured JSON of Google Cloud Logging: the special fields that its agents take out of a line ("Structured logging",
 * "LogEntry", "HttpRequest"), and what Error Reporting reads ("Format errors in logs").
 *
 * Invariant: a field of the app never has the name of a special field.
 */
import type { LineFormat } from './line-format.ts'

type Json = Record<string, unknown>

const PREFIX = 'logging.googleapis.com/'
const SPECIAL: ReadonlySet<string> = new Set([
  'severity',
  'time',
  'timestamp',
  'timestampSeconds',
  'timestampNanos',
  'message',
  'httpRequest',
  'stack_trace',
  'serviceContext',
  '@type',
])
const ERROR_EVENT = 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent'

/** @param project names the traces; without it Cloud Logging does not join lines to those of another project */
export function createGcpFormat(project: string | undefined): LineFormat {
  const tracePrefix = project === undefined || project === '' ? '' : `projects/${project}/traces/`
  return (line) => {
    const { err, service, ...more } = line.fields
    const out: Json = { severity: severityOf(line.level), time: line.time, message: line.message }
    if (line.trace !== undefined) {
      out[`${PREFIX}trace`] = `${tracePrefix}${line.trace.traceId}`
      out[`${PREFIX}spanId`] = line.trace.spanId
      out[`${PREFIX}trace_sampled`] = (line.trace.flags & 1) === 1
    }
    if (service !== undefined) out['serviceContext'] = { service }
    const fields = line.isAccess ? withRequest(more, out) : more
    if (err !== undefined) {
      const { stack } = (err ?? {}) as { stack?: unknown }
      // Error Reporting groups by the stack, and takes the line for an error where it is told so.
      if (typeof stack === 'string' && line.level >= 50) {
        out['@type'] = ERROR_EVENT
        out['stack_trace'] = stack
      }
      out['err'] = err
    }
    for (const key of Object.keys(fields)) {
      const isTaken = SPECIAL.has(key) || key.startsWith(PREFIX) || key in out
      set(out, isTaken ? `_${key}` : key, fields[key])
    }
    return JSON.stringify(out)
  }
}

/** pino's numbers; what lies between is as bad as the one below. */
function severityOf(level: number): string {
  if (level >= 60) return 'CRITICAL'
  if (level >= 50) return 'ERROR'
  if (level >= 40) return 'WARNING'
  return level >= 30 ? 'INFO' : 'DEBUG'
}

/** LogEntry.httpRequest: sizes are 64-bit and so text, the latency is a duration. @returns the rest */
function withRequest(fields: Json, out: Json): Json {
  const { method, path, status, duration_ms, bytes, request_bytes, client_address, user_agent, ...rest } =
    fields
  out['httpRequest'] = {
    requestMethod: method,
    requestUrl: path,
    status,
    requestSize: request_bytes === undefined ? undefined : String(request_bytes),
    responseSize: bytes === undefined ? undefined : String(bytes),
    userAgent: user_agent,
    remoteIp: client_address,
    latency: typeof duration_ms === 'number' ? `${(duration_ms / 1_000).toFixed(6)}s` : undefined,
  }
  return rest
}

/** Defined, not assigned: a key called `__proto__` stays a key. */
function set(out: Json, key: string, value: unknown): void {
  Object.defineProperty(out, key, { value, enumerable: true, writable: true, configurable: true })
}
