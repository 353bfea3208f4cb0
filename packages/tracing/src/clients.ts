/**
 * Outgoing calls by `fetch` and undici, seen through their diagnostics channels: a client span for each, and the
 * headers that carry the trace on. Works alike for the undici within Node 20 to 26 and the one from npm.
 *
 * Invariant: each request that was seen to begin ends once, by its last byte or its error, and nothing in here throws
 * into the call: a subscriber that throws would become an uncaught exception of the app.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  type Context,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from '@opentelemetry/api'
import {
  activeContext,
  activeSpanContext,
  type Clock,
  contextWithSpan,
  type Diagnostics,
  errorMessageOf,
  errorTypeOf,
  HTTP_ATTRIBUTE,
  isUntraced,
  methodAttribute,
  methodSpanName,
  OTHER_METHOD,
  parseUrl,
  type Redaction,
  settle,
} from '@triscope/core'
import type { Propagator } from './propagator.ts'
import { ATTRIBUTE } from './semconv.ts'
import { isValidSpanContext } from './traceparent.ts'

/** One outgoing call that has ended. A redirect that `fetch` follows, and a retry, is a call of its own. */
export interface ClientCall {
  /** One of the known methods, or `_OTHER`. */
  readonly method: string
  /** As in the URL, without the port. */
  readonly host: string
  readonly port: number
  readonly scheme: string
  /** Missing where no answer came. */
  readonly status?: number
  /** From the request's making to the last byte of the answer, or to the error. */
  readonly durationMs: number
  readonly error?: unknown
  readonly spanContext?: SpanContext
}

/** What a watch needs. */
export interface ClientWatch {
  readonly tracer: Tracer
  readonly propagator: Propagator
  readonly clock: Clock
  readonly diagnostics: Diagnostics
  readonly redaction: Redaction
  readonly onEnd: ((call: ClientCall) => void) | undefined
}

/** The part of undici's `Request` that is used; in undici 5 the headers are one string. */
interface UndiciRequest {
  readonly method: string
  readonly origin?: string | URL
  readonly path: string
  readonly headers: string | readonly (string | readonly string[])[]
  /** The protocol to change to, for a WebSocket for instance. */
  readonly upgrade?: string | null
  addHeader(name: string, value: string): unknown
}

/** What a call's end is told with. */
export interface OpenCall {
  readonly span: Span
  readonly method: string
  readonly target: Target
  readonly startMs: number
  status: number | undefined
}

export interface Target {
  readonly scheme: string
  readonly host: string
  readonly port: number
}

/** Begins the watch; the returned function ends it, and calls that are open are still seen to their end. */
export function watchClientCalls(watch: ClientWatch): () => void {
  const calls = new WeakMap<object, OpenCall>()
  const targetOf = createTargets()
  let open = 0
  let stopped = false

  const begin = (message: unknown): void => {
    const { request } = message as { request: UndiciRequest }
    const context = activeContext()
    if (isUntraced(context)) return
    // The undici within Node never tells the end of either: a tunnel's requests are calls of their own, and the other
    // side of an upgrade joins the span that is active here.
    if (request.method === 'CONNECT') return
    const target = targetOf(String(request.origin))
    if (target === undefined) return
    if (typeof request.upgrade === 'string') {
      const active = activeSpanContext()
      if (active !== undefined && isValidSpanContext(active)) inject(request, target, context)
      return
    }
    const method = methodAttribute(request.method)
    const startMs = watch.clock.monotonicMs()
    const span = watch.tracer.startSpan(
      methodSpanName(method),
      { kind: SpanKind.CLIENT, attributes: startAttributes(request, method, target, watch.redaction) },
      context,
    )
    calls.set(request, { span, method, target, startMs, status: undefined })
    open++
    inject(request, target, contextWithSpan(context, span))
  }

  const inject = (request: UndiciRequest, target: Target, context: Context): void => {
    const { propagator } = watch
    if (propagator.traceFields.some((field) => hasHeader(request.headers, field))) return
    propagator.injectFor(target.host, context, request, HEADER_SETTER)
  }

  const answered = (message: unknown): void => {
    const { request, response } = message as { request: UndiciRequest; response: { statusCode: number } }
    const call = calls.get(request)
    if (call !== undefined) call.status = response.statusCode
  }

  const ended = (message: unknown): void => {
    const { request, error } = message as { request: UndiciRequest; error?: unknown }
    const call = calls.get(request)
    if (call !== undefined) finish(request, call, error)
  }

  const finish = (request: UndiciRequest, call: OpenCall, error: unknown): void => {
    calls.delete(request)
    open--
    endSpan(call, error)
    tell(watch, call, error)
    if (stopped && open === 0) unsubscribeAll(endings)
  }

  const beginning: Subscriptions = [['undici:request:create', fenced(begin, watch.diagnostics)]]
  const endings: Subscriptions = [
    ['undici:request:headers', fenced(answered, watch.diagnostics)],
    ['undici:request:trailers', fenced(ended, watch.diagnostics)],
    ['undici:request:error', fenced(ended, watch.diagnostics)],
  ]
  for (const [channel, listener] of [...beginning, ...endings]) subscribe(channel, listener)
  return () => {
    if (stopped) return
    stopped = true
    unsubscribeAll(beginning)
    if (open === 0) unsubscribeAll(endings)
  }
}

