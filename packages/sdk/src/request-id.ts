/**
 * The id by which a caller or a proxy knows a request: theirs where it is well-formed, or one made here.
 *
 * Invariant: what is taken from a header is short and has no character that means something in a line, a header or a
 * query.
 */
import { randomUUID } from 'node:crypto'
import { rejectOption, rejectUnknownKeys } from '@triscope/core'
import type { Req } from './request-end.ts'

export interface RequestIdOptions {
  /** The header that is read, and written where `response` is set: a token of RFC 9110 §5.6.2. @default 'x-request-id' */
  header?: string
  /** Answers each request with its id, in the same header; where the caller sent none, one is made. @default false */
  response?: boolean
}

export interface RequestIds {
  readonly header: string
  readonly answers: boolean
  /** The caller's id; `undefined` where there is none, or it is not well-formed. */
  of(req: Req): string | undefined
}

/** Checks `requestId`. Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function checkRequestId(path: string, given: unknown): void {
  if (given === undefined || given === false) return
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    rejectOption(path, 'false or an object of options', given)
  rejectUnknownKeys(path, given, ['header', 'response'])
  const { header, response } = given as { header?: unknown; response?: unknown }
  if (header !== undefined && !(typeof header === 'string' && HEADER_NAME.test(header)))
    rejectOption(`${path}.header`, 'the name of a header', header)
  if (response !== undefined && typeof response !== 'boolean')
    rejectOption(`${path}.response`, 'true or false', response)
}

/** @returns `undefined` where no header is read */
export function createRequestIds(given: false | RequestIdOptions | undefined): RequestIds | undefined {
  if (given === false) return undefined
  const header = (given?.header ?? 'x-request-id').toLowerCase()
  return {
    header,
    answers: given?.response ?? false,
    of(req) {
      const id = req.headers[header]
      return typeof id === 'string' && isWellFormed(id) ? id : undefined
    },
  }
}

/** A UUID, version 4: RFC 9562 §5.4. */
export function makeRequestId(): string {
  return randomUUID()
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/
/** Twice what the longest of the known kinds takes, the 73 of `X-Amzn-Trace-Id`. */
const MAX_LENGTH = 128
/** By code: letters, digits, and the signs of UUIDs, base64 and `Root=1-67891233-abcdef012345678912345678`. */
const ALLOWED: Uint8Array = allowedCodes()

function allowedCodes(): Uint8Array {
  const allowed = new Uint8Array(128)
  for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:+/=~@')
    allowed[char.charCodeAt(0)] = 1
  return allowed
}

function isWellFormed(id: string): boolean {
  const { length } = id
  if (length === 0 || length > MAX_LENGTH) return false
  for (let at = 0; at < length; at++) if (ALLOWED[id.charCodeAt(at)] !== 1) return false
  return true
}
