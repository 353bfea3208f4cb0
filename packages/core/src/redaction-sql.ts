/**
 * Database text without its data: literals become `?`, as semantic conventions 1.45 ask of `db.query.text`.
 *
 * Invariant: one pass from left to right; where a dialect is in doubt, rather too much is replaced than too little.
 */

/** Each kind of token once, so that a quote in a comment begins no string. What is not named here stays as it is. */
const TOKEN = new RegExp(
  [
    '--[^\\n]*|/\\*[\\s\\S]*?(?:\\*/|$)', // comments
    "'(?:[^'\\\\]|''|\\\\[\\s\\S])*(?:'|$)", // strings; some dialects escape by a backslash
    '"(?:[^"\\\\]|""|\\\\[\\s\\S])*(?:"|$)', // names; in MySQL and in JSON strings
    '`[^`]*(?:`|$)|\\[[A-Za-z_][\\w ]*\\]', // names
    '\\$([A-Za-z_]\\w*)?\\$[\\s\\S]*?(?:\\$\\1\\$|$)', // PostgreSQL's dollar quotes
    '[@:$#]?[A-Za-z_][\\w$]*|[@:$]\\d+', // words and placeholders
    '(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?', // numbers
  ].join('|'),
  'gi',
)

/** Words after which a text in double quotes is a value. */
const BEFORE_VALUES: ReadonlySet<string> = new Set(['values', 'in', 'like', 'ilike', 'between'])

/** The text with every literal replaced; queries in JSON keep the names of their members. */
export function withoutLiterals(text: string): string {
  const isJson = /^\s*[[{]/.test(text)
  let lastWord = ''
  return text.replace(TOKEN, (token: string, _tag: unknown, at: number) => {
    const first = token.charCodeAt(0)
    if (first === QUOTE || isNumber(first) || isDollarQuote(token)) return '?'
    // In JSON `:5` and `:true` are values of members, elsewhere placeholders.
    if (isJson && first === COLON) return ':?'
    if (first !== DOUBLE_QUOTE) {
      lastWord = token.toLowerCase()
      return token
    }
    const isValue = isJson
      ? !/^\s*:/.test(text.slice(at + token.length, at + token.length + 8))
      : BEFORE_VALUES.has(lastWord) || /[=<>]\s*$/.test(text.slice(Math.max(0, at - 8), at))
    return isValue ? '?' : token
  })
}

const QUOTE = 39
const DOUBLE_QUOTE = 34
const COLON = 58

function isNumber(unit: number): boolean {
  return (unit >= 48 && unit <= 57) || unit === 46
}

function isDollarQuote(token: string): boolean {
  return token.startsWith('$') && /^\$\w*\$/.test(token)
}
