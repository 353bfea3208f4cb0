/**
 * Random trees of routers, and random requests to them, as plain values: fast-check makes them of a seed, prints them and
 * makes them smaller.
 */
import fc from 'fast-check'

/** One part of a path. `optional` and `wild` are the last of theirs. */
export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'param' | 'digits' | 'pair' | 'optional' | 'wild' }

/** A path of Express as text, or a regular expression that begins with a word. */
export type Pattern =
  | { readonly segments: readonly Segment[]; readonly slash: boolean }
  | { readonly expression: string; readonly form: 'prefix' | 'digits' }

/** When a handler acts: at once, in a microtask, or some turns of the event loop later. */
export type When = 'now' | 'microtask' | 'turn' | 'turns'

export type Act =
  | { readonly does: 'answer'; readonly status: number; readonly when: When }
  | { readonly does: 'pass'; readonly signal?: 'route' | 'router'; readonly when: When }
  | {
      readonly does: 'fail'
      readonly how: 'throw' | 'next' | 'reject'
      readonly status?: number
      readonly when: When
    }

/** What stands in a router, in order. More than one pattern is an array of paths. */
export type Entry =
  | { readonly kind: 'middleware'; readonly path: readonly Pattern[]; readonly act: Act }
  | {
      readonly kind: 'route'
      readonly path: readonly Pattern[]
      readonly method: 'get' | 'post' | 'all'
      readonly acts: readonly Act[]
    }
  | { readonly kind: 'param'; readonly word: string; readonly act: Act; readonly callback: 'pass' | 'fail' }
  | { readonly kind: 'mount'; readonly path: readonly Pattern[]; readonly level: Level }
  /** A router that is mounted elsewhere too, also in the other app. */
  | { readonly kind: 'shared'; readonly path: readonly Pattern[]; readonly index: number }
  | {
      readonly kind: 'errors'
      readonly path: readonly Pattern[]
      readonly does: 'answer' | 'pass' | 'recover' | 'fail'
      readonly when: When
    }

/** A router, or an app mounted on the app. */
export interface Level {
  readonly kind: 'router' | 'app'
  /** Whether triscope stands on it too, where it is an app. */
  readonly own: boolean
  readonly strict: boolean
  readonly sensitive: boolean
  readonly merge: boolean
  readonly entries: readonly Entry[]
}

/** Two apps that share routers. */
export interface Tree {
  readonly shared: readonly Level[]
  readonly apps: readonly Level[]
}

/** A walk down the tree, and what is done to the path it makes. */
export interface Walk {
  readonly app: number
  readonly method: string
  readonly choices: readonly number[]
  readonly values: readonly string[]
  readonly twist: Twist
}

export type Twist = (typeof twists)[number]

const twists = [
  'none',
  'query',
  'slash',
  'deeper',
  'upper',
  'double',
  'evil',
  'absolute',
  'broken',
  'other',
  'star',
] as const

/** Also words that are values of parameters, in any case. */
const words = ['a', 'b', 'items', 'Mixed', 'v1.2', 'x-y', 'caf%C3%A9'] as const
const values = [
  '1',
  '42',
  'a',
  'items',
  'a%20b',
  'a%2Fb',
  '%C3%BC',
  '..',
  ':id',
  '*',
  'x-y',
  '7-8',
  '__proto__',
] as const

const literal: fc.Arbitrary<Segment> = fc.constantFrom(...words).map((text) => ({ kind: 'literal', text }))
const inner: fc.Arbitrary<Segment> = fc.oneof(
  { weight: 3, arbitrary: literal },
  { weight: 3, arbitrary: fc.constant<Segment>({ kind: 'param' }) },
  { weight: 1, arbitrary: fc.constantFrom<Segment>({ kind: 'digits' }, { kind: 'pair' }) },
)
const last: fc.Arbitrary<Segment | undefined> = fc.option(
  fc.constantFrom<Segment>({ kind: 'optional' }, { kind: 'wild' }),
  { nil: undefined, freq: 5 },
)
const slash = fc.integer({ min: 0, max: 7 }).map((n) => n === 0)

const textPattern: fc.Arbitrary<Pattern> = fc
  .record({ segments: fc.array(inner, { minLength: 1, maxLength: 2 }), last, slash })
  .map(({ segments, last: end, slash: ends }) => ({
    segments: end === undefined ? segments : [...segments, end],
    slash: ends && end === undefined,
  }))