const HEADER_SETTER = {
  set(request: UndiciRequest, name: string, value: string): void {
    if (!hasHeader(request.headers, name)) request.addHeader(name, value)
  },
}

type Subscriptions = readonly (readonly [channel: string, listener: (message: unknown) => void])[]

function unsubscribeAll(subscriptions: Subscriptions): void {
  for (const [channel, listener] of subscriptions) unsubscribe(channel, listener)
}

export function fenced(
  listener: (message: unknown) => void,
  diagnostics: Diagnostics,
): (message: unknown) => void {
  return (message) => {
    try {
      listener(message)
    } catch (error) {
      diagnostics.failed('TRI_ERR_CLIENT_WATCH', error)
    }
  }
}

function startAttributes(
  request: UndiciRequest,
  method: string,
  target: Target,
  redaction: Redaction,
): Record<string, string | number> {
  const { path } = request
  // Through a proxy the path is a whole URL.
  const url = path.startsWith('/') ? String(request.origin) + path : path
  const attributes: Record<string, string | number> = {
    [HTTP_ATTRIBUTE.requestMethod]: method,
    [HTTP_ATTRIBUTE.serverAddress]: target.host,
    [HTTP_ATTRIBUTE.serverPort]: target.port,
    [ATTRIBUTE.urlFull]: redaction.url(url),
  }
  if (method === OTHER_METHOD) attributes[HTTP_ATTRIBUTE.requestMethodOriginal] = request.method
  return attributes
}

/** What the app wrote by hand is its word: a call that names a trace already carries that one, unchanged and alone. */
function hasHeader(headers: UndiciRequest['headers'], name: string): boolean {
  if (typeof headers === 'string') return `\n${headers}`.toLowerCase().includes(`\n${name.toLowerCase()}:`)
  for (let i = 0; i < headers.length; i += 2) {
    const one = headers[i]
    if (typeof one === 'string' && one.length === name.length && one.toLowerCase() === name.toLowerCase())
      return true
  }
  return false
}

/** A client's span fails from 400 on, a server's only from 500: semantic conventions 1.45, "HTTP client". */
export function endSpan({ span, status }: OpenCall, error: unknown): void {
  if (status !== undefined) span.setAttribute(HTTP_ATTRIBUTE.responseStatusCode, status)
  if (error !== undefined) {
    span.setAttribute(HTTP_ATTRIBUTE.errorType, errorTypeOf(error))
    const message = errorMessageOf(error)
    span.setStatus(
      message === undefined ? { code: SpanStatusCode.ERROR } : { code: SpanStatusCode.ERROR, message },
    )
  } else if (status !== undefined && status >= 400) {
    span.setAttribute(HTTP_ATTRIBUTE.errorType, String(status))
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}

export function tell(watch: ClientWatch, call: OpenCall, error: unknown): void {
  if (watch.onEnd === undefined) return
  const { method, target, status } = call
  const threw = (thrown: unknown): void => {
    watch.diagnostics.dropped('metrics', 'HOOK_THREW')
    watch.diagnostics.failed('TRI_ERR_CLIENT_HOOK', thrown)
  }
  try {
    const told: unknown = watch.onEnd({
      method,
      host: target.host,
      port: target.port,
      scheme: target.scheme,
      durationMs: Math.max(0, watch.clock.monotonicMs() - call.startMs),
      spanContext: call.span.spanContext(),
      ...(status === undefined ? {} : { status }),
      ...(error === undefined ? {} : { error }),
    })
    settle(told, threw)
  } catch (thrown) {
    threw(thrown)
  }
}

/** Origins repeat; those that are looked at again are remembered, up to a number. */
const MAX_TARGETS = 500

export function createTargets(): (origin: string) => Target | undefined {
  const known = new Map<string, Target>()
  return (origin) => {
    const found = known.get(origin)
    if (found !== undefined) return found
    const target = toTarget(origin)
    if (target !== undefined) {
      if (known.size >= MAX_TARGETS) known.clear()
      known.set(origin, target)
    }
    return target
  }
}

function toTarget(origin: string): Target | undefined {
  const url = parseUrl(origin)
  if (url === undefined) return undefined
  const { protocol, hostname, port } = url
  const scheme = protocol.slice(0, -1)
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return {
    scheme,
    host,
    port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port),
  }
}
