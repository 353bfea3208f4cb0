/**
 * Sees the end of a request, whatever it is, and says so once.
 *
 * No single event is enough. A response whose bytes went out emits `close`; so does one that was cut off, but a
 * pipelined one whose socket dies before its turn emits nothing, and only the socket's `close` tells. A request made
 * by `inject` has no socket, and its adapter calls `end` itself. One whose connection is handed over has no response that
 * counts: see `handshake-end.ts`.
 *
 * Invariant: one listener for each response and one for each connection, shared functions, no closure per request.
 */
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
  /**
   * Called at the first sign of the end, and perhaps again: the callee ends only once.
   * @param status where it is not that of the response
   */
  ended(how: 'complete' | 'aborted', status?: number): void
}

/** Under symbols, so that no framework copies, prints or serialises them. */
const ENDING = Symbol.for('triscope.1.ending')
const PENDING = Symbol.for('triscope.1.pending')

interface WithEnding {
  [ENDING]?: Ending
}

interface WithPending {
  /** Requests of this connection that have not ended: more than one only where the client pipelines. */
  [PENDING]?: Ending[]
}

/**
 * Watches `res`, and the connection it belongs to, on behalf of `ending`.
 * @param res `undefined` where the connection is handed over with the request: an upgrade, or a tunnel
 */
export function watchEnd(req: Req, res: Res | undefined, ending: Ending): void {
  if (isOver(req, res)) {
    // The client left while something before us waited: the events have come and gone.
    process.nextTick(() => ending.ended('aborted'))
    return
  }
  const socket = connectionOf(req)
  if (socket !== undefined && (req as { upgrade?: unknown }).upgrade === true) {
    watchHandshake(socket, (status) => ending.ended(status === undefined ? 'aborted' : 'complete', status))
  } else if (res !== undefined) {
    const marked = res as Res & WithEnding
    marked[ENDING] = ending
    ;(res as ServerResponse).on('close', onResponseClose)
  }
  if (socket === undefined) return
  const pending = socket[PENDING]
  if (pending !== undefined) {
    pending.push(ending)
    return
  }
  socket[PENDING] = [ending]
  socket.once('close', onSocketClose)
}

/** Lets go of `ending`, so that a connection that lives for hours holds nothing of it. */
export function unwatchEnd(req: Req, ending: Ending): void {
  const pending = connectionOf(req)?.[PENDING]
  if (pending === undefined) return
  const index = pending.indexOf(ending)
  if (index >= 0) pending.splice(index, 1)
}

function onResponseClose(this: ServerResponse & WithEnding): void {
  this[ENDING]?.ended(wasSent(this) ? 'complete' : 'aborted')
}

function onSocketClose(this: WithPending): void {
  const pending = this[PENDING]
  if (pending === undefined) return
  // A copy, because each that ends takes itself off the list.
  for (const ending of [...pending]) ending.ended('aborted')
}

function isOver(req: Req, res: Res | undefined): boolean {
  return req.socket?.destroyed === true || (res !== undefined && (isDestroyed(res) || isReset(res)))
}

function isDestroyed(res: Res): boolean {
  return (res as ServerResponse).destroyed === true
}

function isReset(res: Res): boolean {
  const { stream } = res as Partial<Http2ServerResponse>
  return stream?.destroyed === true
}

/**
 * Whether the whole response went out. An HTTP/2 stream that was reset reports `writableFinished` all the same; its
 * reset code is not 0 then.
 */
function wasSent(res: ServerResponse): boolean {
  if (!res.writableFinished) return false
  const { stream } = res as unknown as Partial<Http2ServerResponse>
  return stream === undefined || stream === null || stream.rstCode === undefined || stream.rstCode === 0
}

/** HTTP/1 only: an HTTP/2 stream always emits `close`, and its `socket` is a proxy that refuses listeners. */
function connectionOf(req: Req): (Socket & WithPending) | undefined {
  if (req.httpVersionMajor >= 2) return undefined
  const { socket } = req as IncomingMessage
  return typeof socket?.once === 'function' ? socket : undefined
}
