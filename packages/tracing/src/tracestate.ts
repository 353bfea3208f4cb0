/**
 * The `tracestate` header: W3C Trace Context Level 2, §3.3. What other vendors wrote goes on unchanged, in order.
 *
 * Invariant: one malformed member discards the whole list and nothing else; time is linear in the header.
 */
import type { TraceState } from '@opentelemetry/api'

/** §3.3.1.1: at most 32 members; a longer list is malformed. */
const MAX_MEMBERS = 32
const MAX_KEY = 256
const MAX_VALUE = 256
/** §3.3.1.5 asks for 512 characters at least. Beyond this, whole members go, those over 128 characters first. */
const MAX_TEXT = 2_048
const LONG_MEMBER = 128

/** Reads the header's lines, in the order in which they came; `undefined` where they are empty or malformed. */
export function parseTracestate(lines: string | readonly string[]): TraceState | undefined {
  const text = typeof lines === 'string' ? lines : lines.join(',')
  const members = new Map<string, string>()
  let count = 0
  for (let from = 0; from <= text.length; ) {
    const comma = text.indexOf(',', from)
    const to = comma < 0 ? text.length : comma
    const member = trimmed(text, from, to)
    from = to + 1
    if (member === '') continue
    if (++count > MAX_MEMBERS) return undefined
    const equals = member.indexOf('=')
    const key = member.slice(0, equals)
    const value = member.slice(equals + 1)
    if (equals < 0 || !isKey(key) || !isValue(value)) return undefined
    // The left one is the newer one (§3.3.1.3), so a repeated key keeps its first value.
    if (!members.has(key)) members.set(key, value)
  }
  return members.size === 0 ? undefined : new Members(members)
}

class Members implements TraceState {
  readonly #members: ReadonlyMap<string, string>
  #text: string | undefined

  constructor(members: ReadonlyMap<string, string>) {
    this.#members = members
  }

  get(key: string): string | undefined {
    return this.#members.get(key)
  }

  /** Puts the member in front (§3.4); a member that the grammar refuses changes nothing. */
  set(key: string, value: string): TraceState {
    if (!isKey(key) || !isValue(value)) return this
    const members = new Map([[key, value]])
    for (const [other, kept] of this.#members) {
      if (other !== key && members.size < MAX_MEMBERS) members.set(other, kept)
    }
    return new Members(members)
  }

  unset(key: string): TraceState {
    if (!this.#members.has(key)) return this
    const members = new Map(this.#members)
    members.delete(key)
    return new Members(members)
  }

  serialize(): string {
    this.#text ??= joined(this.#members)
    return this.#text
  }
}

function joined(members: ReadonlyMap<string, string>): string {
  const texts = Array.from(members, ([key, value]) => `${key}=${value}`)
  let length = texts.reduce((sum, text) => sum + text.length + 1, -1)
  for (let i = texts.length - 1; i >= 0 && length > MAX_TEXT; i--) {
    const text = texts[i] ?? ''
    if (text.length <= LONG_MEMBER) continue
    length -= text.length + 1
    texts.splice(i, 1)
  }
  while (length > MAX_TEXT) length -= (texts.pop() ?? '').length + 1
  return texts.join(',')
}

/** §3.3.1.3.1: a letter or digit, then up to 255 letters, digits and marks; lower case. */
function isKey(key: unknown): key is string {
  if (typeof key !== 'string' || key.length === 0 || key.length > MAX_KEY) return false
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i)
    const alphanumeric = (code >= 97 && code <= 122) || (code >= 48 && code <= 57)
    if (!alphanumeric && (i === 0 || !KEY_MARKS.includes(key.charAt(i)))) return false
  }
  return true
}

const KEY_MARKS = '_-*/@'

/** §3.3.1.3.2: printable ASCII without comma and equals sign, not ending in a space. */
function isValue(value: unknown): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > MAX_VALUE) return false
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x20 || code > 0x7e || code === 0x2c || code === 0x3d) return false
  }
  return value.charCodeAt(value.length - 1) !== 0x20
}

/** Without optional white space: spaces and tabs only, which is what §3.3.1.2 allows around a member. */
function trimmed(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
