/** What the headers and the connection of a request say on its server span: semantic conventions 1.45, "HTTP server". */
import type { Span } from '@opentelemetry/api'
import { HTTP_ATTRIBUTE, type Redaction } from '@triscope/core'
import { type Capture, capturedQuery } from './request-capture.ts'
import type { Req } from './request-end.ts'
import { ATTRIBUTE } from './semconv.ts'

/** Sets them; secret query parameters are replaced. */
export function setRequestAttributes(
  span: Span,
  req: Req,
  url: string,
  clientAddress: string | undefined,
  redaction: Redaction,
  capture: Capture,
): void {
  const question = url.indexOf('?')
  if (question >= 0) {
    const query = capturedQuery(url.slice(question + 1), capture)
    if (query !== undefined) span.setAttribute(ATTRIBUTE.urlQuery, redaction.url(`?${query}`).slice(1))
  }
  const { host } = req.headers
  if (host !== undefined) setServer(span, host)
  if (clientAddress !== undefined) span.setAttribute(ATTRIBUTE.clientAddress, clientAddress)
  span.setAttribute(ATTRIBUTE.protocolVersion, req.httpVersion === '2.0' ? '2' : req.httpVersion)
  const userAgent = req.headers['user-agent']
  if (userAgent !== undefined) span.setAttribute(ATTRIBUTE.userAgent, userAgent)
}

/** `host`, `host:port`, `[::1]:port`. */
function setServer(span: Span, host: string): void {
  const colon = host.lastIndexOf(':')
  const hasPort = colon > 0 && colon > host.lastIndexOf(']')
  span.setAttribute(HTTP_ATTRIBUTE.serverAddress, hasPort ? host.slice(0, colon) : host)
  const port = hasPort ? Number(host.slice(colon + 1)) : Number.NaN
  if (Number.isInteger(port)) span.setAttribute(HTTP_ATTRIBUTE.serverPort, port)
}
