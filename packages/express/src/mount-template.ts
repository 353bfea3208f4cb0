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
function ofRegExp(layer: Layer, regexp: RegExp, removed: string): string {
  // What path-to-regexp 0.1 makes of text ends so, for a mount. Another expression is the app's own.
  if (!/^\^|^\(\?:\^/.test(regexp.source) || !/\(\?=\\\/\|\$\)\)?$/.test(regexp.source)) return String(regexp)
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

/** The text as the app wrote it, found again without regard to case; `*` where it is not the app's. */
function inPattern(literal: string, pattern: string): string {
  const at = pattern.toLowerCase().indexOf(literal.toLowerCase())
  return at < 0 || pattern.length !== pattern.toLowerCase().length
    ? ANYTHING
    : pattern.slice(at, at + literal.length)
}

/** Router 2.0 to 2.2 hide the path in functions; a parameter is where another character still matches. */
function ofMatchers(layer: Layer, matchers: readonly Matcher[], removed: string): string {
  // A parameter's value is decoded, and a part of an escape cannot be: any other character stands for it as well.
  const path = removed.replace(/(?:%[0-9a-f]{2})+/gi, 'x')
  for (const [index, matcher] of matchers.entries()) {
    const match = matcher(path)
    if (match === false) continue
    // The one kind of matcher that may match any text: the app's own expression, which is out of reach.
    if (matcher.name === 'regexpMatcher' || path.length > MAX_PROBED) return ANYTHING
    const names = Object.keys(match.params).join()
    return remembered(layer, `${index} ${names === '' ? path.toLowerCase() : names}`, () =>
      probed(matcher, path),
    )
  }
  return ANYTHING
}

function probed(matcher: Matcher, path: string): string {
  let template = ''
  let last: string | undefined
  for (let at = 0; at < path.length; at++) {
    const name = nameAt(matcher, path, at)
    if (name === undefined) template += path.charAt(at)
    else if (name !== last) template += name
    last = name
  }
  return template
}

/** `:name` or `*name` of the parameter that the character belongs to; `undefined` where it is the app's text. */
function nameAt(matcher: Matcher, path: string, at: number): string | undefined {
  const match = matcher(path.slice(0, at) + SENTINEL + path.slice(at + 1))
  if (match === false) return undefined
  for (const [name, value] of Object.entries(match.params)) {
    if (typeof value === 'string' && value.includes(SENTINEL)) return `:${name}`
    if (Array.isArray(value) && value.join('/').includes(SENTINEL)) return `*${name}`
  }
  return undefined
}

function remembered(layer: Layer, variant: string, make: () => string): string {
  let known = templates.get(layer)
  if (known === undefined) {
    known = new Map()
    templates.set(layer, known)
  }
  const template = known.get(variant)
  if (template !== undefined) return template
  if (known.size >= MAX_VARIANTS) return ANYTHING
  const made = make()
  known.set(variant, made)
  return made
}
