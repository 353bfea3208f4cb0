/**
 * URLs without their secrets: user information, and parameters of the query, of the path (`;key=`) and of the fragment,
 * also of URLs that stand in one of them.
 *
 * Invariant: the work is linear in the length of the text, whatever it is.
 */
import type { SecretKeys } from './redaction-keys.ts'

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

/** Cleans URLs, relative ones too. */
export class UrlRedaction {
  readonly #keys: SecretKeys

  constructor(keys: SecretKeys) {
    this.#keys = keys
  }

  clean(text: string): string {
    return this.#url(text, 0)
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
    if (!key.includes('[')) return this.#keys.has(key)
    return key.split(/[[\]]/).some((part) => this.#keys.has(part))
  }
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
