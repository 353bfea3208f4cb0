/**
 * Builds a random tree with a version of Express. Each handler knows which template it was registered under, and writes
 * down that it ran: so the framework itself says what it made of a request.
 *
 * Invariant: nothing here asks triscope for a route.
 */
import { activeSpan, type Telemetry } from '@triscope/sdk'
import { indexOfRequest, type Truth } from '@triscope/testing/agreement'
import type express from 'express'
import type { ErrorRequestHandler, Request, RequestHandler } from 'express'
import type { versions } from './express-versions.fixture.ts'
import { triscope } from './index.ts'
import type { Act, Entry, Level, Pattern, Segment, Tree, When } from './random-tree.fixture.ts'

type Version = (typeof versions)[number]

/** What the handlers of one request wrote down. */
interface Seen {
  /** The template of the handler that ran last, but for handlers of errors. */
  at: string | undefined
  answered: boolean
  /** Whether an error is on its way. */
  failed: boolean
  error: string | RegExp | undefined
  mixed: boolean
  /** The mounts that the request is in. */
  trail: { readonly id: number; readonly base: string; readonly template: string }[]
}

export interface BuiltTree {
  readonly apps: readonly express.Express[]
  truth(index: number, method: string, status: number): Truth
}

export function buildTree(tree: Tree, version: Version, telemetry: Telemetry): BuiltTree {
  const builder = new TreeBuilder(tree, version, telemetry)
  return { apps: tree.apps.map((level) => builder.app(level)), truth: builder.truth }
}

class TreeBuilder {
  readonly #version: Version
  readonly #telemetry: Telemetry
  readonly #seen = new Map<number, Seen>()
  readonly #shared: readonly RequestHandler[]
  #ids = 0

  constructor(tree: Tree, version: Version, telemetry: Telemetry) {
    this.#version = version
    this.#telemetry = telemetry
    this.#shared = tree.shared.map((level) => this.#level(level))
  }

  app(level: Level): express.Express {
    return this.#level({ ...level, kind: 'app', own: true }) as express.Express
  }

  truth = (index: number, method: string, status: number): Truth => {
    const { at, answered, failed, error, mixed } = this.#seen.get(index) ?? NOTHING
    // A router answers OPTIONS by itself, in the place where it stands.
    if (method === 'OPTIONS' && status === 200 && !answered) return { routes: [at, undefined], error, mixed }
    // A path that cannot be decoded is an error of its own, met behind what ran last.
    const undecodable = status === 400 && !answered
    return {
      routes: [answered || failed || undecodable ? at : undefined],
      error: error ?? (undecodable ? UNDECODABLE : undefined),
      mixed,
    }
  }

