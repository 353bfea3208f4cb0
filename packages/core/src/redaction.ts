/**
 * One policy for what must never leave the process, used for log fields, span attributes, URLs and headers alike.
 *
 * Invariant: it never throws, whatever it is given, and its work is bounded: a value that is too deep or too large
 * is replaced, not searched further.
 */

export interface RedactionOptions {
  /** Further key names that are secret, at any depth, in any case, with or without `-` and `_`. */
  keys?: readonly string[]
}

export interface Redaction {
  /** Whether the value under this key, header, field or query parameter is a secret by its name alone. */
  isSecretKey(key: string): boolean
  /** The text with user information and secret query parameters replaced; relative URLs too. */
  url(text: string): string
  /**
   * The same value where nothing in it is secret; otherwise a copy, in which the secrets are replaced.
   * Class instances other than plain objects and arrays are left to the serializer that knows them.
   */
  fields(value: unknown): unknown
}

/** What stands where a secret stood. */
export const REDACTED = '[REDACTED]'

/** Makes a policy; without options it covers credentials, cookies and tokens. */
export function createRedaction(options: RedactionOptions = {}): Redaction {
  return new Policy(new Set([...SECRET_KEYS, ...(options.keys ?? [])].map(plainKey)))
}

/** Compared in lower case without `-`, `_` and spaces. */
const SECRET_KEYS: readonly string[] = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'api-key',
  'x-auth-token',
  'x-csrf-token',
  'x-xsrf-token',
  'password',
  'passwd',
  'passphrase',
  'secret',
  'client-secret',
  'token',
  'access-token',
  'refresh-token',
  'id-token',
  'auth-token',
  'private-key',
  'secret-key',
  'credentials',
  // Query parameters that sign or authorise a URL: semantic conventions 1.45, `url.query`.
  'AWSAccessKeyId',
  'Signature',
  'sig',
  'X-Goog-Signature',
  'X-Amz-Signature',
  'X-Amz-Credential',
  'X-Amz-Security-Token',
]

/** Deeper than this nothing that a person reads is left; the value is replaced as a whole. */
const MAX_DEPTH = 12
/** Keys looked at in one value; beyond, what is left is replaced. */
const MAX_KEYS = 5_000

class Policy implements Redaction {
  readonly #keys: ReadonlySet<string>
  /** Key names repeat: the answer is remembered, for a bounded number of them. */
  readonly #known = new Map<string, boolean>()

  constructor(keys: ReadonlySet<string>) {
    this.#keys = keys
  }

  isSecretKey(key: string): boolean {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const secret = this.#keys.has(plainKey(key))
    if (this.#known.size < 1_000 && key.length <= 100) this.#known.set(key, secret)
    return secret
  }

  url(text: string): string {
    const authority = text.indexOf('://')
    let clean = text
    if (authority >= 0) {
      const start = authority + 3
      const end = firstOf(text, '/?#', start)
      const at = text.lastIndexOf('@', end - 1)
      if (at >= start) clean = `${text.slice(0, start)}REDACTED:REDACTED@${text.slice(at + 1)}`
    }
    const question = clean.indexOf('?')
    if (question < 0) return clean
    const hash = clean.indexOf('#', question)
    const end = hash < 0 ? clean.length : hash
    return clean.slice(0, question + 1) + this.#query(clean.slice(question + 1, end)) + clean.slice(end)
  }

  fields(value: unknown): unknown {
    return this.#walk(value, 0, { keys: 0 })
  }

  #query(query: string): string {
    let changed = false
    const members = query.split('&').map((member) => {
      const equals = member.indexOf('=')
      if (equals < 0 || !this.isSecretKey(decodedKey(member.slice(0, equals)))) return member
      changed = true
      return `${member.slice(0, equals)}=REDACTED`
    })
    return changed ? members.join('&') : query
  }

  #walk(value: unknown, depth: number, spent: { keys: number }): unknown {
    if (typeof value !== 'object' || value === null) return value
    if (depth > MAX_DEPTH) return '[too deep]'
    try {
      if (Array.isArray(value)) return this.#array(value, depth, spent)
      const prototype = Object.getPrototypeOf(value)
      return prototype === Object.prototype || prototype === null ? this.#object(value, depth, spent) : value
    } catch {
      // A getter or a proxy that throws must not reach the app, nor take the rest of the line with it.
      return '[unreadable]'
    }
  }

  #array(value: readonly unknown[], depth: number, spent: { keys: number }): unknown {
    let copy: unknown[] | undefined
    for (let i = 0; i < value.length; i++) {
      if (++spent.keys > MAX_KEYS) return [...(copy ?? value.slice(0, i)), '[too large]']
      const item = value[i]
      const clean = this.#walk(item, depth + 1, spent)
      if (clean !== item) copy ??= value.slice(0, i)
      if (copy !== undefined) copy[i] = clean
    }
    return copy ?? value
  }

  #object(value: object, depth: number, spent: { keys: number }): unknown {
    let copy: Record<string, unknown> | undefined
    for (const key of Object.keys(value)) {
      if (++spent.keys > MAX_KEYS) return '[too large]'
      const item = (value as Record<string, unknown>)[key]
      const clean = this.isSecretKey(key) && !isEmpty(item) ? REDACTED : this.#walk(item, depth + 1, spent)
      if (clean === item) continue
      copy ??= { ...value }
      // Defined, not assigned: a key called `__proto__` stays a key.
      Object.defineProperty(copy, key, { value: clean, writable: true, enumerable: true, configurable: true })
    }
    return copy ?? value
  }
}

/** Nothing is hidden where nothing is: `token: undefined` tells a reader more than a mask would. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

function plainKey(key: string): string {
  return key.toLowerCase().replaceAll('-', '').replaceAll('_', '').replaceAll(' ', '')
}

function decodedKey(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    // Not percent-encoded after all: compared as it stands.
    return key
  }
}

function firstOf(text: string, marks: string, from: number): number {
  for (let i = from; i < text.length; i++) if (marks.includes(text.charAt(i))) return i
  return text.length
}
