/** The one line for a server of node itself. What a request means is told by the sdk; here it is begun and run. */
import { type Req, type Telemetry, TriscopeError, type TriscopeOptions, telemetryFor } from '@triscope/sdk'
import { type HttpRequest, httpRequestOf } from './http-request.ts'
import { type HttpServer, httpServer } from './http-server.ts'
import { observeServer } from './observed-server.ts'

/** `triscope` itself. */
export interface Triscope {
  /**
   * Equips a server, before or after its listeners were added; a second time changes nothing. The requests that come from
   * then on have telemetry, upgrades among them.
   * Throws `TRI_ERR_APP`, `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`.
   */
  (server: HttpServer, options?: TriscopeOptions | Telemetry): Telemetry
  /** The telemetry that stands on `server`. Throws `TRI_ERR_APP` where there is none. */
  of(server: HttpServer): Telemetry
  /**
   * A request's telemetry: its span, trace id and logger; and where its route and error are named. One that records nothing
   * where the request was ignored, or came to another server.
   */
  requestOf(req: Req): HttpRequest
}

/** Metrics, traces and logs for a server of `node:http`, `node:https` or `node:http2`: `triscope(server)`. */
export const triscope: Triscope = Object.assign(start, { of: telemetryOf, requestOf: httpRequestOf })

/** On the server: its telemetry. Every copy of this package finds it there. */
const TELEMETRY = Symbol.for('triscope.1.http.server')

type Marked = HttpServer & { [TELEMETRY]?: Telemetry }

function start(server: HttpServer, options?: TriscopeOptions | Telemetry): Telemetry {
  const marked = httpServer(server) as Marked
  const telemetry = telemetryFor(options)
  const before = marked[TELEMETRY]
  if (before !== undefined) return before
  Object.defineProperty(marked, TELEMETRY, { value: telemetry, configurable: true })
  observeServer(marked, telemetry)
  return telemetry
}

function telemetryOf(server: HttpServer): Telemetry {
  const telemetry = (server as Marked)[TELEMETRY]
  if (telemetry !== undefined) return telemetry
  throw new TriscopeError('TRI_ERR_APP', 'triscope.of(server): triscope does not stand on this server', {
    hint: 'call triscope(server) first',
  })
}
