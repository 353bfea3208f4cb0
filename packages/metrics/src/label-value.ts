/** Turns what a caller gave as a label's value into the text that is exposed. */

/** A longer value is cut: it is a mistake, and `maxSeries` of them must fit into memory. */
export const MAX_LABEL_VALUE_LENGTH = 1024

/**
 * The text, or `undefined` when the value has none: a symbol, a function, or an object whose `toString` throws.
 * A label that is missing is the empty text, which Prometheus takes for a label that is not there.
 */
export function labelValueText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return bounded(value)
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'undefined':
      return ''
    case 'object':
      return value === null ? '' : objectText(value)
    default:
      return undefined
  }
}

/** Whether the text is exposed exactly as given, so that the value itself can serve as a key. */
export function isPlainValue(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_LABEL_VALUE_LENGTH && !LONE_SURROGATE.test(value)
}

/** The text with one character for each byte of its UTF-8, in one flat piece, so that it is copied and not encoded. */
export function wireText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are ASCII too.
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

/** With the `u` flag a pair counts as one character, so only lone halves match. */
const LONE_SURROGATE = /[\uD800-\uDFFF]/u
const LONE_SURROGATES = /[\uD800-\uDFFF]/gu

function bounded(text: string): string {
  const cut = text.length > MAX_LABEL_VALUE_LENGTH ? text.slice(0, MAX_LABEL_VALUE_LENGTH) : text
  // Replaced here and not by the encoder: two values that look alike when written must be one series.
  return LONE_SURROGATE.test(cut) ? cut.replace(LONE_SURROGATES, '\uFFFD') : cut
}

function objectText(value: object): string | undefined {
  try {
    return bounded(String(value))
  } catch {
    // Its own toString threw: the caller counts the recording as invalid.
    return undefined
  }
}
