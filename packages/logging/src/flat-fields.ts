/** Nested fields as a flat list of names and texts, for formats of `name=value`. */

/** Deeper than this, and for lists, a value is shown as JSON. */
const MAX_DEPTH = 4

/** Each scalar with its dotted name, in order; the last of a name wins, in the place of the first. */
export function flatFields(fields: Readonly<Record<string, unknown>>): Map<string, string> {
  const flat = new Map<string, string>()
  add(flat, '', fields, 0)
  return flat
}

function add(flat: Map<string, string>, prefix: string, fields: object, depth: number): void {
  for (const [key, value] of Object.entries(fields) as [string, unknown][]) {
    const name = prefix === '' ? key : `${prefix}.${key}`
    if (value === undefined) continue
    if (typeof value !== 'object' || value === null) flat.set(name, String(value))
    else if (Array.isArray(value) || depth >= MAX_DEPTH) flat.set(name, JSON.stringify(value))
    else add(flat, name, value, depth + 1)
  }
}

/** Control characters of all kinds, line separators and marks that turn the direction of text, escaped as in JSON. */
export function visible(text: string): string {
  return HIDDEN.test(text) ? text.replace(EACH_HIDDEN, escaped) : text
}

const HIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u
const EACH_HIDDEN = new RegExp(HIDDEN.source, 'gu')
const SHORT: Readonly<Partial<Record<string, string>>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escaped(character: string): string {
  return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
