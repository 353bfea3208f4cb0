/**
 * Bytes of a request's body and of its response's, as they are transferred and without headers.
 *
 * Invariant: each is counted on the message itself. What a connection has carried is no measure: it carries headers, other
 * requests, and, where the client pipelines, answers that are not their turn's.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Req, Res } from './request-end.ts'

/** Of one request, while it is under way. */
export interface BodySizes {
  readonly request: number
  readonly response: number
}

/** Begins to count; for a body whose length is not said beforehand this costs two functions on the message. */
export function countBodies(req: Req, res: Res | undefined): BodySizes {
  const request = requestBytes(req as IncomingMessage)
  const response = res === undefined ? none : responseBytes(res as ServerResponse)
  return {
    get request() {
      return request()
    },
    get response() {
      return hasNoBody(req, res) ? 0 : response()
    },
  }
}

/** The length of the response's body where node knows it without counting, as it does of all that is sent in one piece. */
export function knownResponseBytes(req: Req, res: Res | undefined): number | undefined {
  if (hasNoBody(req, res)) return 0
  const { _contentLength: length } = res as { _contentLength?: unknown }
  return typeof length === 'number' && Number.isSafeInteger(length) && length >= 0 ? length : undefined
}

/** The length of the request's body where the client said it beforehand. */
export function saidRequestBytes(req: Req): number | undefined {
  const said = req.headers['content-length']
  if (said === undefined) return undefined
  const length = Number(said)
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined
}

const none = (): number => 0

/** RFC 9110 §6.4.1: whatever the headers say. */
function hasNoBody(req: Req, res: Res | undefined): boolean {
  if (res === undefined || req.method === 'HEAD') return true
  return res.statusCode === 204 || res.statusCode === 304
}

function requestBytes(req: IncomingMessage): () => number {
  const length = saidRequestBytes(req)
  if (length !== undefined) return () => (req.complete ? length : soFar(req, length))
  if (req.httpVersionMajor < 2 && req.headers['transfer-encoding'] === undefined) return none
  let bytes = 0
  const { push } = req
  req.push = (chunk: unknown, encoding?: BufferEncoding) => {
    bytes += bytesOf(chunk, encoding)
    return push.call(req, chunk, encoding)
  }
  return () => bytes
}

/** A client announces what it likes, and may hang up then: it has sent no more than its connection has carried. */
function soFar({ socket }: IncomingMessage, announced: number): number {
  return Math.min(announced, socket?.bytesRead ?? 0)
}

type Write = (this: ServerResponse, ...args: unknown[]) => unknown

function responseBytes(res: ServerResponse): () => number {
  let bytes = 0
  const write = res.write as Write
  const end = res.end as Write
  // The `end` of HTTP/2 hands its chunk to `write`, which counts it.
  const endWrites = (res as { stream?: unknown }).stream !== undefined
  Object.assign(res, {
    write(this: ServerResponse, ...args: unknown[]) {
      bytes += bytesOf(args[0], args[1])
      return write.apply(this, args)
    },
    end(this: ServerResponse, ...args: unknown[]) {
      if (!endWrites && !this.writableEnded) bytes += bytesOf(args[0], args[1])
      return end.apply(this, args)
    },
  })
  return () => bytes
}

function bytesOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string')
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  return chunk instanceof Uint8Array ? chunk.byteLength : 0
}
