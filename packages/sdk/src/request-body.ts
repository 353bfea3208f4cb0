/** The context of whoever reads a request's body. */
import type { IncomingMessage } from 'node:http'
import type { Req } from './request-end.ts'

/**
 * What a body's reader hears, it hears in the context of the connection, and would lose the request's. From now on it
 * hears all in that of `request`. Costs only requests with a body (RFC 9112 §6.3: one of two headers says so; HTTP/2 needs
 * neither).
 */
export function bindBody(req: Req, request: { run<T>(fn: () => T): T; readonly hasContext: boolean }): void {
  if (!request.hasContext || !mayHaveBody(req)) return
  const { emit } = req as IncomingMessage
  ;(req as IncomingMessage).emit = (...event: Parameters<typeof emit>) =>
    request.run(() => emit.apply(req, event))
}

function mayHaveBody({ headers, httpVersionMajor, method }: Req): boolean {
  const length = headers['content-length']
  if (length !== undefined) return length !== '0'
  if (headers['transfer-encoding'] !== undefined) return true
  return httpVersionMajor >= 2 && method !== 'GET' && method !== 'HEAD'
}
