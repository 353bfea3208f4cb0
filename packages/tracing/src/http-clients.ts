/**
 * Outgoing calls by `node:http` and `node:https`, and so by axios, got and all that stands on them: a client span for
 * each, and the headers that carry the trace on.
 *
 * Invariant: each request that was seen to begin ends once, by the last byte of its answer, its error, or the change of
 * its protocol. Its listeners are of `close` alone, which nothing in node counts: one of `response` or `error` would change
 * what the app sees.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { type Context, SpanKind } from '@opentelemetry/api'
import {
  activeContext,
  contextWithSpan,
  HTTP_ATTRIBUTE,
  isUntraced,
  methodAttribute,
  methodSpanName,
  OTHER_METHOD,
} from '@triscope/core'
import {
  type ClientWatch,
  createTargets,
  endSpan,
  fenced,
  type OpenCall,
  type Target,
  tell,
} from './clients.ts'
import { addHeader, headerOf } from './http-request-headers.ts'
import { onClientRequest } from './http-request-hook.ts'
import { ATTRIBUTE } from './semconv.ts'

interface HttpCall extends OpenCall {
  answer: IncomingMessage | undefined
  error: unknown
}

/** Begins the watch; the returned function ends it, and calls that are open are still seen to their end. */
export function watchHttpCalls(watch: ClientWatch): () => void {
  const calls = new WeakMap<ClientRequest, HttpCall>()
  const targetOf = createTargets()
  const fence = (listener: (message: unknown) => void) => fenced(listener, watch.diagnostics)
  let open = 0
  let stopped = false

  const begin = fence((message) => {
    const request = message as ClientRequest
    const context = activeContext()
    // A tunnel's requests are calls of their own.
    if (isUntraced(context) || request.method === 'CONNECT' || calls.has(request)) return
    const target = targetOf(originOf(request))
    if (target === undefined) return
    const startMs = watch.clock.monotonicMs()
    const method = methodAttribute(request.method)
    const attributes = startAttributes(watch, request, method, target)
    const span = watch.tracer.startSpan(
      methodSpanName(method),
      { kind: SpanKind.CLIENT, attributes },
      context,
    )
    const call = { span, method, target, startMs, status: undefined, answer: undefined, error: undefined }
    calls.set(request, call)
    open++
    request.on(
      'close',
      fence(() => closed(request, call)),
    )
    inject(watch, request, target, contextWithSpan(context, span))
  })

  const answered = fence((message) => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage }
    const call = calls.get(request)
    if (call === undefined) return
    call.status = response.statusCode
    call.answer = response
    response.on(
      'close',
      fence(() =>
        finish(request, call, response.complete ? undefined : (response.errored ?? call.error ?? LEFT)),
      ),
    )
  })

  const failed = fence((message) => {
    const { request, error } = message as { request: ClientRequest; error: unknown }
    const call = calls.get(request)
    if (call === undefined) return
    call.error ??= error
    // Where no answer has begun there is nothing more to wait for: node does not always close such a request.
    if (call.answer === undefined) finish(request, call, error)
  })

  /** An answer is read to its end after its request has closed. */
  const closed = (request: ClientRequest, call: HttpCall): void => {
    if (call.answer !== undefined) return
    const { res } = request as ClientRequest & { res?: IncomingMessage | null }
    // The protocol has changed: no channel tells of such an answer.
    call.status = res?.statusCode
    finish(request, call, res == null ? LEFT : undefined)
  }

  const finish = (request: ClientRequest, call: HttpCall, error: unknown): void => {
    if (!calls.delete(request)) return
    open--
    endSpan(call, error)
    tell(watch, call, error)
    if (stopped && open === 0) stopListening()
  }

  const stopListening = (): void => {
    unsubscribe(ANSWERED, answered)
    unsubscribe(FAILED, failed)
  }

  subscribe(ANSWERED, answered)
  subscribe(FAILED, failed)
  const stopBeginning = onClientRequest(begin)
  return () => {
    if (stopped) return
    stopped = true
    stopBeginning()
    if (open === 0) stopListening()
  }
}

/** The header of an answer has come, in spite of the channel's name. */
const ANSWERED = 'http.client.response.finish'
const FAILED = 'http.client.request.error'

/** What a call ended with that the app gave up without an error, as `response.destroy()` does. */
const LEFT: unknown = Object.freeze({ name: 'AbortError', message: 'the request was given up' })

/**
 * Node keeps the host that was asked for, but of its port only what the `Host` header says; that is missing where it is the
 * default, or where the app wrote the header itself.
 */
function originOf(request: ClientRequest): string {
  const { host, protocol } = request
  const port = /:(\d{1,5})$/.exec(headerOf(request, 'host') ?? '')?.[1]
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  return port === undefined ? `${protocol}//${name}` : `${protocol}//${name}:${port}`
}

function startAttributes(
  { redaction }: ClientWatch,
  request: ClientRequest,
  method: string,
  target: Target,
): Record<string, string | number> {
  const { path } = request
  const attributes: Record<string, string | number> = {
    [HTTP_ATTRIBUTE.requestMethod]: method,
    [HTTP_ATTRIBUTE.serverAddress]: target.host,
    [HTTP_ATTRIBUTE.serverPort]: target.port,
    // Through a proxy the path is a whole URL.
    [ATTRIBUTE.urlFull]: redaction.url(path.startsWith('/') ? originOf(request) + path : path),
  }
  if (method === OTHER_METHOD) attributes[HTTP_ATTRIBUTE.requestMethodOriginal] = request.method
  return attributes
}

/** What the app wrote by hand is its word: a call that names a trace already carries that one, unchanged and alone. */
function inject(watch: ClientWatch, request: ClientRequest, target: Target, context: Context): void {
  const { propagator } = watch
  if (propagator.traceFields.some((field) => headerOf(request, field) !== undefined)) return
  propagator.injectFor(target.host, context, request, HEADERS)
}

const HEADERS = {
  set(request: ClientRequest, name: string, value: string): void {
    if (headerOf(request, name) === undefined) addHeader(request, name, value)
  },
}
