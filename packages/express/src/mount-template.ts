/**
 * The template of a mount, for routers that do not keep it: Express 4, and `router` below 2.3 in Express 5. All they
 * keep is what matches a path, so that is asked.
 *
 * Invariant: the answer is one of finitely many for each layer, whatever clients send. Text that cannot be shown to
 * come from the app's own pattern becomes `*`.
 */

/** What an app gives as the path of a route or a mount; arrays are taken apart before. */
export type PathPattern = string | RegExp

/** A route of Express, as its router keeps it. */
export interface Route {
  readonly path: PathPattern | readonly unknown[]
  readonly methods?: Readonly<Record<string, boolean>>
}

/** What is known of a mount or a route in a router's stack. */
export interface Layer {
  handle: unknown
  readonly name?: string
  /** Absent or undefined where the layer is a mount. */
  readonly route?: Route | undefined
  /** From router 2.3 on. */
  readonly rawPath?: unknown
  /** Router 2: whether it matches every path. */
  readonly slash?: boolean
  /** Express 4. */
  readonly regexp?: RegExp
  readonly keys?: readonly { readonly name: string | number }[]
  /** Router 2.0 to 2.2: one for each entry of the path. */
  readonly matchers?: readonly Matcher[]
}

type Matcher = (path: string) => false | { path: string; params: Readonly<Record<string, unknown>> }

/** What cannot be named. */
const ANYTHING = '*'
/** Templates of one mount: one for each of its paths, and for each set of its optional parts. */
const MAX_VARIANTS = 64
/** Longer mounts than this are no mounts of an app; probing takes one match for each character. */
const MAX_PROBED = 256
/** No path has it: node refuses control characters in a request line. */
const SENTINEL = '\u0001'

const templates = new WeakMap<Layer, Map<string, string>>()

/** The template of the mount `layer`, where `removed` is the part of the path that it matched, with its first slash. */
export function mountTemplate(layer: Layer, removed: string): string {
  if (layer.regexp !== undefined) return ofRegExp(layer, layer.regexp, removed)
  if (layer.matchers !== undefined) return ofMatchers(layer, layer.matchers, removed)
  return ANYTHING
}

/** Express 4 turns a path into one expression, with a group for each parameter. */
function ofRegExp(layer: Layer, regexp: RegExp, cut: string): string {
  // Express leaves the last slash out of what it cuts off; a wildcard may have matched from there.
  const removed = regexp.test(cut) ? cut : `${cut}/`
  const own = ownExpression(regexp, removed)
  if (own !== undefined) return own
  const match = regexp.exec(removed)
  if (match === null) return ANYTHING
  let present = ''
  for (let group = 1; group < match.length; group++) present += match[group] === undefined ? '0' : '1'
  const isLiteral = !present.includes('1')
  return remembered(layer, isLiteral ? removed.toLowerCase() : present, () => {
    const { indices } = new RegExp(regexp.source, `${regexp.flags}d`).exec(removed) ?? {}
    const text = regexp.source.replaceAll('\\', '').replaceAll('(?:', '')
    let template = ''
    let at = 0
    for (const [group, span] of (indices ?? []).entries()) {
      // A group within a group, or one that took no part.
      if (group === 0 || span === undefined || span[0] < at) continue
      template += inPattern(removed.slice(at, span[0]), text)
      const name = layer.keys?.[group - 1]?.name
      template += typeof name === 'string' ? `:${name}` : ANYTHING
      at = span[1]
    }
    return template + inPattern(removed.slice(at), text)
  })
}

/** The app's own expression, where it matched; `undefined` where one did that path-to-regexp 0.1 made of text. */
function ownExpression(regexp: RegExp, removed: string): string | undefined {
  let parts = expressions.get(regexp)
  if (parts === undefined) {
    const sources = alternatives(regexp.source)
    parts = sources.some(isOfText)
      ? sources.map((source) => ({
          own: isOfText(source) ? undefined : String(new RegExp(source)),
          regexp: new RegExp(source, regexp.flags),
        }))
      : [{ own: String(regexp), regexp }]
    expressions.set(regexp, parts)
  }
  if (parts.length === 1) return parts[0]?.own
  return parts.find((part) => part.regexp.test(removed))?.own
}

const expressions = new WeakMap<RegExp, readonly { own: string | undefined; regexp: RegExp }[]>()

/** What is made of the text of a mount. */
function isOfText(source: string): boolean {
  return source.startsWith('^') && source.endsWith('(?=\\/|$)')
}

