/**
 * Random trees of plugins, and random requests to them, as plain values: fast-check makes them of a seed, and prints them.
 */
import fc from 'fast-check'

/** One part of a path. `optional` and `wild` are the last of theirs, and of routes alone. */
export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'param' | 'digits' | 'pair' | 'optional' | 'wild' }

/** When a handler acts: at once, or some turns of the event loop later. */
export type When = 'now' | 'microtask' | 'turns'

export type Act =
  | {
      readonly does: 'answer'
      readonly how: 'return' | 'send' | 'hijack' | 'stream'
      readonly status: number
      readonly when: When
    }
  | { readonly does: 'redirect'; readonly when: When }
  | { readonly does: 'callNotFound'; readonly when: When }
  | { readonly does: 'fail'; readonly how: 'throw' | 'send'; readonly status: number; readonly when: When }

export interface Hook {
  readonly on: 'onRequest' | 'preValidation' | 'preHandler'
  readonly does: 'pass' | 'answer' | 'fail'
  readonly style: 'callback' | 'async'
  readonly when: When
}

export type Entry =
  | {
      readonly kind: 'route'
      readonly url: readonly Segment[]
      readonly method: 'GET' | 'POST' | 'ANY'
      readonly constraint: 'none' | 'version' | 'host'
      readonly hook?: Hook | undefined
      readonly act: Act
    }
  | { readonly kind: 'plugin'; readonly prefix: readonly Segment[]; readonly plugin: Plugin }
  /** A plugin that is registered elsewhere too, also in the other app. */
  | { readonly kind: 'shared'; readonly prefix: readonly Segment[]; readonly index: number }

export interface Plugin {
  readonly hooks: readonly Hook[]
  readonly errors: 'none' | 'answer' | 'fail'
  readonly notFound: 'none' | 'answer' | 'fail'
  readonly entries: readonly Entry[]
}

export interface App extends Plugin {
  readonly form: 'called' | 'registered'
  readonly loose: boolean
  readonly caseless: boolean
  readonly rewrites: boolean
}

/** Two apps that share plugins. */
export interface Tree {
  readonly shared: readonly Plugin[]
  readonly apps: readonly App[]
}

/** A walk down the tree, and what is done to the path it makes. */
export interface Walk {
  readonly app: number
  readonly method: string
  readonly choices: readonly number[]
  readonly values: readonly string[]
  readonly constrained: boolean
  readonly twist: (typeof twists)[number]
}

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
  'rewritten',
] as const
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
  'l'.repeat(120),
] as const

const part: fc.Arbitrary<Segment> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(...words).map<Segment>((text) => ({ kind: 'literal', text })),
  },
  { weight: 3, arbitrary: fc.constant<Segment>({ kind: 'param' }) },
  { weight: 1, arbitrary: fc.constantFrom<Segment>({ kind: 'digits' }, { kind: 'pair' }) },
)
const prefix = fc.array(part, { maxLength: 2 })
const last = fc.constantFrom<Segment | undefined>(
  undefined,
  undefined,
  undefined,
  { kind: 'optional' },
  { kind: 'wild' },
)
const url = fc
  .tuple(fc.array(part, { maxLength: 2 }), last)
  .map(([parts, end]) => (end === undefined ? parts : [...parts, end]))

const when = fc.constantFrom<When>('now', 'now', 'microtask', 'turns')
const status = fc.constantFrom(200, 200, 201, 404, 500, 503)
const hook: fc.Arbitrary<Hook> = fc.record({
  on: fc.constantFrom('onRequest' as const, 'preValidation' as const, 'preHandler' as const),
  does: fc.constantFrom(
    'pass' as const,
    'pass' as const,
    'pass' as const,
    'answer' as const,
    'fail' as const,
  ),
  style: fc.constantFrom('callback' as const, 'async' as const),
  when,
})
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('answer' as const),
      how: fc.constantFrom('return' as const, 'send' as const, 'hijack' as const, 'stream' as const),
      status,
      when,
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('redirect' as const, 'callNotFound' as const), when)
      .map(([does, when]) => ({ does, when })),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('fail' as const),
      how: fc.constantFrom('throw' as const, 'send' as const),
      status: fc.constantFrom(400, 404, 500, 503),
      when,
    }),
  },
)

