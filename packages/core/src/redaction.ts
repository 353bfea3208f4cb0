/**
 * One policy for what must never leave the process, used for log fields, messages, span attributes, exceptions, URLs,
 * headers and database text alike: by name at any depth, by path, and by the form of a value.
 *
 * Invariant: it never throws, except where `strict` asks for just that, whatever it is given; and its work is bounded: a
 * value that is too deep or too large is replaced, not searched further.
 */
import { TriscopeError } from './errors.ts'
import { rejectOption, rejectUnknownKeys } from './options.ts'
import { createSecretKeys, type RedactionPreset, type SecretKeys } from './redaction-keys.ts'
import { isSecretPlace, type Places, parsePaths, under } from './redaction-path.ts'
import { withoutLiterals } from './redaction-sql.ts'
import { createSecretText, type SecretText } from './redaction-text.ts'
import { UrlRedaction } from './redaction-url.ts'
import { cleanField, type WalkRules } from './redaction-walk.ts'

export interface RedactionOptions {
  /**
   * Further names that are secret, at any depth, in any case, with or without `-` and `_`.
   * @default credentials, cookies, tokens and card numbers; they stay secret
   */
  keys?: readonly string[]
  /** Places that are secret, from the root of a line's fields: `user.ssn`, `items[*].card`, `*.iban`. @default none */
  paths?: readonly string[]
  /**
   * Further forms of secrets in text; each match is replaced. They run over every text, so keep them linear.
   * @default bearer and other tokens, JSON web tokens, private keys, card numbers, credentials in URLs and assignments
   */
  patterns?: readonly RegExp[]
  /** `'pii'` adds names of people, e-mail and postal addresses, phone numbers and user names. @default none */
  preset?: RedactionPreset
  /**
   * For tests: what would have been replaced throws `TRI_ERR_SECRET` instead, at the call that brought it, also in
   * a URL that is logged. In the URL of a request it is replaced all the same, because it is clients that write those.
   * @default false
   */
  strict?: boolean
  /** What stands where a secret stood; in URLs it is always `REDACTED`. @default '[REDACTED]' */
  replace?: string
}

export interface Redaction {
  /** What stands where a secret stood. */
  readonly replacement: string
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
  /** The same text where nothing in it has the form of a secret; otherwise one in which that is replaced. */
  text(text: string): string
  /**
   * The same value where nothing in it is secret; otherwise a copy as JSON would show it, in which the secrets are
   * replaced. Errors and bytes are always copied: to their type, message and stack, and to their size.
   */
  fields(value: unknown): unknown
  /** The same for the value under one key at the root of a line. */
  field(key: string, value: unknown): unknown
  /** The same for one attribute of a span: a text, a number, a boolean or a list of them. Database text loses its literals. */
  attribute(key: string, value: unknown): unknown
}

/** What stands where a secret stood, unless `replace` says otherwise. */
export const REDACTED = '[REDACTED]'

/**
 * Makes a policy; without options it covers credentials, cookies, tokens and card numbers. Throws `TRI_ERR_OPTION` and
 * `TRI_ERR_UNKNOWN_OPTION`.
 */
export function createRedaction(options: RedactionOptions = {}): Redaction {
  checkOptions(options)
  return new Policy(options)
}

/** Whether it is what a strict policy threw: a fence lets it through, so that the test which logged a secret fails. */
export function isSecretError(error: unknown): boolean {
  // By its code: another copy of this package may have thrown it.
  return error instanceof Error && (error as { code?: unknown }).code === SECRET_FOUND
}

const SECRET_FOUND = 'TRI_ERR_SECRET'

/** What may be in an attribute, by its name. */
type AttributeKind = 'secret' | 'harmless' | 'url' | 'query' | 'database text' | 'text'

/** Names of semantic conventions 1.45, and those they had before. Harmless is what is one of a few words. */
const ATTRIBUTE_KINDS: Readonly<Partial<Record<string, AttributeKind>>> = Object.assign(
  Object.create(null) as object,
  {
    'http.request.method': 'harmless',
    'http.response.status_code': 'harmless',
    'url.scheme': 'harmless',
    'network.protocol.version': 'harmless',
    'server.port': 'harmless',
    'url.full': 'url',
    'url.path': 'url',
    'http.url': 'url',
    'http.target': 'url',
    'url.query': 'query',
    'db.query.text': 'database text',
    'db.statement': 'database text',
  } as const,
)
/** Attributes have few names; of one that is made up at run time the kind is found each time. */
const MAX_KINDS = 2_000