/** The expressions that an array of paths was joined of; up to Express 4.17 each array is a group. */
function alternatives(source: string): string[] {
  const isGroup = source.startsWith('(?:^') || source.startsWith('(?:(?:^')
  const parts = split(source)
  if (parts.length > 1) return parts.flatMap(alternatives)
  return isGroup && source.endsWith(')') ? alternatives(source.slice(3, -1)) : parts
}

/** Parts it at each `|` outside of groups and classes. */
function split(source: string): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at < source.length; at++) {
    const char = source.charAt(at)
    if (char === '\\') at++
    else if (char === '[') at = endOfClass(source, at)
    else if (char === '(') depth++
    else if (char === ')') depth--
    else if (char === '|' && depth === 0) {
      parts.push(source.slice(from, at))
      from = at + 1
    }
  }
  return [...parts, source.slice(from)]
}

function endOfClass(source: string, from: number): number {
  for (let at = from + 1; at < source.length; at++) {
    if (source.charAt(at) === '\\') at++
    else if (source.charAt(at) === ']') return at
  }
  return source.length
}

/** The text as the app wrote it, found again without regard to case; `*` where it is not the app's. */
function inPattern(literal: string, pattern: string): string {
  const at = pattern.toLowerCase().indexOf(literal.toLowerCase())
  return at < 0 || pattern.length !== pattern.toLowerCase().length
    ? ANYTHING
    : pattern.slice(at, at + literal.length)
}

/** Router 2.0 to 2.2 hide the path in functions; a parameter is where another character still matches. */
function ofMatchers(layer: Layer, matchers: readonly Matcher[], removed: string): string {
  for (const [index, matcher] of matchers.entries()) {
    const match = matcher(removed)
    if (match === false) continue
    // The one kind of matcher that may match any text: the app's own expression, which is out of reach.
    if (matcher.name === 'regexpMatcher') return ANYTHING
    const names = Object.keys(match.params).join()
    return remembered(layer, `${index} ${names === '' ? removed.toLowerCase() : names}`, () =>
      removed.length > MAX_PROBED ? undefined : probed(matcher, removed),
    )
  }
  return ANYTHING
}

/** One character, as it is or as the escapes of its bytes: a part of it could not be decoded. */
const CHARACTER = /%[0-7][0-9a-f]|%[c-f][0-9a-f](?:%[89ab][0-9a-f])+|./gis

function probed(matcher: Matcher, path: string): string {
  const values = valuesOf(matcher, path)
  let template = ''
  let last: string | undefined
  for (const { 0: character, index } of path.matchAll(CHARACTER)) {
    const other = path.slice(0, index) + SENTINEL + path.slice(index + character.length)
    const name = changedName(values, valuesOf(matcher, other))
    if (name === undefined) template += character
    else if (name !== last) template += name
    last = name
  }
  return template
}

/**
 * `:name` or `*name` of the parameter that has the sentinel; `undefined` where none has, so that the character it stands
 * for is the app's text. Nothing else may change: else the path was taken apart in another way, without an optional part.
 */
function changedName(before: Values, after: Values): string | undefined {
  if (after.size !== before.size) return undefined
  let found: string | undefined
  for (const [name, value] of after) {
    const original = before.get(name)
    if (value === original) continue
    const [head = '', tail] = value.split(SENTINEL)
    if (found !== undefined || tail === undefined || !original?.startsWith(head) || !original.endsWith(tail))
      return undefined
    found = name
  }
  return found
}

/** The values of parameters, by their names with `:` or `*`. */
type Values = ReadonlyMap<string, string>

function valuesOf(matcher: Matcher, path: string): Values {
  const values = new Map<string, string>()
  const match = matcher(path)
  if (match === false) return values
  for (const [name, value] of Object.entries(match.params)) {
    if (typeof value === 'string') values.set(`:${name}`, value)
    else if (Array.isArray(value)) values.set(`*${name}`, value.join('/'))
  }
  return values
}

/** @param make gives nothing where this path shows nothing, and another of its variant may */
function remembered(layer: Layer, variant: string, make: () => string | undefined): string {
  let known = templates.get(layer)
  if (known === undefined) {
    known = new Map()
    templates.set(layer, known)
  }
  const template = known.get(variant)
  if (template !== undefined) return template
  if (known.size >= MAX_VARIANTS) return ANYTHING
  const made = make()
  if (made === undefined) return ANYTHING
  known.set(variant, made)
  return made
}