const route: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constant('route' as const),
  url,
  method: fc.constantFrom('GET' as const, 'GET' as const, 'POST' as const, 'ANY' as const),
  constraint: fc.constantFrom(
    'none' as const,
    'none' as const,
    'none' as const,
    'version' as const,
    'host' as const,
  ),
  hook: fc.option(hook, { nil: undefined, freq: 4 }),
  act,
})

function plugin(depth: number): fc.Arbitrary<Plugin> {
  const choices: { weight: number; arbitrary: fc.Arbitrary<Entry> }[] = [{ weight: 4, arbitrary: route }]
  if (depth === 0) {
    choices.push({
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('shared' as const),
        prefix,
        index: fc.integer({ min: 0, max: SHARED - 1 }),
      }),
    })
  }
  if (depth < MAX_DEPTH) {
    choices.push({
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('plugin' as const), prefix, plugin: plugin(depth + 1) }),
    })
  }
  return fc.record({
    hooks: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(hook, { maxLength: 2 }) },
    ),
    errors: fc.constantFrom('none' as const, 'none' as const, 'answer' as const, 'fail' as const),
    notFound: fc.constantFrom('none' as const, 'none' as const, 'answer' as const, 'fail' as const),
    entries: fc.array(fc.oneof(...choices), { minLength: 1, maxLength: depth === 0 ? 7 : 4 }),
  })
}

const MAX_DEPTH = 3
const SHARED = 2

const app: fc.Arbitrary<App> = fc
  .tuple(
    plugin(0),
    fc.record({
      form: fc.constantFrom('called' as const, 'registered' as const),
      loose: fc.boolean(),
      caseless: fc.boolean(),
      rewrites: fc.boolean(),
    }),
  )
  .map(([made, options]) => ({ ...options, ...made }))

export const tree: fc.Arbitrary<Tree> = fc.record({
  shared: fc.array(plugin(MAX_DEPTH), { minLength: SHARED, maxLength: SHARED }),
  apps: fc.array(app, { minLength: 2, maxLength: 2 }),
})

export const walk: fc.Arbitrary<Walk> = fc.record({
  app: fc.integer({ min: 0, max: 1 }),
  method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'PUT'),
  choices: fc.array(fc.nat({ max: 1_000 }), { minLength: 8, maxLength: 8 }),
  values: fc.array(fc.constantFrom(...values), { minLength: 8, maxLength: 8 }),
  constrained: fc.boolean(),
  twist: fc.oneof(
    { weight: 2, arbitrary: fc.constant('none' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...twists) },
  ),
})

/** What `rewriteUrl` takes off, in apps that rewrite. */
export const REWRITTEN = '/rewritten'

/** The request target of a walk. */
export function targetOf({ shared, apps }: Tree, { app, choices, values: given, twist }: Walk): string {
  let filled = 0
  const value = (): string => given[filled++ % given.length] ?? '1'
  let plugin: Plugin | undefined = apps[app]
  let target = ''
  for (const choice of choices) {
    const entry: Entry | undefined = plugin?.entries[choice % plugin.entries.length]
    if (entry === undefined) break
    target += (entry.kind === 'route' ? entry.url : entry.prefix)
      .map((part) => filledIn(part, value))
      .join('')
    if (entry.kind === 'route') break
    plugin = entry.kind === 'plugin' ? entry.plugin : shared[entry.index]
  }
  return twisted(target === '' ? '/' : target, twist)
}

function filledIn(segment: Segment, value: () => string): string {
  if (segment.kind === 'literal') return `/${segment.text}`
  if (segment.kind === 'digits') return '/123'
  if (segment.kind === 'pair') return '/left-right'
  if (segment.kind === 'wild') return `/${value()}/${value()}`
  const filling = value()
  return segment.kind === 'optional' && filling.length > 1 ? '' : `/${filling}`
}

function twisted(target: string, twist: Walk['twist']): string {
  switch (twist) {
    case 'query':
      return `${target}?x=/a/b`
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
    case 'rewritten':
      return REWRITTEN + target
    case 'none':
      return target
  }
}
