/**
 * How names with characters that older Prometheus servers do not know are written.
 * Prometheus, "Content negotiation" and "Escaping schemes".
 *
 * Invariant: names that differ differ when escaped. `underscores` alone can make two names one, and those are refused
 * when the instrument is made.
 */

/** A scheme by the name it has in `Accept`. */
export type Escaping = 'underscores' | 'dots' | 'values' | 'allow-utf-8'

const LEGACY = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LEGACY_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** Whether the name needs no escaping in any version of the formats. */
export function isLegacyName(name: string): boolean {
  return LEGACY.test(name)
}

/** The same of a label's name, in which a colon is not legal. */
export function isLegacyLabel(name: string): boolean {
  return LEGACY_LABEL.test(name)
}

/** Whether a word of an `Accept` header names a scheme. */
export function isEscaping(word: string): word is Escaping {
  return word === 'underscores' || word === 'dots' || word === 'values' || word === 'allow-utf-8'
}

/** The name of a metric as the scheme writes it; with `allow-utf-8` as it is. */
export function escapeName(name: string, escaping: Escaping): string {
  return escaped(name, escaping, isLegacyName)
}

/** The name of a label as the scheme writes it. */
export function escapeLabelName(name: string, escaping: Escaping): string {
  return escaped(name, escaping, isLegacyLabel)
}

function escaped(name: string, escaping: Escaping, isLegacy: (name: string) => boolean): string {
  if (escaping === 'allow-utf-8' || name === '') return name
  if (escaping === 'dots') return mapped(name, isLegacy, dotted)
  if (isLegacy(name)) return name
  if (escaping === 'underscores') return mapped(name, isLegacy, () => '_')
  return `U__${mapped(name, isLegacy, (char) => (char === '_' ? '__' : `_${(char.codePointAt(0) ?? 0).toString(16)}_`), '_')}`
}

/** `also` is a legal character that is replaced all the same. */
function mapped(
  name: string,
  isLegacy: (name: string) => boolean,
  replace: (char: string) => string,
  also = '',
): string {
  let text = ''
  for (const char of name) {
    // What may not come first may well come later: each character is asked about alone, the first one as it stands.
    const isLegal = isLegacy(text === '' ? char : `a${char}`)
    const kept = isLegal && char !== also && !(replace === dotted && char === '_')
    text += kept ? char : replace(char)
  }
  return text
}

function dotted(char: string): string {
  return char === '.' ? '_dot_' : '__'
}
