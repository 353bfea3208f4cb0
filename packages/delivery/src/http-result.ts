/**
 * What an HTTP answer, or the lack of one, means for the bytes that were sent, and how to say it to a human.
 *
 * Invariant: tried again are 429, 502, 503, 504 and lost connections, and nothing else: OTLP 1.10, "OTLP/HTTP Response".
 */
import type { IncomingHttpHeaders } from 'node:http'
import { messageOf } from '@triscope/core'
import { ExportError } from './export-error.ts'
import type { Answer } from './otlp-answer.ts'
import type { SendResult } from './sender.ts'
import { ProxyRefusal } from './tunnel.ts'

const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** What is known of the endpoint; both texts are safe to print. */
export interface Endpoint {
  readonly url: string
  /** Takes what is secret out of a text that came from elsewhere. */
  clean(text: string): string
}

/** The result of an answer that was read to its end. @param nowMs milliseconds since 1970, for dates in `Retry-After` */
export function resultOfAnswer(
  endpoint: Endpoint,
  status: number,
  headers: IncomingHttpHeaders,
  answer: Answer | undefined,
  nowMs: number,
): SendResult {
  const said = answer?.message === undefined ? '' : `: ${endpoint.clean(answer.message)}`
  if (status >= 200 && status < 300) {
    return {
      kind: 'accepted',
      ...(answer?.rejected === undefined ? {} : { rejected: answer.rejected }),
      ...(said === '' ? {} : { message: `${endpoint.url} answered ${status}${said}` }),
    }
  }
  const remedy = remedyForStatus(endpoint, status, headers.location)
  const cause = new ExportError(String(status), `${endpoint.url} answered ${status}${said}${remedy}`)
  if (!RETRYABLE.has(status)) return { kind: 'refused', cause }
  const afterMs = retryAfterMs(headers['retry-after'], nowMs)
  return { kind: 'retry', cause, ...(afterMs === undefined ? {} : { afterMs }) }
}

/** The result of an attempt that ended without an answer. @param reused the connection had served a request before */
export function resultOfFailure(endpoint: Endpoint, error: unknown, reused: boolean): SendResult {
  if (error instanceof ProxyRefusal) return resultOfProxy(endpoint, error)
  const code = codeOf(error)
  const words = `${endpoint.clean(wordsOf(error))}${remedyForCode(endpoint, code)}`
  const cause = new ExportError(code, `${endpoint.url} cannot be reached: ${words}`, error)
  // What answers there speaks another protocol; it will not learn this one.
  if (code.startsWith('HPE_') || code === 'ERR_HTTP2_ERROR') return { kind: 'refused', cause }
  // A backend closes idle connections when it likes; a new one cannot fail in this way, so this does not repeat.
  const stale = reused && (code === 'ECONNRESET' || code === 'EPIPE')
  return { kind: 'retry', cause, ...(stale ? { afterMs: 0 } : {}) }
}

function resultOfProxy(endpoint: Endpoint, { status, message }: ProxyRefusal): SendResult {
  const words = `${endpoint.url} cannot be reached: ${message}${remedyForStatus(endpoint, status, undefined)}`
  const cause = new ExportError(String(status), words)
  return { kind: RETRYABLE.has(status) ? 'retry' : 'refused', cause }
}

/** The result of an attempt that took too long. */
export function resultOfTimeout(endpoint: Endpoint, timeoutMs: number): SendResult {
  const cause = new ExportError(
    'timeout',
    `${endpoint.url} did not answer within ${Math.round(timeoutMs)} ms`,
  )
  return { kind: 'retry', cause }
}

/**
 * Milliseconds from a `Retry-After` in seconds or as a date: RFC 9110 §10.2.3. `undefined` when there is none, it
 * cannot be read, or it is over already.
 */
function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  return ms > 0 ? ms : undefined
}

function remedyForStatus(endpoint: Endpoint, status: number, location: string | undefined): string {
  if (status >= 300 && status < 400) {
    const target = location === undefined ? '' : ` to ${endpoint.clean(location)}`
    return `, a redirect${target}, which is not followed; give the final URL`
  }
  if (status === 401 || status === 403) return '; check the credentials in the headers of the exporter'
  if (status === 404 || status === 405) return '; does the URL end in /v1/traces, /v1/logs or /v1/metrics?'
  if (status === 407) return '; a proxy wants credentials'
  if (status === 413) return '; send smaller batches (maxBatchBytes), or raise the limit of the backend'
  if (status === 415) return '; is this an OTLP endpoint that takes this content type?'
  return ''
}

function remedyForCode(endpoint: Endpoint, code: string): string {
  if (code === 'ECONNREFUSED') return `; is the collector running at ${new URL(endpoint.url).host}?`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return '; is the host name right?'
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return '; should the URL begin with http:// ?'
  if (code.startsWith('HPE_')) return '; is this an HTTP port? OTLP over HTTP is 4318, over gRPC 4317'
  if (code === 'ERR_HTTP2_ERROR') return '; is this a gRPC port? OTLP over gRPC is 4317, over HTTP 4318'
  if (UNTRUSTED.has(code)) return "; give its authority's certificate as tls.ca"
  return ''
}

/** Codes of certificates that lead to no authority Node knows. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : '_OTHER'
}

/** Where a name has several addresses, Node's error has no words of its own, and one error for each of them. */
function wordsOf(error: unknown): string {
  return error instanceof AggregateError && error.message === ''
    ? error.errors.map(messageOf).join(', ')
    : messageOf(error)
}
