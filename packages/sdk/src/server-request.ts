/**
 * One request, from the first header to the last byte: what it means for all three signals, told here and nowhere
 * else. An adapter begins it, runs the app in its context, names the route and the error; its end is seen here.
 *
 * Invariant: a request that began ends exactly once, and at its end the histogram, the span and the access line are
 * written in this order, with one duration. Nothing in this file throws into the app. It is longer than most, so that a
 * request is told in one place.
 */
import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  type Clock,
  type ContextStorage,
  contextWithSpan,
  countError,
  createErrorTypes,
  type Diagnostics,
  HTTP_ATTRIBUTE,
  isFirstOn,
  methodAttribute,
  methodSpanName,
  OTHER_METHOD,
  type Redaction,
  settle,
} from '@triscope/core'
import type { Logger, Logging } from '@triscope/logging'
import type { Tracing } from '@triscope/tracing'
import { type BodySizes, countBodies, knownResponseBytes, saidRequestBytes } from './body-size.ts'
import { setRequestAttributes } from './request-attributes.ts'
import { type Capture, exposeTrace, setCapturedHeaders } from './request-capture.ts'
import {
  brokenBy,
  type Ending,
  type Pending,
  type Req,
  type Res,
  unwatchEnd,
  watchEnd,
  watchResponses,
} from './request-end.ts'
import { holderOf } from './request-holder.ts'
import { makeRequestId, type RequestIds } from './request-id.ts'
import type { RequestMetrics } from './request-metrics.ts'
import type { RouteOverride } from './request-route.ts'
import { pathOf, schemeOf, urlOf } from './request-target.ts'
import { ATTRIBUTE } from './semconv.ts'

/** Who asked, as the app knows it. Nothing but `id` leaves by telemetry; all of it is handed to `onError`. */
export interface RequestUser {
  /** `user_id` on the access line, `user.id` on the span. */
  readonly id: string
  readonly [more: string]: unknown
}

