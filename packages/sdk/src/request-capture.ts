/**
 * What the app asked to see of a request beyond the conventions' own attributes, and to show of its trace.
 *
 * Invariant: without being named no header is recorded, and a secret is replaced also where it is named.
 */
import type { Span } from '@opentelemetry/api'
import type { Redaction } from '@triscope/core'
import type { TracingSettings } from './options.ts'
import type { Req, Res } from './request-end.ts'

export interface Capture {
  /** In small letters. */
  readonly requestHeaders: readonly string[]
  readonly responseHeaders: readonly string[]
  /** All parameters, none, or those of these names. */
  readonly query: boolean | ReadonlySet<string>
  readonly expose: 'traceresponse' | 'server-timing' | undefined
}

export function createCapture(given: TracingSettings = {}): Capture {
  const { captureHeaders, captureQuery = true, exposeTrace } = given
  return {
    requestHeaders: (captureHeaders?.request ?? []).map((name) => name.toLowerCase()),
    responseHeaders: (captureHeaders?.response ?? []).map((name) => name.toLowerCase()),
    query: typeof captureQuery === 'boolean' ? captureQuery : new Set(captureQuery),
    expose: exposeTrace === false ? undefined : exposeTrace,
  }
}

/** `http.request.header.<name>` and `http.response.header.<name>`: lists of texts, by the HTTP conventions. */
export function setCapturedHeaders(
  span: Span,
  req: Req,
  res: Res | undefined,
  { requestHeaders, responseHeaders }: Capture,
  redaction: Redaction,
): void {
  for (const name of requestHeaders) set(span, 'request', name, req.headers[name], redaction)
  for (const name of responseHeaders) set(span, 'response', name, res?.getHeader(name), redaction)
}

function set(
  span: Span,
  side: 'request' | 'response',
  name: string,
  value: number | string | readonly string[] | undefined,
  redaction: Redaction,
): void {
  if (value === undefined) return
  const texts = Array.isArray(value) ? (value as readonly string[]).map(String) : [String(value)]
  const isSecret = redaction.isSecretKey(name)
  // URLs stand in `referer` and `location`.
  const shown = texts.map((text) => (isSecret ? redaction.replacement : redaction.text(redaction.url(text))))
  span.setAttribute(`http.${side}.header.${name}`, shown)
}

/** The query without its `?`, of the parameters that may be recorded; `undefined` where none is left. */
export function capturedQuery(query: string, { query: wanted }: Capture): string | undefined {
  if (wanted === true) return query
  if (wanted === false) return undefined
  const kept = query.split('&').filter((pair) => wanted.has(nameOf(pair)))
  return kept.length === 0 ? undefined : kept.join('&')
}

function nameOf(pair: string): string {
  const equals = pair.indexOf('=')
  const name = equals < 0 ? pair : pair.slice(0, equals)
  try {
    return decodeURIComponent(name)
  } catch {
    // Not percent-encoded: taken as it stands.
    return name
  }
}

/** Names the trace to the caller: W3C Trace Context Level 2 draft, "traceresponse", or as `Server-Timing`. */
export function exposeTrace(span: Span, res: Res, how: NonNullable<Capture['expose']>): void {
  const { spanId, traceFlags, traceId } = span.spanContext()
  const value = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
  if (how === 'traceresponse') res.setHeader('traceresponse', value)
  else res.setHeader('server-timing', `traceparent;desc="${value}"`)
}
