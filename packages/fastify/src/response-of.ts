/**
 * The response that belongs to a request, before Fastify hands it to anyone: its child-logger factory, which runs before
 * every hook, is given the request alone.
 *
 * Invariant: nothing is kept but one field on the request, and nothing is listened to once the app has closed.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'
import type { Req, Res, Telemetry } from '@triscope/sdk'
import type { FastifyInstance } from 'fastify'

/** On the request, and shared by every copy of this package. */
const RESPONSE = Symbol.for('triscope.1.fastify.response')

type Paired = Req & { [RESPONSE]?: Res }

/** Pairs the requests that `app` gets with their responses, until it closes. */
export function pairRequests(app: FastifyInstance, diagnostics: Telemetry['diagnostics']): void {
  if ((app.initialConfig as { http2?: boolean }).http2 === true) {
    app.server.prependListener('request', pair)
    return
  }
  const onStart = (message: unknown): void => {
    try {
      const { request, response } = message as { request: Req; response: Res }
      pair(request, response)
    } catch (error) {
      // What a subscriber throws becomes an uncaught exception, and would end the app.
      diagnostics.failed('TRI_WARN_HOOK', error)
    }
  }
  // The channel knows every server, also the second one that Fastify opens where `localhost` has two addresses.
  subscribe(CHANNEL, onStart)
  app.addHook('onClose', (_instance, done) => {
    unsubscribe(CHANNEL, onStart)
    done()
  })
}

/**
 * The response of `req`; for a request that `inject` made, one that does nothing; `undefined` where it is not known.
 */
export function responseOf(req: Req): Res | undefined {
  return (req as Paired)[RESPONSE] ?? (isInjected(req) ? NO_RESPONSE : undefined)
}

/** A request without a socket, which `inject` made: its end is not to be seen there. */
export function isInjected(req: Req): boolean {
  return !(req.socket instanceof Socket)
}

const CHANNEL = 'http.server.request.start'
const NO_RESPONSE = { statusCode: 200, on: () => NO_RESPONSE } as unknown as Res

function pair(request: Req, response: Res): void {
  ;(request as Paired)[RESPONSE] = response
}