/**
 * Entries of an array begin with a word each, so that a request shows which of them matched. One at least is text:
 * Express 4 joins an array of expressions alone to one that looks like the app's own.
 */
function beginningWith(word: string): fc.Arbitrary<Pattern> {
  const form = fc.constantFrom('prefix' as const, 'digits' as const)
  return fc.oneof(
    { weight: 4, arbitrary: textAfter(word) },
    { weight: 1, arbitrary: form.map((form) => ({ expression: word, form })) },
  )
}

function textAfter(word: string): fc.Arbitrary<Pattern> {
  return fc
    .array(inner, { maxLength: 2 })
    .map((segments) => ({ segments: [{ kind: 'literal', text: word }, ...segments], slash: false }))
}

const path: fc.Arbitrary<readonly Pattern[]> = fc.oneof(
  { weight: 6, arbitrary: textPattern.map((pattern) => [pattern]) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...words)
      .chain(beginningWith)
      .map((pattern) => [pattern]),
  },
  {
    weight: 2,
    arbitrary: fc
      .uniqueArray(fc.constantFrom(...words), { minLength: 2, maxLength: 3 })
      .chain(([first = '', ...rest]) => fc.tuple(textAfter(first), ...rest.map(beginningWith))),
  },
)
const rootPath: fc.Arbitrary<readonly Pattern[]> = fc.constant([{ segments: [], slash: false }])
const anyPath = fc.oneof({ weight: 5, arbitrary: path }, { weight: 1, arbitrary: rootPath })

const when = fc.constantFrom<When>('now', 'now', 'microtask', 'turn', 'turns')
const answer: fc.Arbitrary<Act> = fc.record({
  does: fc.constant('answer' as const),
  status: fc.constantFrom(200, 200, 201, 204, 302, 304, 404, 500, 503),
  when,
})
const fail: fc.Arbitrary<Act> = fc
  .record({
    does: fc.constant('fail' as const),
    how: fc.constantFrom('throw' as const, 'next' as const, 'reject' as const),
    status: fc.constantFrom(undefined, 404, 418, 503),
    when,
  })
  .map(({ status, ...rest }) => (status === undefined ? rest : { ...rest, status }))
const pass: fc.Arbitrary<Act> = fc.record({ does: fc.constant('pass' as const), when })
const passRoute: fc.Arbitrary<Act> = pass.map((act) => ({ ...act, does: 'pass', signal: 'route' }))
const passRouter: fc.Arbitrary<Act> = pass.map((act) => ({ ...act, does: 'pass', signal: 'router' }))

const middlewareAct = fc.oneof(
  { weight: 10, arbitrary: pass },
  { weight: 1, arbitrary: answer },
  { weight: 1, arbitrary: fail },
)
/** `depth` 0 is an app that listens: there `next('router')` leaves the app itself. */
function routeAct(depth: number): fc.Arbitrary<Act> {
  return fc.oneof(
    { weight: 12, arbitrary: answer },
    { weight: 4, arbitrary: fail },
    { weight: 3, arbitrary: pass },
    { weight: 2, arbitrary: passRoute },
    { weight: depth === 0 ? 0 : 1, arbitrary: passRouter },
  )
}

function level(depth: number): fc.Arbitrary<Level> {
  return fc.record({
    kind: depth === 0 ? fc.constant('app' as const) : fc.constantFrom('router', 'router', 'app'),
    own: depth === 0 ? fc.constant(true) : fc.boolean(),
    strict: fc.boolean(),
    sensitive: fc.boolean(),
    merge: fc.boolean(),
    entries: fc.array(entry(depth), { minLength: 1, maxLength: depth === 0 ? 7 : 4 }),
  })
}

