/**
 * Secrets that show by their form, wherever they stand in a text: a message, a stack, a field of any name.
 *
 * Invariant: the work is linear in the length of the text, and text without a mark of a secret costs one test.
 */
import type { SecretKeys } from './redaction-keys.ts'

/** What finds secrets in text. */
export interface SecretText {
  /** The same text where nothing in it is secret, else one in which the secrets are replaced. */
  clean(text: string): string
  /** Only what shows by its form alone, tokens and cards: for URLs, whose parameters are seen to by name. */
  forms(text: string): string
  /** Whether a text is short and of characters that are in no secret and in no URL that has something to hide. */
  isPlain(text: string): boolean
  /** Whether a number is one of a payment card. */
  isCard(value: number | bigint): boolean
}

export interface SecretTextOptions {
  readonly keys: SecretKeys
  /** Of the app; each match is replaced. */
  readonly patterns: readonly RegExp[]
  readonly isPersonal: boolean
  readonly replacement: string
  /** Hears what kind of secret was found, before it is replaced. */
  readonly found: (kind: string) => void
}

export function createSecretText(options: SecretTextOptions): SecretText {
  return new Text(options)
}

/** Longer text is cut before it is searched: what cannot be searched is not shown. */
const MAX_TEXT = 262_144
/** The shortest secret with a form: `a:b@c` has none, `://u:p@` has. */
const MIN_TEXT = 6

/** Harmless text that is known by heart. */
const MAX_KNOWN = 500
const MAX_KNOWN_LENGTH = 512

/**
 * Text without any of these has no secret of a known form. `=` and `:` begin values, `@` ends user information, digits
 * in a row are cards; the words begin tokens.
 */
const MARK =
  /[=:@]|-----|\d[ -]?\d{3}|eyJ|earer |EARER |asic |A[KS]IA|gh[pousr]_|github_pat_|glpat-|npm_|xox[a-z]-|[sr]k_(?:live|test)_|AIza|'/

/** The same for what shows by its form alone. */
const FORM_MARK =
  /\d[ -]?\d{3}|eyJ|A[KS]IA|gh[pousr]_|github_pat_|glpat-|npm_|xox[a-z]-|[sr]k_(?:live|test)_|AIza/
const PERSONAL_MARK = /[@+]|%40/

/** Longer text is searched by the expressions, which are faster from there on. */
const MAX_PLAIN = 64
const DIGIT = 2
const SHORTEST_CARD = 13
/**
 * By code: 1 for letters, `/` and `.`, of which no secret can be made; 2 for digits, of which 13 in a row may be a card; 0
 * for all others, and for `A` and `J`, without which there are no `AKIA` and `eyJ`. One pass over
 * a path and an address takes 55 ns less than the expressions.
 */
const PLAIN: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code)
  if (/[0-9]/.test(character)) return DIGIT
  return /[a-zB-IK-Z/.]/.test(character) ? 1 : 0
})

/** PEM: RFC 7468 §10. What is left of one that was cut off counts, too. */
const PRIVATE_KEY =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[^-]*(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)?/g
/** RFC 7519: three parts in base64url, of which the first is a JSON object and so begins with `eyJ`. */
const JWT = /(?<![\w-])eyJ[\w-]{4,}\.[\w-]{4,}(?:\.[\w-]*){0,3}/g
/** RFC 6750 §2.1, RFC 7617. */
const BEARER = /(?<![\w-])(Bearer +)[\w.~+/-]{6,}=*/gi
const BASIC = /(?<![\w-])(Basic +)([A-Za-z0-9+/]{6,}={0,2})(?![\w+/=])/gi
/** Tokens that their makers gave a prefix, so that they can be found. */
const PREFIXED =
  /(?<![A-Za-z0-9])(?:A[KS]IA[A-Z0-9]{16}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_[A-Za-z0-9]{30,}|xox[a-z]-[\w-]{10,}|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|AIza[\w-]{30,})(?![A-Za-z0-9])/g