  #level(level: Level): RequestHandler {
    const { express } = this.#version
    let target: express.Router
    if (level.kind === 'app') {
      const app = express()
      app.set('env', 'test')
      app.set('strict routing', level.strict)
      app.set('case sensitive routing', level.sensitive)
      if (level.own) app.use(triscope(this.#telemetry))
      target = app
    } else {
      target = express.Router({
        strict: level.strict,
        caseSensitive: level.sensitive,
        mergeParams: level.merge,
      })
    }
    for (const entry of level.entries) this.#add(target, entry)
    return target as RequestHandler
  }

  #add(target: express.Router, entry: Entry): void {
    switch (entry.kind) {
      case 'middleware':
        target.use(this.#registered(entry.path), this.#handler(entry.act, this.#atMount(entry.path)))
        return
      case 'route': {
        const route = target.route(this.#registered(entry.path) as string)
        const at = this.#atRoute(entry.path)
        route[entry.method](...entry.acts.map((act) => this.#handler(act, at)))
        return
      }
      case 'param': {
        const name = `p${this.#ids++}`
        const pattern = `/${entry.word}/:${name}`
        const at = (req: Request): string => this.#outer(req) + pattern
        target.param(name, (req, _res, next) => {
          const seen = this.#entered(req, at)
          if (entry.callback === 'pass') next()
          else next(this.#failure(seen, undefined))
        })
        target.get(pattern, this.#handler(entry.act, at))
        return
      }
      case 'mount':
        this.#mount(target, entry.path, this.#level(entry.level))
        return
      case 'shared':
        this.#mount(target, entry.path, this.#shared[entry.index] as RequestHandler)
        return
      case 'errors':
        target.use(this.#registered(entry.path), this.#errors(entry))
    }
  }

  /** Writes down the mount before the router, and forgets it after. */
  #mount(target: express.Router, path: readonly Pattern[], router: RequestHandler): void {
    const id = this.#ids++
    const at = this.#atMount(path)
    const enter: RequestHandler = (req, _res, next) => {
      const seen = this.#entered(req, at)
      seen.trail.push({ id, base: req.baseUrl, template: seen.at ?? '' })
      next()
    }
    const leave = (req: Request): void => {
      const { trail } = this.#of(req)
      if (trail.at(-1)?.id === id) trail.pop()
    }
    const passed: RequestHandler = (req, _res, next) => {
      leave(req)
      this.#entered(req, at)
      next()
    }
    const failed: ErrorRequestHandler = (error, req, _res, next) => {
      leave(req)
      next(error)
    }
    target.use(this.#registered(path), enter, router, passed, failed)
  }

  #handler(act: Act, at: (req: Request) => string | undefined): RequestHandler {
    return (req, res, next) => {
      const seen = this.#entered(req, at)
      if (act.does === 'answer') {
        return later(act.when, () => {
          this.#checkContext(req, seen)
          seen.answered = true
          if (act.status === 302) res.redirect('/elsewhere')
          else res.status(act.status).send('answered')
        })
      }
      if (act.does === 'pass') {
        return later(act.when, () => {
          this.#checkContext(req, seen)
          if (act.signal === undefined) next()
          else next(act.signal)
        })
      }
      if (act.how === 'throw' && act.when === 'now') throw this.#failure(seen, act.status)
      const rejected = async (): Promise<void> => {
        await until(act.when)
        throw this.#failure(seen, act.status)
      }
      if (act.how === 'reject') return this.#version.major === 5 ? rejected() : void rejected().catch(next)
      return later(act.when, () => next(this.#failure(seen, act.status)))
    }
  }

  #errors({ does, when }: Entry & { kind: 'errors' }): ErrorRequestHandler {
    return (error: { status?: number }, req, res, next) => {
      const seen = this.#of(req)
      return later(when, () => {
        this.#checkContext(req, seen)
        // The error of a path that the router could not decode was nobody's until now.
        seen.error ??= UNDECODABLE
        seen.failed = true
        if (does === 'answer') {
          seen.answered = true
          res.status(error.status ?? 500).send('handled')
        } else if (does === 'recover') {
          seen.failed = false
          next()
        } else next(does === 'pass' ? error : this.#failure(seen, 503))
      })
    }
  }

  #failure(seen: Seen, status: number | undefined): Error {
    const error = new RangeError(`failure ${this.#ids++}`)
    seen.failed = true
    seen.error ??= error.message
    return status === undefined ? error : Object.assign(error, { status })
  }

  #entered(req: Request, at: (req: Request) => string | undefined): Seen {
    const seen = this.#of(req)
    seen.at = at(req)
    seen.failed = false
    this.#checkContext(req, seen)
    return seen
  }

  #checkContext(req: Request, seen: Seen): void {
    const traceId = activeSpan()?.spanContext().traceId
    if (!String(req.headers['traceparent']).includes(traceId ?? 'none')) seen.mixed = true
  }

  #of(req: Request): Seen {
    const index = indexOfRequest(req.headers['traceparent'])
    let seen = this.#seen.get(index)
    if (seen === undefined) {
      seen = { ...NOTHING, trail: [] }
      this.#seen.set(index, seen)
    }
    return seen
  }

  #outer(req: Request): string {
    return this.#of(req).trail.at(-1)?.template ?? ''
  }

  #atMount(path: readonly Pattern[]): (req: Request) => string | undefined {
    return (req) => {
      const text = req.baseUrl.slice(this.#of(req).trail.at(-1)?.base.length ?? 0)
      const own = text === '' ? '' : this.#mountTemplate(matching(path, text), text)
      const template = this.#outer(req) + own
      return template === '' ? undefined : template
    }
  }

  #atRoute(path: readonly Pattern[]): (req: Request) => string {
    return (req) => {
      const registered = this.#pattern(matching(path, req.path))
      return (
        this.#outer(req) +
          (typeof registered === 'string' ? registered.replace(/\/$/, '') : String(registered)) || '/'
      )
    }
  }

  #registered(path: readonly Pattern[]): string | RegExp | (string | RegExp)[] {
    const patterns = path.map((pattern) => this.#pattern(pattern))
    const [only] = patterns
    return patterns.length === 1 && only !== undefined ? only : patterns
  }

  #pattern(pattern: Pattern): string | RegExp {
    if ('expression' in pattern) {
      const { expression, form } = pattern
      return new RegExp(form === 'prefix' ? `^/${expression}` : `^/${expression}/(\\d+)`)
    }
    const text = pattern.segments.map((segment, i) => this.#segment(segment, i)).join('')
    return pattern.slash || text === '' ? `${text}/` : text
  }

  #segment(segment: Segment, position: number): string {
    const name = NAMES[position]
    const four = this.#version.major === 4
    switch (segment.kind) {
      case 'literal':
        return `/${segment.text}`
      case 'param':
        return `/:${name}`
      case 'digits':
        return four ? `/:${name}(\\d+)` : `/:${name}`
      case 'pair':
        return `/:from${position}-:to${position}`
      case 'optional':
        return four ? `/:${name}?` : `{/:${name}}`
      case 'wild':
        return four ? '/*' : `/*${name}`
    }
  }

  /** A router that does not publish the path of a mount hides a part of it, which README.md tells. */
  #mountTemplate(pattern: Pattern, text: string): string {
    const registered = this.#pattern(pattern)
    if (this.#version.name.includes('2.3')) {
      return typeof registered === 'string' ? registered.replace(/\/$/, '') : String(registered)
    }
    if ('expression' in pattern) return this.#version.major === 4 ? String(registered) : '*'
    const present = text.split('/').length - 1
    return pattern.segments
      .slice(0, pattern.segments.at(-1)?.kind === 'wild' ? undefined : present)
      .map((segment, i) => this.#segment(segment, i).replace(/\(.*\)|[?{}]/g, ''))
      .join('')
  }
}

const NAMES = ['id', 'name', 'item', 'part'] as const
const NOTHING: Seen = {
  at: undefined,
  answered: false,
  failed: false,
  error: undefined,
  mixed: false,
  trail: [],
}
const UNDECODABLE = /^Failed to decode param '.*%zz'$/i

/** The entry of an array that the text shows: each begins with a word of its own. */
function matching(path: readonly Pattern[], text: string): Pattern {
  const first = (text.split('/')[1] ?? '').toLowerCase()
  const found = path.find((pattern) =>
    'expression' in pattern
      ? first.startsWith(pattern.expression.toLowerCase())
      : pattern.segments[0]?.kind === 'literal' && pattern.segments[0].text.toLowerCase() === first,
  )
  const pattern = found ?? path[0]
  if (pattern === undefined) throw new Error('unreachable: a path has an entry')
  return pattern
}

/** Calls `fn` when it is time: at once in the caller's turn, or in a promise that no router waits for. */
function later(when: When, fn: () => void): void {
  if (when === 'now') fn()
  else void until(when).then(fn)
}

async function until(when: When): Promise<void> {
  if (when === 'now') return
  await Promise.resolve()
  const turns = when === 'turns' ? 4 : when === 'turn' ? 1 : 0
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
}
