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
  clientAddress?: string | undefined
  userAgent?: string | undefined
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
  client_address: string | undefined
  user_agent: string | undefined
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
  'client_address',
  'user_agent',
  'error',
]

/** Longer text is cut, and ends in `…`. In UTF-16 units; a client sends up to 16 KiB of headers. */
const MAX_SHORT = 256
const MAX_PATH = 2_048
const MAX_USER_AGENT = 512
const MAX_MESSAGE = 4_096

/** Copies what is written of `fields`, bounded and cleaned. */
export function toAccessRecord(fields: AccessFields, redaction: Redaction): AccessRecord {
  return {
    method: bounded(fields.method, MAX_SHORT) ?? '',
    route: bounded(fields.route, MAX_SHORT),
    path: pathOf(fields.path, redaction),
    status: fields.status,
    duration_ms: rounded(fields.durationMs),
    bytes: fields.bytes,
    client_address: bounded(fields.clientAddress, MAX_SHORT),
    user_agent: bounded(fields.userAgent, MAX_USER_AGENT),
    error: errorOf(fields.error, fields.errorType),
  }
}

/** The record with the app's own fields after it. @param taken names beside the record's that are not the app's */
export function withAppFields(
  record: AccessRecord,
  fields: Readonly<Record<string, unknown>>,
  taken: ReadonlySet<string>,
): object {
  const all = Object.assign(Object.create(null) as Record<string, unknown>, record)
  for (const name of Object.keys(fields)) {
    if (!taken.has(name) && !ACCESS_NAMES.includes(name)) all[name] = fields[name]
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
  if (record.client_address !== undefined) json += `,"client_address":${quoted(record.client_address)}`
  if (record.user_agent !== undefined) json += `,"user_agent":${quoted(record.user_agent)}`
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

function pathOf(path: string | undefined, redaction: Redaction): string | undefined {
  if (typeof path !== 'string') return undefined
  const query = path.indexOf('?')
  const shown = query < 0 ? path : path.slice(0, query)
  return bounded(redaction.url(shown), MAX_PATH)
}

function errorOf(error: unknown, type: string | undefined): AccessRecord['error'] {
  if (error === undefined && type === undefined) return undefined
  return {
    type: bounded(type ?? errorTypeOf(error), MAX_SHORT),
    message: bounded(errorMessageOf(error), MAX_MESSAGE),
  }
}