/** RFC 3986 §3.2.1, with the `@` that people leave unescaped in a password; it ends where the authority does. */
const USER_INFORMATION = /:\/\/[^\s/?#"'<>]*@/g
/** The name and the sign of `key=value`, `"key": "value"`, `key='value'`: connection strings, queries, JSON, shells. */
const NAMED = /(?<![\w.-])(["']?)([A-Za-z][\w.-]{0,60})\1( ?[=:] ?)/g
/** The value that follows. */
const VALUE = /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,;&"')}\]]+/y
/** A header on a line of its own: its whole value is one secret. */
const HEADER = /(?<![\w-])((?:Proxy-)?Authorization|(?:Set-)?Cookie)(: ?)([^\r\n"'}]+)/gi
/** 13 to 19 digits in a row, or in the groups that are printed on cards: ISO/IEC 7812. Fractions are none. */
const CARD =
  /(?<!\w|\d\.)(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5})(?!\w|\.\d)/g
const CARD_NUMBER =
  /^(?:4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11,16}|35\d{14,17}|6(?:011|5\d\d|4[4-9]\d)\d{12,15}|62\d{14,17})$/

const EMAIL = /(?<![\w.%+-])[\w.%+-]{1,64}(?:@|%40)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g
/** International form, ITU-T E.123: a plus, then 8 to 15 digits in groups. */
const PHONE = /(?<![\w+])\+\d(?:[ .()/-]{0,2}\d){7,14}(?!\d)/g

/** Named alone before a colon, these are words of a parser's messages (`unexpected token: ;`), not of a setting. */
const WORDS: ReadonlySet<string> = new Set([
  'token',
  'sig',
  'signature',
  'secret',
  'credentials',
  'mail',
  'address',
  'login',
  'tel',
  'mobile',
  'street',
  'zip',
])

class Text implements SecretText {
  readonly #keys: SecretKeys
  readonly #patterns: readonly RegExp[]
  readonly #isPersonal: boolean
  readonly #replacement: string
  readonly #found: (kind: string) => void
  /** Text that has a mark and no secret comes again and again: user agents, messages. Secrets are never kept. */
  readonly #harmless = new Set<string>()

  constructor(options: SecretTextOptions) {
    this.#keys = options.keys
    // Copies: the app's may be sticky, or keep a position from match to match.
    this.#patterns = options.patterns.map(
      ({ source, flags }) => new RegExp(source, `${flags.replace(/[gy]/g, '')}g`),
    )
    this.#isPersonal = options.isPersonal
    this.#replacement = options.replacement
    this.#found = options.found
  }

  clean(text: string): string {
    if (text.length < MIN_TEXT && this.#patterns.length === 0) return text
    if (text.length > MAX_TEXT) return `${this.clean(text.slice(0, MAX_TEXT))}… [too large]`
    if (this.#patterns.length === 0 && !MARK.test(text)) {
      if (!this.#isPersonal || !PERSONAL_MARK.test(text)) return text
    }
    if (this.#harmless.has(text)) return text
    const clean = this.#search(text)
    if (clean === text && text.length <= MAX_KNOWN_LENGTH) {
      if (this.#harmless.size >= MAX_KNOWN) this.#harmless.clear()
      this.#harmless.add(text)
    }
    return clean
  }

  isPlain(text: string): boolean {
    const { length } = text
    if (length > MAX_PLAIN || this.#patterns.length > 0) return false
    let digits = 0
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      const kind = code < 128 ? (PLAIN[code] as number) : 0
      if (kind === 0) return false
      digits = kind === DIGIT ? digits + 1 : 0
      if (digits === SHORTEST_CARD) return false
    }
    return true
  }

  isCard(value: number | bigint): boolean {
    const digits = String(value)
    return digits.length >= 13 && digits.length <= 19 && isCardNumber(digits)
  }

  #search(given: string): string {
    let text = given
    const every = (kind: string) => (): string => this.#replaced(kind)
    if (text.includes('PRIVATE KEY')) text = text.replace(PRIVATE_KEY, every('a private key'))
    if (text.includes('://'))
      text = text.replace(USER_INFORMATION, (whole) =>
        whole.includes('REDACTED') ? whole : `://${this.#replaced('credentials in a URL')}@`,
      )
    if (text.includes(':')) {
      text = text.replace(
        HEADER,
        (_, name: string, colon: string) => `${name}${colon}${this.#replaced('a header')}`,
      )
    }
    text = text
      .replace(BEARER, (_, scheme: string) => `${scheme}${this.#replaced('a bearer token')}`)
      .replace(BASIC, (whole, scheme: string, encoded: string) =>
        isBasic(encoded) ? `${scheme}${this.#replaced('basic credentials')}` : whole,
      )
    return this.forms(this.#assigned(text))
  }

  forms(given: string): string {
    if (this.#patterns.length === 0 && !FORM_MARK.test(given)) {
      if (!this.#isPersonal || !PERSONAL_MARK.test(given)) return given
    }
    const every = (kind: string) => (): string => this.#replaced(kind)
    let text = given.includes('eyJ') ? given.replace(JWT, every('a JSON web token')) : given
    text = this.#cards(text.replace(PREFIXED, every('a token')))
    if (this.#isPersonal) {
      text = text
        .replace(EMAIL, (whole) =>
          whole.startsWith('REDACTED@') ? whole : this.#replaced('an e-mail address'),
        )
        .replace(PHONE, every('a phone number'))
    }
    for (const pattern of this.#patterns) text = text.replace(pattern, every('a match of a pattern'))
    return text
  }

  #cards(text: string): string {
    let clean = ''
    let copied = 0
    CARD.lastIndex = 0
    for (let match = CARD.exec(text); match !== null; match = CARD.exec(text)) {
      const [digits] = match
      if (isCardNumber(digits.replace(/[ -]/g, ''))) {
        clean += `${text.slice(copied, match.index)}${this.#replaced('a card number')}`
        copied = CARD.lastIndex
      } else if (/[ -]/.test(digits)) {
        // The group before may be none of it.
        CARD.lastIndex = match.index + 4
      }
    }
    return copied === 0 ? text : clean + text.slice(copied)
  }

  /** Values that stand after a secret name. */
  #assigned(text: string): string {
    if (!text.includes('=') && !text.includes(':')) return text
    let clean = ''
    let copied = 0
    NAMED.lastIndex = 0
    for (let named = NAMED.exec(text); named !== null; named = NAMED.exec(text)) {
      const [, quote = '', key = '', sign = ''] = named
      if (!this.#keys.has(key)) continue
      // Prose: a word, a sign, a space. What is in quotes is data.
      if (quote === '' && sign !== '=' && WORDS.has(key.toLowerCase())) continue
      VALUE.lastIndex = NAMED.lastIndex
      const value = VALUE.exec(text)?.[0]
      // Replaced already, by what knows its form better; or nothing to hide.
      if (value === undefined || /^(?:["']|""|'')$/.test(value)) continue
      if (value.startsWith('REDACTED') || value.includes(this.#replacement)) continue
      if (text.startsWith(this.#replacement, NAMED.lastIndex)) continue
      const end = NAMED.lastIndex + value.length
      const first = /^["']/.test(value) ? value.charAt(0) : ''
      const last = first !== '' && value.endsWith(first) ? first : ''
      clean += `${text.slice(copied, NAMED.lastIndex)}${first}${this.#replaced('the value of a secret name')}${last}`
      copied = end
      NAMED.lastIndex = end
    }
    return copied === 0 ? text : clean + text.slice(copied)
  }

  #replaced(kind: string): string {
    this.#found(kind)
    return this.#replacement
  }
}

/** `user:password` in base64: anything else, `Basic authentication` for one, is prose. */
function isBasic(encoded: string): boolean {
  return Buffer.from(encoded, 'base64').includes(':')
}

/** Numbers of known issuers whose check digit is right: ISO/IEC 7812-1, annex B (Luhn). */
function isCardNumber(digits: string): boolean {
  if (!CARD_NUMBER.test(digits)) return false
  let sum = 0
  for (let i = digits.length - 1, isDoubled = false; i >= 0; i--, isDoubled = !isDoubled) {
    const digit = digits.charCodeAt(i) - 48
    const value = isDoubled ? digit * 2 : digit
    sum += value > 9 ? value - 9 : value
  }
  return sum % 10 === 0
}
