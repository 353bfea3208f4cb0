/**
 * Sees the end of a request, whatever it is, and says so once.
 *
 * No single event is enough. A response of `node:http` whose bytes went out is told by the channel
 * `http.server.response.finish`; one that was cut off, or a pipelined one whose socket dies before its turn, only by the
 * socket's `close`. Responses that no server of `node:http` made, those of HTTP/2 among them, emit `close`. A request
 * made by `inject` has no socket, and its adapter calls `end` itself. One whose connection is handed over has no response
 * that counts: see `handshake-end.ts`.
 *
 * Invariant: one listener for each connection, and none for a response of `node:http`: to listen to one in Express takes
 * 2.6 µs on Node 20, field and look at its state included, the channel 0.3.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import { watchHandshake } from './handshake-end.ts'

/** A request of `node:http` or of the compatibility layer of `node:http2`. */
export type Req = IncomingMessage | Http2ServerRequest
/** Its response. */
export type Res = ServerResponse | Http2ServerResponse

/** What waits for its end. */
export interface Ending {
  /** `undefined` where the connection is handed over with the request: an upgrade, or a tunnel. */
  readonly res: Res | undefined
  /**
   * Called at the first sign of the end, and perhaps again: the callee ends only once.
   * @param status where it is not that of the response
   */
  ended(how: 'complete' | 'aborted', status?: number): void
}

/** Requests of one connection that have not ended: more than one only where the client pipelines. */
export type Pending = Ending[]

/** Under a symbol on the socket, shared by every copy of this package. */
const PENDING = Symbol.for('triscope.1.pending')

interface WithPending {
  [PENDING]?: Pending
  readonly destroyed?: boolean
  readonly errored?: unknown
}

let listening = false

/**
 * Listens to the responses of all servers, once and for the life of the process.
 * @param onFault hears of messages that are not what node publishes
 */
export function watchResponses(onFault: (error: unknown) => void): void {
  if (listening) return
  listening = true
  subscribe('http.server.response.finish', (message) => {
    try {
      onFinish(message as { response: Res; socket: WithPending })
    } catch (error) {
      // What a subscriber throws becomes an uncaught exception, and would end the app.
      onFault(error)
    }
  })
}

/**
 * Watches the response of `ending`, and the connection it belongs to.
 * @returns the list that it stands on, to be handed to `unwatchEnd`
 */
export function watchEnd(req: Req, ending: Ending): Pending | undefined {
  const { res } = ending
  const socket = connectionOf(req)
  if (isOver(req, res, socket)) {
    // The client left while something before us waited: the events have come and gone.
    process.nextTick(() => ending.ended('aborted'))
    return undefined
  }
  if (socket !== undefined && (req as { upgrade?: unknown }).upgrade === true) {
    watchHandshake(socket, (status) => ending.ended(status === undefined ? 'aborted' : 'complete', status))
  } else if (res !== undefined && (socket === undefined || !isServed(res))) {
    ;(res as ServerResponse).on('close', () => ending.ended(wasSent(res) ? 'complete' : 'aborted'))
  }
  if (socket === undefined) return undefined
  const pending = socket[PENDING]
  if (pending !== undefined) {
    pending.push(ending)
    return pending
  }
  // Node keeps an address once it was read, and knows none when the connection is gone: an aborted request has it too.
  Reflect.get(socket, 'remoteAddress')
  const begun = [ending]
  socket[PENDING] = begun
  socket.once('close', onSocketClose)
  return begun
}

/** Lets go of `ending`, so that a connection that lives for hours holds nothing of it. */
export function unwatchEnd(pending: Pending | undefined, ending: Ending): void {
  if (pending === undefined) return
  const index = pending.indexOf(ending)
  if (index === pending.length - 1) pending.pop()
  else if (index >= 0) pending.splice(index, 1)
}

function onFinish({ response, socket }: { response: Res; socket: WithPending }): void {
  const pending = socket[PENDING]
  if (pending === undefined) return
  for (const ending of pending) {
    // On the next turn: what the app does when its response has finished is still part of the request.
    // It finishes too where it was written to a socket that the app had destroyed: then the socket's end tells.
    if (ending.res === response && socket.destroyed !== true) process.nextTick(complete, ending)
  }
}

function complete(ending: Ending): void {
  ending.ended('complete')
}

function onSocketClose(this: WithPending): void {
  const pending = this[PENDING]
  if (pending === undefined) return
  // A copy, because each that ends takes itself off the list.
  for (const ending of [...pending]) {
    if (isTimedOut(this, ending)) ending.ended('complete', REQUEST_TIMEOUT)
    else ending.ended('aborted')
  }
}

/** RFC 9110 §15.5.9. */
const REQUEST_TIMEOUT = 408

/**
 * Whether the server has answered 408 past the response, to a request whose body took longer than `requestTimeout`: the
 * client was told so, and did not go away.
 */
function isTimedOut({ errored }: WithPending, { res }: Ending): boolean {
  if ((errored as { code?: unknown } | null | undefined)?.code !== 'ERR_HTTP_REQUEST_TIMEOUT') return false
  return res !== undefined && !res.headersSent && (res.req as { complete?: boolean }).complete === false
}

function isOver(req: Req, res: Res | undefined, socket: Socket | undefined): boolean {
  if ((res as ServerResponse | undefined)?.destroyed === true) return true
  if (socket !== undefined) return socket.destroyed
  return req.socket?.destroyed === true || (res !== undefined && isReset(res))
}

function isReset(res: Res): boolean {
  const { stream } = res as Partial<Http2ServerResponse>
  return stream?.destroyed === true
}

/** Whether a server of `node:http` made it and will publish its end: only there has it this field. */
function isServed(res: Res): boolean {
  return (res as { _maxRequestsPerSocket?: unknown })._maxRequestsPerSocket !== undefined
}

/**
 * Whether the whole response went out. Over HTTP/2 `writableFinished` says nothing: a stream that was reset has it, and
 * so has one whose session died before it was answered, whose reset code even is 0.
 */
function wasSent(res: Res): boolean {
  const { stream } = res as unknown as Partial<Http2ServerResponse>
  if (stream === undefined || stream === null) return (res as ServerResponse).writableFinished
  return res.writableEnded && stream.aborted !== true && (stream.rstCode ?? 0) === 0
}

/**
 * The error that the app has destroyed a response with, by `pipeline` for instance; `undefined` where its client went away.
 * Node 24 destroys a response that waits for its turn by itself then: with an error, but without one for the socket.
 */
export function brokenBy(req: Req, res: Res): unknown {
  const { errored, stream } = res as { errored?: unknown; stream?: { errored?: unknown } | null }
  const error = errored ?? stream?.errored ?? undefined
  if ((error as { code?: unknown } | undefined)?.code !== 'ECONNRESET') return error
  return (req.socket as { errored?: unknown } | undefined)?.errored === error ? error : undefined
}

/** HTTP/1 only: an HTTP/2 stream always emits `close`, and its `socket` is a proxy that refuses listeners. */
function connectionOf(req: Req): (Socket & WithPending) | undefined {
  if (req.httpVersionMajor >= 2) return undefined
  const { socket } = req as IncomingMessage
  return typeof socket?.once === 'function' ? socket : undefined
}