function entry(depth: number): fc.Arbitrary<Entry> {
  const route = fc.record({
    kind: fc.constant('route' as const),
    path: anyPath,
    method: fc.constantFrom('get' as const, 'get' as const, 'post' as const, 'all' as const),
    acts: fc
      .tuple(fc.array(pass, { maxLength: 2 }), routeAct(depth))
      .map(([before, act]) => [...before, act]),
  })
  const others: fc.Arbitrary<Entry>[] = [
    fc.record({
      kind: fc.constant('middleware' as const),
      path: fc.oneof(path, rootPath),
      act: middlewareAct,
    }),
    fc.record({
      kind: fc.constant('param' as const),
      word: fc.constantFrom(...words),
      act: answer,
      callback: fc.constantFrom('pass' as const, 'fail' as const),
    }),
    fc.record({
      kind: fc.constant('errors' as const),
      path: fc.oneof(rootPath, rootPath, path),
      does: fc.constantFrom('answer' as const, 'pass' as const, 'recover' as const, 'fail' as const),
      when,
    }),
  ]
  if (depth === 0) {
    others.push(
      fc.record({
        kind: fc.constant('shared' as const),
        path: anyPath,
        index: fc.integer({ min: 0, max: SHARED - 1 }),
      }),
    )
  }
  if (depth < MAX_DEPTH) {
    const mount = fc.record({ kind: fc.constant('mount' as const), path: anyPath, level: level(depth + 1) })
    return fc.oneof(
      { weight: 3, arbitrary: route },
      { weight: depth === 0 ? 5 : 3, arbitrary: mount },
      ...others.map((arbitrary) => ({ weight: 1, arbitrary })),
    )
  }
  return fc.oneof({ weight: 5, arbitrary: route }, ...others.map((arbitrary) => ({ weight: 1, arbitrary })))
}

const MAX_DEPTH = 3
const SHARED = 2

export const tree: fc.Arbitrary<Tree> = fc.record({
  // As deep as the deepest: it mounts nothing itself.
  shared: fc.array(level(MAX_DEPTH), { minLength: SHARED, maxLength: SHARED }),
  apps: fc.array(level(0), { minLength: 2, maxLength: 2 }),
})

export const walk: fc.Arbitrary<Walk> = fc.record({
  app: fc.integer({ min: 0, max: 1 }),
  method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'PUT'),
  choices: fc.array(fc.nat({ max: 1_000 }), { minLength: 12, maxLength: 12 }),
  values: fc.array(fc.constantFrom(...values), { minLength: 8, maxLength: 8 }),
  twist: fc.oneof(
    { weight: 2, arbitrary: fc.constant('none' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...twists) },
  ),
})

/** The request target of a walk. */
export function targetOf(
  { shared, apps }: Tree,
  { app, method, choices, values: given, twist }: Walk,
): string {
  let at = 0
  let filled = 0
  const choose = <T>(from: readonly T[]): T | undefined => from[(choices[at++] ?? 0) % from.length]
  const value = (): string => given[filled++ % given.length] ?? '1'
  let level = apps[app]
  let target = ''
  while (level !== undefined) {
    const entry: Entry | undefined = choose(level.entries)
    level = undefined
    if (entry === undefined) break
    if (entry.kind === 'param') target += `/${entry.word}/${value()}`
    else {
      const pattern = choose(entry.path)
      if (pattern !== undefined) target += filledIn(pattern, value)
      if (entry.kind === 'mount') level = entry.level
      if (entry.kind === 'shared') level = shared[entry.index]
    }
  }
  // HEAD enters routes that have no handler for it, which no handler can tell of when a later path is broken.
  const told = method === 'HEAD' && twist === 'broken' ? 'none' : twist
  return twisted(target === '' ? '/' : target, told)
}

function filledIn(pattern: Pattern, value: () => string): string {
  if ('expression' in pattern) return `/${pattern.expression}${pattern.form === 'digits' ? '/12' : ''}`
  const text = pattern.segments.map((segment) => {
    if (segment.kind === 'literal') return `/${segment.text}`
    if (segment.kind === 'digits') return '/123'
    if (segment.kind === 'pair') return '/left-right'
    if (segment.kind === 'wild') return `/${value()}/${value()}`
    const filling = value()
    return segment.kind === 'optional' && filling.length > 1 ? '' : `/${filling}`
  })
  return text.join('')
}

function twisted(target: string, twist: Twist): string {
  switch (twist) {
    case 'query':
      return `${target}?x=/a/b&y=%zz`
    case 'slash':
      return `${target}/`
    case 'deeper':
      return `${target}/deeper`
    case 'upper':
      return target.toUpperCase()
    case 'double':
      return target.replaceAll('/', '//')
    case 'evil':
      return `//evil${target}`
    case 'absolute':
      return `http://evil.example${target}`
    case 'broken':
      return `${target}/%zz`
    case 'other':
      return '/wp-login.php'
    case 'star':
      return '*'
    case 'none':
      return target
  }
}
