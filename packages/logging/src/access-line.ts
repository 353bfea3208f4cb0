/**
 * The one line that tells a request, made at its end.
 *
 * Invariant: the line is the same, byte for byte, whether it goes through pino or is put together by hand; strings of
 * the client are bounded and well-formed before either sees them, so none of them can forge a line.
 */
import { errorMessageOf, errorTypeOf, type Redaction } from '@triscope/core'
import { quoted } from './json-text.ts'

/** What is known of a request when it ends. All but the method may be unknown. */
export interface AccessFields {
  method: string
  /** The template that matched, `/users/:id`. */
  route?: string | undefined
  /** What was asked for; from `?` on nothing of it is written. */
  path?: string | undefined
  /** Unknown where the client went away before it was answered. */
  status?: number | undefined
  durationMs?: number | undefined
  /** Size of the response's body, in bytes. */
  bytes?: number | undefined
  /** Size of the request's body, in bytes. */
  requestBytes?: number | undefined
  clientAddress?: string | undefined
  userAgent?: string | undefined
  /** The id by which the caller knows the request. */
  requestId?: string | undefined
  /** What the app threw; its type and message are written. */
  error?: unknown
  /** What kind of error it was, where that is known better than by `error` itself: `aborted`. */
  errorType?: string | undefined
  /** Fields of the app. Names of the line's own, of the trace ids and of what pino writes are left out. */
  fields?: Readonly<Record<string, unknown>> | undefined
}

/** How bad a line is, in pino's words. */
export type AccessLevel = 'info' | 'warn' | 'error'

/** The line's own fields, in the order they are written. */
export interface AccessRecord {
  method: string
  route: string | undefined
  path: string | undefined
  status: number | undefined
  duration_ms: number | undefined
  bytes: number | undefined
  request_bytes: number | undefined
  client_address: string | undefined
  user_agent: string | undefined
  request_id: string | undefined
  error: { type: string | undefined; message: string | undefined } | undefined
}

/** Their names. */
export const ACCESS_NAMES: readonly string[] = [
  'method',
  'route',
  'path',
  'status',
  'duration_ms',
  'bytes',
  'request_bytes',
  'client_address',
  'user_agent',
  'request_id',
  'error',
]

/** Longer text is cut, and ends in `…`. In UTF-16 units; a client sends up to 16 KiB of headers. */
const MAX_SHORT = 256
const MAX_PATH = 2_048
const MAX_USER_AGENT = 512
const MAX_MESSAGE = 4_096

/** Text that was looked through, and is kept: user agents, routes, addresses of connections. */
const MAX_KNOWN = 500

/** Makes records: copies what is written of a request, bounded and without secrets. */
export class AccessRecords {
  readonly #redaction: Redaction
  /** To look through a browser's user agent takes a microsecond, to find it here a tenth. */
  readonly #known = new Map<string, string>()

  constructor(redaction: Redaction) {
    this.#redaction = redaction
  }

  of(fields: AccessFields): AccessRecord {
    const { error, errorType } = fields
    return {
      method: this.#recurring(fields.method, MAX_SHORT) ?? '',
      route: this.#recurring(fields.route, MAX_SHORT),
      path: this.#path(fields.path),
      status: fields.status,
      duration_ms: rounded(fields.durationMs),
      bytes: fields.bytes,
      request_bytes: fields.requestBytes,
      client_address: this.#recurring(fields.clientAddress, MAX_SHORT),
      user_agent: this.#recurring(fields.userAgent, MAX_USER_AGENT),
      request_id: this.#clean(fields.requestId, MAX_SHORT),
      error:
        error === undefined && errorType === undefined
          ? undefined
          : {
              type: this.#recurring(errorType ?? errorTypeOf(error), MAX_SHORT),
              message: this.#clean(errorMessageOf(error), MAX_MESSAGE),
            },
    }
  }

  #recurring(text: string | undefined, max: number): string | undefined {
    if (typeof text !== 'string') return undefined
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const clean = this.#clean(text, max)
    // So short, it is the same under every limit.
    if (clean === text && text.length <= MAX_SHORT) {
      if (this.#known.size >= MAX_KNOWN) this.#known.clear()
      this.#known.set(text, clean)
    }
    return clean
  }

  #clean(text: string | undefined, max: number): string | undefined {
    if (typeof text !== 'string') return undefined
    const clean = this.#redaction.text(text)
    const short = bounded(clean, max)
    // What was cut may look like a secret only now; through pino it would be looked at again.
    return short === clean || short === undefined ? short : this.#redaction.text(short)
  }

  #path(path: string | undefined): string | undefined {
    if (typeof path !== 'string') return undefined
    const query = path.indexOf('?')
    const shown = query < 0 ? path : path.slice(0, query)
    return this.#clean(this.#redaction.url(shown), MAX_PATH)
  }
}

/**
 * The record with the app's own fields after it. An app that names a request by itself may do so where nobody else has.
 * @param taken names beside the record's that are not the app's
 */
export function withAppFields(
  record: AccessRecord,
  fields: Readonly<Record<string, unknown>>,
  taken: ReadonlySet<string>,
): object {
  const all = Object.assign(Object.create(null) as Record<string, unknown>, record)
  for (const name of Object.keys(fields)) {
    const isOurs = name === 'request_id' ? record.request_id !== undefined : ACCESS_NAMES.includes(name)
    if (!taken.has(name) && !isOurs) all[name] = fields[name]
  }
  return all
}

/** The record as pino writes it: raw JSON that begins with a comma. */
export function accessJson(record: AccessRecord): string {
  let json = `,"method":${quoted(record.method)}`
  if (record.route !== undefined) json += `,"route":${quoted(record.route)}`
  if (record.path !== undefined) json += `,"path":${quoted(record.path)}`
  if (record.status !== undefined) json += `,"status":${number(record.status)}`
  if (record.duration_ms !== undefined) json += `,"duration_ms":${number(record.duration_ms)}`
  if (record.bytes !== undefined) json += `,"bytes":${number(record.bytes)}`
  if (record.request_bytes !== undefined) json += `,"request_bytes":${number(record.request_bytes)}`
  if (record.client_address !== undefined) json += `,"client_address":${quoted(record.client_address)}`
  if (record.user_agent !== undefined) json += `,"user_agent":${quoted(record.user_agent)}`
  if (record.request_id !== undefined) json += `,"request_id":${quoted(record.request_id)}`
  if (record.error !== undefined) json += `,"error":${JSON.stringify(record.error)}`
  return json
}

function number(value: number): string {
  return Number.isFinite(value) ? String(value) : 'null'
}

/** Microseconds are as exact as the clock is. */
function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1_000) / 1_000
}

/** In Node since 20, in TypeScript's library since ES2024. */
interface WellFormed {
  toWellFormed(): string
}

/** pino writes short strings with lone surrogates as they are; made well-formed, there is one way to write each. */
function bounded(text: string | undefined, max: number): string | undefined {
  if (typeof text !== 'string') return undefined
  const short = text.length <= max ? text : `${text.slice(0, max - 1)}…`
  return (short as unknown as WellFormed).toWellFormed()
}