/** What was known of the request when its error was met, for an error tracker. */
export interface ErrorContext {
  readonly user: RequestUser | undefined
  /** What `addFields` was given, as it was given: not redacted. A copy. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** What the app sees of the request it serves, as `req.triscope`. */
export interface RequestTelemetry {
  /** The server span; it records nothing where tracing is off or the trace is not sampled. */
  readonly span: Span
  /** 32 hex digits; zeros where tracing is off. */
  readonly traceId: string
  /** A logger whose lines carry this request's ids, also from callbacks that lost the context. */
  readonly log: Logger
  /** The id that the caller sent, where it is well-formed; else one that is made when it is first read. `''` where ignored. */
  readonly requestId: string
  /** Adds fields to the access line; the last value of a name wins. At most 64 names; more are dropped and counted. */
  addFields(fields: Readonly<Record<string, unknown>>): void
  /** Names who asked; the last call counts. An `id` that is no text is counted as `VALUE_INVALID`. */
  setUser(user: RequestUser): void
  /**
   * The error that the app met, where its framework does not see it: it is told as if it had. The first one counts.
   */
  error(error: unknown): void
}

/** What an adapter drives. */
export interface ServerRequest extends RequestTelemetry {
  /** Calls `fn` with this request's span active, in it and in everything it starts. */
  run<T>(fn: () => T): T
  /** Whether `run` enters a context. Without tracing there is nothing to carry, and it only calls. */
  readonly hasContext: boolean
  /** The template that matched, `/users/:id`; `undefined` where none did. The last call wins. */
  route(template: string | undefined): void
  /** For requests without a socket. All others end by themselves. @param status default: that of the response */
  end(status?: number): void
}

/** How an adapter begins a request. */
export interface BeginOptions {
  /** `false` where the framework writes request lines of its own. @default true */
  access?: boolean
  /** The logger that `log` is made of. @default the logger of the telemetry */
  logger?: Logger
}

/** What all requests of one telemetry share. */
export interface RequestWorld {
  clock: Clock
  /** `undefined` where nobody in the process makes spans. */
  storage: ContextStorage | undefined
  diagnostics: Diagnostics
  redaction: Redaction
  metrics: RequestMetrics | undefined
  tracing: Tracing | undefined
  capture: Capture
  logging: Logging
  /** Whether requests have access lines at all. What they say is not even gathered otherwise. */
  hasLines: boolean
  onError: ((error: unknown, request: RequestTelemetry, context: ErrorContext) => unknown) | undefined
  routeOverride: RouteOverride | undefined
  /** Finds the client behind proxies; `undefined` where none is trusted. */
  clientAddressOf: ((req: Req) => string | undefined) | undefined
  /** `undefined` where the ids of callers are not taken. */
  requestIds: RequestIds | undefined
}

/** Begins requests, and finds the one that was begun. */
export interface Requests {
  /** `undefined` when this very request was begun before, by this adapter or another. */
  begin(req: Req, res: Res | undefined, how?: BeginOptions): ServerRequest | undefined
  of(req: Req): ServerRequest | undefined
  /** Stands where no request was begun, so that `req.triscope` is never missing: it records nothing. */
  readonly inert: RequestTelemetry
}

/** On the holder of the request's fields, and shared by every copy of this package. */
const REQUEST = Symbol.for('triscope.1.request')

interface Holder {
  [REQUEST]?: ServerRequest
}

/** More than a person reads on one line, and a bound for what is held until the end. */
const MAX_ADDED_FIELDS = 64
const NO_SPAN: Span = trace.wrapSpanContext({
  traceId: '0'.repeat(32),
  spanId: '0'.repeat(16),
  traceFlags: 0,
})

/** Makes what begins requests for one telemetry. */
export function createRequests(world: RequestWorld): Requests {
  const errorTypeOf = createErrorTypes()
  watchResponses((error) => world.diagnostics.failed('TRI_WARN_REQUEST', error))

  class LiveRequest implements ServerRequest, Ending {
    readonly span: Span
    readonly res: Res | undefined
    readonly hasContext: boolean
    readonly #req: Req
    readonly #context: Context
    readonly #method: string
    readonly #url: string
    readonly #path: string
    readonly #scheme: string
    readonly #startMs: number
    readonly #startWallMs: number
    readonly #active: { add(n: number): void } | undefined
    readonly #how: BeginOptions | undefined
    readonly #pending: Pending | undefined
    readonly #bodies: BodySizes | undefined
    #route: string | undefined
    #error: unknown
    #failed = false
    #broken = false
    #ended = false
    #log: Logger | undefined
    #requestId: string | undefined
    #user: RequestUser | undefined
    #fields: Record<string, unknown> | undefined

    constructor(req: Req, res: Res | undefined, how: BeginOptions | undefined) {
      const { clock, tracing } = world
      this.#req = req
      this.res = res
      this.#how = how
      this.#startMs = clock.monotonicMs()
      this.#startWallMs = clock.wallMs()
      this.#method = methodAttribute(req.method)
      this.#scheme = schemeOf(req)
      this.#url = urlOf(req)
      this.#path = pathOf(this.#url)
      this.hasContext = tracing !== undefined
      if (tracing === undefined) {
        this.span = NO_SPAN
        this.#context = ROOT_CONTEXT
      } else {
        const parent = tracing.extract(req.headers)
        this.span = tracing.tracer.startSpan(
          methodSpanName(this.#method),
          {
            kind: SpanKind.SERVER,
            startTime: this.#startWallMs,
            attributes: {
              [HTTP_ATTRIBUTE.requestMethod]: this.#method,
              [ATTRIBUTE.urlPath]: this.#path,
              [ATTRIBUTE.urlScheme]: this.#scheme,
            },
          },
          parent,
        )
        this.#context = contextWithSpan(parent, this.span)
        const { expose } = world.capture
        if (expose !== undefined && res !== undefined) fenced(() => exposeTrace(this.span, res, expose))
      }
      this.#active = world.metrics?.begin(this.#method, this.#scheme)
      this.#bodies = world.metrics?.countsBodies === true ? countBodies(req, res) : undefined
      this.#pending = watchEnd(req, this)
      if (world.requestIds?.answers === true) this.#answerId(world.requestIds.header)
    }

    get traceId(): string {
      return this.span.spanContext().traceId
    }

    get log(): Logger {
      // Without tracing there are no ids to bind a logger to.
      this.#log ??= this.hasContext
        ? world.logging.bound(this.span.spanContext(), this.#how?.logger)
        : (this.#how?.logger ?? world.logging.logger)
      return this.#log
    }

    get requestId(): string {
      this.#requestId ??= world.requestIds?.of(this.#req) ?? makeRequestId()
      return this.#requestId
    }

    run<T>(fn: () => T): T {
      const { storage } = world
      return this.hasContext && storage !== undefined ? storage.run(this.#context, fn) : fn()
    }

    route(template: string | undefined): void {
      this.#route = template
    }

    error(error: unknown): void {
      if (this.#failed || this.#ended) return
      this.#failed = true
      this.#error = error
      fenced(() => {
        countError(world.diagnostics, error)
        if (isFirstOn(this.span, error)) this.span.recordException(error as Error)
      })
      const { onError } = world
      if (onError !== undefined)
        callHook(() => onError(error, this, { user: this.#user, fields: { ...this.#fields } }))
    }

    addFields(fields: Readonly<Record<string, unknown>>): void {
      fenced(() => {
        this.#fields ??= Object.create(null) as Record<string, unknown>
        let room = MAX_ADDED_FIELDS - Object.keys(this.#fields).length
        for (const name of Object.keys(fields)) {
          if (!(name in this.#fields) && room-- <= 0) world.diagnostics.dropped('logs', 'VALUE_INVALID')
          else this.#fields[name] = fields[name]
        }
      })
    }

    setUser(user: RequestUser): void {
      fenced(() => {
        const { id } = user
        if (typeof id !== 'string') return world.diagnostics.dropped('logs', 'VALUE_INVALID')
        this.#user = user
        this.addFields({ user_id: id })
        this.span.setAttribute(ATTRIBUTE.userId, id)
      })
    }

    end(status?: number): void {
      this.#finish(status ?? this.res?.statusCode)
    }

    ended(how: 'complete' | 'aborted', status?: number): void {
      this.#finish(how === 'complete' ? (status ?? this.res?.statusCode) : undefined)
    }

    #answerId(header: string): void {
      const res = this.res as
        | { headersSent: boolean; setHeader(name: string, value: string): void }
        | undefined
      if (res !== undefined && !res.headersSent) fenced(() => res.setHeader(header, this.requestId))
    }

    /** @param status `undefined` when the client went away before the whole answer was sent */
    #finish(status: number | undefined): void {
      if (this.#ended) return
      if (status === undefined) this.#cutOff()
      this.#ended = true
      fenced(() => {
        // As the difference of the two moments that the span has, which a number holds to a quarter of a microsecond.
        const endMs = this.#startWallMs + Math.max(0, world.clock.monotonicMs() - this.#startMs)
        const durationMs = endMs - this.#startWallMs
        unwatchEnd(this.#pending, this)
        this.#active?.add(-1)
        if (world.routeOverride !== undefined) this.#route = world.routeOverride(this.#req, this.#route)
        const errorType = this.#errorType(status)
        this.#observe(status, errorType, durationMs)
        this.#endSpan(status, errorType, durationMs)
        this.#writeLine(status, errorType, durationMs)
      })
    }

    /** Where the app's own stream broke, that is what cut the answer off, and no client. */
    #cutOff(): void {
      const error = this.res === undefined ? undefined : brokenBy(this.#req, this.res)
      if (error === undefined) return
      this.#broken = true
      this.error(error)
    }

    #errorType(status: number | undefined): string | undefined {
      if (status === undefined) return this.#broken ? errorTypeOf(this.#error) : 'aborted'
      if (status < 500) return undefined
      return this.#failed ? errorTypeOf(this.#error) : String(status)
    }

    #observe(status: number | undefined, errorType: string | undefined, durationMs: number): void {
      const spanContext = world.tracing === undefined ? undefined : this.span.spanContext()
      world.metrics?.end({
        method: this.#method,
        route: this.#route,
        scheme: this.#scheme,
        status,
        errorType,
        durationMs,
        spanContext,
        bodies: this.#bodies,
      })
    }

    #endSpan(status: number | undefined, errorType: string | undefined, durationMs: number): void {
      const { span } = this
      if (span.isRecording()) {
        const req = this.#req
        const route = this.#route
        if (route !== undefined) {
          span.updateName(`${methodSpanName(this.#method)} ${route}`)
          span.setAttribute(ATTRIBUTE.route, route)
        }
        if (this.#method === OTHER_METHOD)
          span.setAttribute(HTTP_ATTRIBUTE.requestMethodOriginal, String(req.method).slice(0, 64))
        if (status !== undefined) span.setAttribute(HTTP_ATTRIBUTE.responseStatusCode, status)
        const bodies = this.#bodies
        if (bodies !== undefined) {
          span.setAttribute(ATTRIBUTE.requestBodySize, bodies.request)
          span.setAttribute(ATTRIBUTE.responseBodySize, bodies.response)
        }
        setRequestAttributes(span, req, this.#url, this.#clientAddress(), world.redaction, world.capture)
        setCapturedHeaders(span, req, this.res, world.capture, world.redaction)
        if (errorType !== undefined) {
          span.setAttribute(HTTP_ATTRIBUTE.errorType, errorType)
          // The message is on the exception event; a status without one is what HTTP conventions ask for.
          span.setStatus({ code: SpanStatusCode.ERROR })
        }
      }
      span.end(this.#startWallMs + durationMs)
    }

    #clientAddress(): string | undefined {
      const { clientAddressOf } = world
      return clientAddressOf === undefined ? this.#req.socket?.remoteAddress : clientAddressOf(this.#req)
    }

    #responseBytes(): number | undefined {
      return this.#bodies === undefined ? knownResponseBytes(this.#req, this.res) : this.#bodies.response
    }

    #writeLine(status: number | undefined, errorType: string | undefined, durationMs: number): void {
      if (!world.hasLines || this.#how?.access === false) return
      const req = this.#req
      world.logging.access(
        {
          method: this.#method,
          route: this.#route,
          path: this.#path,
          status,
          durationMs,
          bytes: status === undefined ? undefined : this.#responseBytes(),
          requestBytes: this.#bodies === undefined ? saidRequestBytes(req) : this.#bodies.request,
          clientAddress: this.#clientAddress(),
          userAgent: req.headers['user-agent'],
          requestId: this.#requestId ?? world.requestIds?.of(req),
          error: this.#failed ? this.#error : undefined,
          errorType,
          fields: this.#fields,
        },
        levelOf(status, errorType),
        this.span.spanContext(),
        this.#how?.logger,
      )
    }
  }

  /** A hook of the app: what it throws, now or later, is counted and goes no further. */
  function callHook(hook: () => unknown): void {
    const failed = (error: unknown): void => world.diagnostics.failed('TRI_WARN_HOOK', error)
    try {
      settle(hook(), failed)
    } catch (error) {
      failed(error)
    }
  }

  function fenced(fn: () => void): void {
    try {
      fn()
    } catch (error) {
      world.diagnostics.failed('TRI_WARN_REQUEST', error)
    }
  }

  const inert: RequestTelemetry = {
    span: NO_SPAN,
    traceId: NO_SPAN.spanContext().traceId,
    get log() {
      return world.logging.logger
    },
    requestId: '',
    addFields() {},
    setUser() {},
    error() {},
  }

  return {
    inert,
    begin(req, res, how) {
      const holder = holderOf(req) as Holder
      if (holder[REQUEST] !== undefined) return undefined
      try {
        const request = new LiveRequest(req, res, how)
        holder[REQUEST] = request
        return request
      } catch (error) {
        world.diagnostics.failed('TRI_WARN_REQUEST', error)
        return undefined
      }
    },
    of: requestOf,
  }
}

/** The request that any telemetry of the process has begun for `req`; `undefined` where none has. */
export function requestOf(req: Req): ServerRequest | undefined {
  return (holderOf(req) as Holder)[REQUEST]
}

/** A client that goes away, or asks for what it may not have, is worth a warning; a failure of ours is an error. */
function levelOf(status: number | undefined, errorType: string | undefined): 'info' | 'warn' | 'error' {
  if (status === undefined) return 'warn'
  if (errorType !== undefined) return 'error'
  return status >= 400 ? 'warn' : 'info'
}
