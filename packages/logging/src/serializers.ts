/**
 * How errors, requests and responses become fields. They replace pino's own, which write all headers of a request,
 * cookies and credentials with them, and throw on an error that is frozen.
 */
import { messageOf, type Redaction } from '@triscope/core'
import { pino } from 'pino'

/** Serializers of the logger that we make; those of the app win over each. */
export function createSerializers(redaction: Redaction): Record<string, (value: unknown) => unknown> {
  return {
    err: serializeError,
    req: (value) => serializeRequest(value, redaction),
    res: serializeResponse,
  }
}

/**
 * pino's standard form: `type`, `message` and `stack`, both with the chain of causes, `aggregateErrors`, and what else
 * the error carries. Anything that is no error is returned as it is.
 */
export function serializeError(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  try {
    return asPlain(pino.stdSerializers.err(value as Error))
  } catch {
    // Frozen, or with a getter that throws: what identifies it is read field by field.
    return {
      type: readText(value, 'name'),
      message: messageOf(value),
      stack: readText(value, 'stack'),
    }
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

/** Plain objects all the way down the aggregate, because the redaction policy looks into plain objects only. */
function asPlain(value: object): unknown {
  const copy: Record<string, unknown> = { ...value }
  const { aggregateErrors } = copy
  if (Array.isArray(aggregateErrors)) {
    copy['aggregateErrors'] = aggregateErrors.map((one) =>
      typeof one === 'object' && one !== null ? asPlain(one as object) : one,
    )
  }
  return copy
}

function readText(value: object, key: string): string | undefined {
  try {
    const text = (value as Record<string, unknown>)[key]
    return typeof text === 'string' ? text : undefined
  } catch {
    // The getter throws; the other fields still say which error it was.
    return undefined
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
