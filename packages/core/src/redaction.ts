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
  /**
   * Whether the value under this key, header, field or query parameter is a secret by its name alone: it is one of the
   * list, or its last words are (`dbPassword`, `x-vault-token`; not `max_tokens`).
   */
  isSecretKey(key: string): boolean
  /**
   * The text with user information and secret parameters replaced, of the query, the path (`;key=`) and the fragment,
   * also of URLs that stand in it; relative URLs too.
   */
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

/** How a key ends that is secret whatever stands before, as {@link plainKey} writes it. */
const SECRET_ENDINGS: readonly string[] = [
  'password',
  'passwd',
  'pwd',
  'passphrase',
  'secret',
  'token',
  'apikey',
  'credentials',
  'privatekey',
  'secretkey',
  'secretaccesskey',
]

/** URLs in parameters of URLs are looked into so many times; a deeper one is replaced where it may hold a secret. */
const MAX_NESTED_URLS = 3
/**
 * What begins an authority, and the user information in it. Both alternatives stop at what begins the next one, so
 * that no character is looked at more than a few times. Browsers take `\\` for `/`; elsewhere it is part of a password.
 */
const USER_INFORMATION = /((?:^|:)\/{2,})[^/]*@|((?:^|:)[/\\]{2,})[^/\\]*@/g
/** A matrix parameter of a path segment: RFC 3986 §3.3. */
const MATRIX_PARAMETER = /;([^;=/]*)=[^;/]*/g
/** What a value must have one of, to be a URL that has something to hide. */
const URL_MARK = /[/\\?#;]/

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
    const plain = plainKey(key)
    const secret = this.#keys.has(plain) || SECRET_ENDINGS.some((ending) => plain.endsWith(ending))
    if (this.#known.size < 1_000 && key.length <= 100) this.#known.set(key, secret)
    return secret
  }

  url(text: string): string {
    return this.#url(text, 0)
  }

  fields(value: unknown): unknown {
    return this.#walk(value, 0, { keys: 0 })
  }

  #url(text: string, depth: number): string {
    const hash = text.indexOf('#')
    const end = hash < 0 ? text.length : hash
    const question = text.indexOf('?')
    const isQuery = question >= 0 && question < end
    const place = this.#place(text.slice(0, isQuery ? question : end))
    const query = isQuery ? `?${this.#query(text.slice(question + 1, end), depth)}` : ''
    if (hash < 0) return place + query
    // A fragment is a query itself, or the URL of a page within the page.
    const fragment = text.slice(hash + 1).split('?')
    return `${place}${query}#${fragment.map((part) => this.#query(part, depth)).join('?')}`
  }

  /** Authorities and path. */
  #place(text: string): string {
    const named = text.includes('@')
      ? text.replace(USER_INFORMATION, (_, slashes?: string, others?: string) => {
          return `${slashes ?? others ?? ''}REDACTED:REDACTED@`
        })
      : text
    if (!named.includes(';')) return named
    return named.replace(MATRIX_PARAMETER, (whole, key: string) =>
      this.#isSecretParameter(key) ? `;${key}=REDACTED` : whole,
    )
  }

  #query(query: string, depth: number): string {
    return query
      .split('&')
      .map((given) => {
        const member = this.#place(given)
        const equals = member.indexOf('=')
        if (equals < 0) return this.#value(member, depth)
        const key = member.slice(0, equals)
        if (this.#isSecretParameter(key)) return `${key}=REDACTED`
        return `${key}=${this.#value(member.slice(equals + 1), depth)}`
      })
      .join('&')
  }

  /** A parameter's value is often a URL again, where to go next for instance. */
  #value(value: string, depth: number): string {
    const plain = decoded(value)
    if (!URL_MARK.test(plain)) return value
    if (depth >= MAX_NESTED_URLS) return /[@=%]/.test(plain) ? 'REDACTED' : value
    const clean = this.#url(plain, depth + 1)
    if (clean === plain) return value
    return plain === value ? clean : encoded(clean)
  }

  /** `token[]` and `user[password]` too: forms write lists and objects like that. */
  #isSecretParameter(name: string): boolean {
    const key = decoded(name)
    if (!key.includes('[')) return this.isSecretKey(key)
    return key.split(/[[\]]/).some((part) => this.isSecretKey(part))
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

function decoded(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    // Not percent-encoded after all: taken as it stands.
    return text
  }
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text)
  } catch {
    // Half a surrogate pair, which cannot be encoded; and a secret was in it.
    return 'REDACTED'
  }
}
