/**
 * How errors, requests and responses become fields. They replace pino's own, which write all headers of a request,
 * cookies and credentials with them, and throw on an error that is frozen.
 */
import type { Redaction } from '@triscope/core'
import { serializeError } from './error-fields.ts'

/** Serializers of the logger that we make; those of the app win over each. */
export function createSerializers(redaction: Redaction): Record<string, (value: unknown) => unknown> {
  return {
    err: serializeError,
    req: (value) => serializeRequest(value, redaction),
    res: serializeResponse,
  }
}

/** Whether it is an error, of this realm or another. */
export function isError(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
  } catch {
    // A proxy that refuses to be looked at.
    return false
  }
}

interface RequestLike {
  id?: unknown
  method?: unknown
  url?: unknown
  originalUrl?: unknown
  remoteAddress?: unknown
  ip?: unknown
  socket?: { remoteAddress?: unknown } | null
}

/** Method, URL with its secrets replaced, and address: never headers. */
function serializeRequest(value: unknown, redaction: Redaction): unknown {
  if (typeof value !== 'object' || value === null) return value
  const req = value as RequestLike
  const url = req.originalUrl ?? req.url
  return {
    id: typeof req.id === 'string' || typeof req.id === 'number' ? req.id : undefined,
    method: req.method,
    url: typeof url === 'string' ? redaction.url(url) : undefined,
    remoteAddress: req.remoteAddress ?? req.socket?.remoteAddress,
  }
}

/** The status, once it is sent: never headers. */
function serializeResponse(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const { statusCode, headersSent } = value as { statusCode?: unknown; headersSent?: unknown }
  return { statusCode: headersSent === false ? null : statusCode }
}
