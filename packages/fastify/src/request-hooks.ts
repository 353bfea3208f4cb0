/**
 * What one Fastify instance gets, once: hooks that begin its requests, run them in their context and report their
 * errors, and loggers whose lines name the request's trace.
 */
import {
  type Req,
  type RequestTelemetry,
  type Res,
  type ServerRequest,
  type Telemetry,
  watchUpgrades,
} from '@triscope/sdk'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasLogger, writesRequestLines } from './framework-logger.ts'
import { tellRefused } from './refused-requests.ts'
import { isInjected, pairRequests, responseOf } from './response-of.ts'
import { equipServers } from './servers-of-app.ts'

type Log = FastifyRequest['log']

/** Equips `app`. What Fastify throws here, it throws before anything was changed. */
export function addRequestHooks(app: FastifyInstance, telemetry: Telemetry): void {
  const logs = hasLogger(app)
  const access = !writesRequestLines(app)

  function begin(req: Req, res: Res, log: Log | undefined): ServerRequest | undefined {
    const how = log === undefined ? undefined : { access, logger: log as ServerRequest['log'] }
    return telemetry.beginRequest(req, res, how) ?? telemetry.requestOf(req)
  }

  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = request
    if (telemetry.answer(raw, reply.raw)) {
      reply.hijack()
      return
    }
    const live = telemetry.requestOf(raw) ?? begin(raw, reply.raw, logs ? request.log : undefined)
    if (live === undefined) {
      if (!logs) setLog(request, reply, telemetry.logger)
      done()
      return
    }
    live.route(request.is404 ? undefined : request.routeOptions.url)
    if (!logs) setLog(request, reply, live.log)
    else if (request.log !== live.log) setLog(request, reply, boundTo(telemetry, live, request.log))
    if (isInjected(raw)) reply.raw.once('finish', () => live.end(reply.raw.statusCode))
    live.run(done)
  })

  // A body is read in the context of the connection; the handler is to run in that of the request. A hook costs every
  // request, so there is none where no context is entered.
  if (telemetry.tracing !== undefined) {
    app.addHook('preValidation', (request, _reply, done) => {
      const live = request.body === undefined ? undefined : telemetry.requestOf(request.raw)
      if (live === undefined) done()
      else live.run(done)
    })
  }

  app.addHook('onError', (request, _reply, error, done) => {
    telemetry.requestOf(request.raw)?.error(error)
    done()
  })

  const logger = app.log as unknown as Telemetry['logger']
  const how = logs ? { access, logger } : undefined
  // Fastify writes no line of what it has not heard of, nor of what it has refused by itself.
  const howUnheard = logs ? { access: true, logger } : undefined
  equipServers(app, (server) => {
    tellRefused(server, telemetry, how, howUnheard)
    watchUpgrades(server, telemetry, howUnheard)
  })
  if (!app.hasRequestDecorator('triscope')) {
    app.decorateRequest('triscope', {
      getter(this: FastifyRequest): RequestTelemetry {
        return telemetry.requestOf(this.raw) ?? telemetry.inertRequest
      },
    })
  }
  if (logs) {
    telemetry.logging.correlate(app.log)
    bindChildLoggers(app, telemetry, begin)
  }
}

/**
 * Begins the request where its logger is made, which is before "incoming request" is written: so that line has the ids.
 * Without a logger no factory is set, because Fastify then writes that line and never "request completed".
 */
function bindChildLoggers(
  app: FastifyInstance,
  telemetry: Telemetry,
  begin: (req: Req, res: Res, log: Log) => ServerRequest | undefined,
): void {
  const makeChild = app.childLoggerFactory
  pairRequests(app, telemetry.diagnostics)
  app.setChildLoggerFactory(function (logger, bindings, options, raw) {
    // A scrape leaves no telemetry, nor the two lines that Fastify writes of every request.
    const silenced = telemetry.owns(raw) ? { ...options, level: 'silent' } : options
    const child = makeChild.call(this, logger, bindings, silenced, raw)
    const res = responseOf(raw)
    const live = res === undefined ? undefined : begin(raw, res, child)
    return live === undefined ? child : boundTo(telemetry, live, child)
  })
}

/** `log` with the ids of `live`; nothing else about it changes. */
function boundTo(telemetry: Telemetry, live: ServerRequest, log: Log): Log {
  return telemetry.logging.bound(live.span.spanContext(), log as ServerRequest['log']) as Log
}

function setLog(request: FastifyRequest, reply: FastifyReply, log: unknown): void {
  request.log = log as Log
  reply.log = log as Log
}
