/**
 * The `baggage` header: W3C Baggage, §3. A malformed member is left out, the others go on.
 *
 * Invariant: reading and writing are bounded alike, 64 members and 8 192 bytes, never part of a member, and linear
 * in the header: what stands beyond the limit is counted, and not taken apart (GHSA-8988-4f7v-96qf).
 */
import {
  type Baggage,
  type BaggageEntry,
  baggageEntryMetadataFromString,
  propagation,
} from '@opentelemetry/api'

/** §3.3.2: what every platform must propagate, and here also the most that is read or written. */
export const MAX_BAGGAGE_MEMBERS = 64
export const MAX_BAGGAGE_BYTES = 8_192

/** Reads the header's lines in order. @param onDropped hears how many members were malformed or beyond the limits */
export function parseBaggage(
  lines: string | readonly string[],
  onDropped?: (members: number) => void,
): Baggage | undefined {
  const text = typeof lines === 'string' ? lines : lines.join(',')
  const entries: Record<string, BaggageEntry> = Object.create(null) as Record<string, BaggageEntry>
  let members = 0
  let dropped = 0
  for (let from = 0; from < text.length; ) {
    const comma = text.indexOf(',', from)
    const to = comma < 0 ? text.length : comma
    if (to > MAX_BAGGAGE_BYTES || members === MAX_BAGGAGE_MEMBERS) {
      dropped += (text.slice(from, to).trim() === '' ? 0 : 1) + membersFrom(text, to + 1)
      break
    }
    const member = text.slice(from, to)
    from = to + 1
    if (member.trim() === '') continue
    members++
    if (!readMember(member, entries)) dropped++
  }
  if (dropped > 0) onDropped?.(dropped)
  for (const _ in entries) return propagation.createBaggage(entries)
  return undefined
}

/** Writes the header; `''` where nothing can be written. */
export function formatBaggage(baggage: Baggage, onDropped?: (members: number) => void): string {
  let text = ''
  let members = 0
  let dropped = 0
  for (const [key, entry] of baggage.getAllEntries()) {
    const member = formatMember(key, entry)
    const length = text.length + member.length + (text === '' ? 0 : 1)
    if (member === '' || members === MAX_BAGGAGE_MEMBERS || length > MAX_BAGGAGE_BYTES) {
      dropped++
      continue
    }
    text = text === '' ? member : `${text},${member}`
    members++
  }
  if (dropped > 0) onDropped?.(dropped)
  return text
}

/** How many members that are not blank stand from there on. */
function membersFrom(text: string, from: number): number {
  let members = 0
  let blank = true
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === COMMA) blank = true
    else if (blank && code !== SPACE && code !== TAB) {
      blank = false
      members++
    }
  }
  return members
}

const COMMA = 0x2c
const SPACE = 0x20
const TAB = 0x09

/** `key OWS = OWS value *( OWS ; OWS property )`, §3.2.1. */
function readMember(member: string, into: Record<string, BaggageEntry>): boolean {
  const semicolon = member.indexOf(';')
  const pair = semicolon < 0 ? member : member.slice(0, semicolon)
  const equals = pair.indexOf('=')
  if (equals < 0) return false
  const key = pair.slice(0, equals).trim()
  const value = pair.slice(equals + 1).trim()
  if (!isBaggageKey(key) || !isOctets(value)) return false
  if (semicolon < 0) {
    into[key] = { value: percentDecoded(value) }
    return true
  }
  const properties = member.slice(semicolon + 1).trim()
  if (!isPrintable(properties)) return false
  into[key] = { value: percentDecoded(value), metadata: baggageEntryMetadataFromString(properties) }
  return true
}

function formatMember(key: string, entry: BaggageEntry): string {
  if (!isBaggageKey(key) || typeof entry?.value !== 'string') return ''
  const member = `${key}=${percentEncoded(entry.value)}`
  const properties = entry.metadata?.toString() ?? ''
  // A comma or a control character would start a member, or a header, that nobody meant.
  return properties === '' || !isPrintable(properties) ? member : `${member};${properties}`
}

/** Whether it can be a key: a token of RFC 7230 §3.2.6. */
export function isBaggageKey(text: string): boolean {
  if (text.length === 0) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const alphanumeric =
      (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
    if (!alphanumeric && !TOKEN_MARKS.includes(text.charAt(i))) return false
  }
  return true
}

const TOKEN_MARKS = "!#$%&'*+-.^_`|~"

/** `baggage-octet`, §3.2.1.2: printable ASCII without space, double quote, comma, semicolon and backslash. */
function isOctet(code: number): boolean {
  return code > 0x20 && code < 0x7f && code !== 0x22 && code !== 0x2c && code !== 0x3b && code !== 0x5c
}

function isOctets(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isOctet(text.charCodeAt(i))) return false
  return true
}

function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code < 0x20 && code !== 0x09) || code > 0x7e || code === 0x2c) return false
  }
  return true
}

/** Bytes that are not UTF-8 become U+FFFD (§3.2.1.2); a `%` without two digits stands for itself. */
export function percentDecoded(text: string): string {
  if (!text.includes('%')) return text
  const bytes = Buffer.allocUnsafe(text.length)
  let length = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const byte = code === PERCENT ? byteAt(text, i + 1) : -1
    if (byte >= 0) i += 2
    bytes[length++] = byte >= 0 ? byte : code
  }
  return bytes.toString('utf8', 0, length)
}

const PERCENT = 0x25

function byteAt(text: string, at: number): number {
  const high = digit(text.charCodeAt(at))
  const low = digit(text.charCodeAt(at + 1))
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

/** `NaN` beyond the end compares false everywhere, so it is no digit. */
function digit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 65 && code <= 70) return code - 55
  if (code >= 97 && code <= 102) return code - 87
  return -1
}

/** From UTF-8 bytes and not by `encodeURIComponent`, which throws at a lone surrogate. */
export function percentEncoded(text: string): string {
  let plain = true
  for (let i = 0; i < text.length && plain; i++) {
    const code = text.charCodeAt(i)
    plain = isOctet(code) && code !== PERCENT
  }
  if (plain) return text
  let encoded = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    encoded +=
      isOctet(byte) && byte !== PERCENT
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}