class Policy implements Redaction {
  readonly replacement: string
  readonly #keys: SecretKeys
  readonly #urls: UrlRedaction
  readonly #text: SecretText
  readonly #urlText: SecretText
  readonly #rules: WalkRules
  readonly #kinds = new Map<string, AttributeKind>()

  constructor(options: RedactionOptions) {
    this.replacement = options.replace ?? REDACTED
    this.#keys = createSecretKeys(options.keys ?? [], options.preset)
    this.#urls = new UrlRedaction(this.#keys)
    const found = options.strict === true ? refuse : () => {}
    const shared = {
      keys: this.#keys,
      patterns: options.patterns ?? [],
      isPersonal: options.preset === 'pii',
    }
    this.#text = createSecretText({ ...shared, replacement: this.replacement, found })
    this.#urlText = createSecretText({ ...shared, replacement: 'REDACTED', found: () => {} })
    const places = parsePaths(options.paths ?? [])
    this.#rules = { keys: this.#keys, text: this.#text, places, replacement: this.replacement, found }
  }

  isSecretKey(key: string): boolean {
    return this.#keys.has(key)
  }

  url(text: string): string {
    return this.#urlText.forms(this.#urls.clean(text))
  }

  text(text: string): string {
    return this.#text.clean(text)
  }

  fields(value: unknown): unknown {
    return cleanField(undefined, value, this.#rules)
  }

  field(key: string, value: unknown): unknown {
    return cleanField(key, value, this.#rules)
  }

  attribute(key: string, value: unknown): unknown {
    let kind = this.#kinds.get(key)
    if (kind === undefined) {
      kind = this.#kindOf(key)
      if (this.#kinds.size < MAX_KINDS) this.#kinds.set(key, kind)
    }
    if (kind === 'harmless' || typeof value === 'boolean') return value
    if (kind === 'secret') {
      if (value === undefined || value === null || value === '') return value
      this.#rules.found(`the attribute "${key.slice(0, 100)}"`)
      return this.replacement
    }
    if (typeof value !== 'string') return cleanField('', value, this.#rules)
    if (kind !== 'database text' && this.#text.isPlain(value)) return value
    if (kind === 'url') return this.url(value)
    if (kind === 'query') return value === '' ? value : this.url(`?${value}`).slice(1)
    return this.#text.clean(kind === 'database text' ? withoutLiterals(value) : value)
  }

  #kindOf(key: string): AttributeKind {
    // A path names an attribute as it is written, or as the parts of its name.
    const { places } = this.#rules
    const deep = key.split('.').reduce<Places | undefined>(under, places)
    if (this.#keys.has(key) || isSecretPlace(under(places, key)) || isSecretPlace(deep)) return 'secret'
    return ATTRIBUTE_KINDS[key] ?? 'text'
  }
}

function refuse(what: string): never {
  throw new TriscopeError(SECRET_FOUND, `a secret reached telemetry: ${what}`, {
    path: 'redact.strict',
    hint: 'do not log it; outside of tests, without `strict`, it would have been replaced',
  })
}

const OPTION_NAMES: readonly (keyof RedactionOptions)[] = [
  'keys',
  'paths',
  'patterns',
  'preset',
  'strict',
  'replace',
]

function checkOptions(options: RedactionOptions): void {
  rejectUnknownKeys('redact', options, OPTION_NAMES)
  const { keys, paths, patterns, preset, strict, replace } = options
  const isText = (one: unknown): boolean => typeof one === 'string' && one !== ''
  check('keys', 'a list of names', keys, (value) => Array.isArray(value) && value.every(isText))
  check('paths', 'a list of paths', paths, (value) => Array.isArray(value) && value.every(isText))
  check('patterns', 'a list of regular expressions', patterns, (value) => {
    return Array.isArray(value) && value.every((one) => one instanceof RegExp)
  })
  check('preset', '"pii"', preset, (value) => value === 'pii')
  check('strict', 'true or false', strict, (value) => typeof value === 'boolean')
  check('replace', 'some text', replace, isText)
}

function check(name: string, expected: string, value: unknown, fits: (value: unknown) => boolean): void {
  if (value !== undefined && !fits(value)) rejectOption(`redact.${name}`, expected, value)
}
