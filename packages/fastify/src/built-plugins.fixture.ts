/**
 * Builds a random tree of plugins with a version of Fastify. Each route carries its template in its own `config`, and each
 * handler notes down that it ran: so the framework itself says what it made of a request.
 *
 * Invariant: nothing here asks triscope for a route.
 */
import { Readable } from 'node:stream'
import { activeSpan, type Telemetry } from '@triscope/sdk'
import { indexOfRequest, type Truth } from '@triscope/testing/agreement'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifyServerOptions,
  onRequestAsyncHookHandler,
  RouteOptions,
} from 'fastify'
import type { versions } from './fastify-versions.fixture.ts'
import triscope from './index.ts'
import {
  type Act,
  type App,
  type Entry,
  type Hook,
  type Plugin,
  REWRITTEN,
  type Segment,
  type Tree,
  type When,
} from './random-plugins.fixture.ts'

type Version = (typeof versions)[number]

/** What the hooks and handlers of one request noted down. */
interface Seen {
  /** More than one where Fastify registered a route with and without its last slash. */
  templates: readonly (string | undefined)[]
  error: string | undefined
  mixed: boolean
}

export interface BuiltTree {
  readonly apps: readonly FastifyInstance[]
  truth(index: number): Truth
}

export async function buildTree(tree: Tree, version: Version, telemetry: Telemetry): Promise<BuiltTree> {
  const builder = new TreeBuilder(tree, version, telemetry)
  const apps: FastifyInstance[] = []
  for (const app of tree.apps) apps.push(await builder.app(app))
  return { apps, truth: builder.truth }
}

class TreeBuilder {
  readonly #tree: Tree
  readonly #version: Version
  readonly #telemetry: Telemetry
  readonly #seen = new Map<number, Seen>()
  #failures = 0

  constructor(tree: Tree, version: Version, telemetry: Telemetry) {
    this.#tree = tree
    this.#version = version
    this.#telemetry = telemetry
  }

  truth = (index: number): Truth => {
    const { templates, error, mixed } = this.#seen.get(index) ?? NOTHING
    return { routes: templates, error, mixed }
  }

  async app(plan: App): Promise<FastifyInstance> {
    const router = {
      ignoreTrailingSlash: plan.loose,
      ignoreDuplicateSlashes: plan.loose,
      caseSensitive: !plan.caseless,
    }
    const app = this.#version.fastify({
      ...(this.#version.name === 'Fastify 4' ? router : { routerOptions: router }),
      rewriteUrl: ({ url = '' }: { url?: string }) =>
        plan.rewrites && url.startsWith(`${REWRITTEN}/`) ? url.slice(REWRITTEN.length) : url,
    } as FastifyServerOptions) as FastifyInstance
    if (plan.form === 'called') triscope(app, this.#telemetry)
    else await app.register(triscope, this.#telemetry)
    app.addHook('onRequest', async (request) => {
      const seen = this.#entered(request)
      const { templates } = request.routeOptions.config as { templates?: readonly string[] }
      seen.templates = templates ?? [undefined]
    })
    this.#fill({ app, taken: new Set() }, plan, '')
    await app.ready()
    return app
  }

  #fill({ app, taken }: Place, plugin: Plugin, prefix: string): void {
    for (const hook of plugin.hooks) app.addHook(hook.on as 'onRequest', this.#hook(hook))
    if (plugin.errors !== 'none') {
      app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
        this.#entered(request)
        if (plugin.errors === 'fail') throw this.#failure(request, 503)
        void reply.code(error.statusCode ?? 500).send('handled')
      })
    }
    const place = `404 ${shapeOf(prefix)}`
    if (plugin.notFound !== 'none' && !taken.has(place)) {
      taken.add(place)
      app.setNotFoundHandler(async (request, reply) => {
        this.#entered(request)
        if (plugin.notFound === 'fail') throw this.#failure(request, 404)
        return reply.code(404).send('nothing here')
      })
    }
    for (const entry of plugin.entries) this.#add({ app, taken }, entry, prefix)
  }

  #add({ app, taken }: Place, entry: Entry, prefix: string): void {
    if (entry.kind === 'route') {
      const route = this.#route(entry, prefix)
      const shapes = shapesOf(entry, prefix)
      if (shapes.some((shape) => taken.has(shape))) return
      for (const shape of shapes) taken.add(shape)
      app.route(route)
      return
    }
    const plugin = entry.kind === 'plugin' ? entry.plugin : this.#tree.shared[entry.index]
    if (plugin === undefined) throw new Error('unreachable: a shared plugin is one of the tree')
    const own = text(entry.prefix, prefix)
    app.register(
      async (child) => this.#fill({ app: child, taken }, plugin, prefix + own),
      own === '' ? {} : { prefix: own },
    )
  }

  #route(entry: Entry & { kind: 'route' }, prefix: string): RouteOptions {
    const own = text(entry.url, prefix)
    const templates = own === '' ? [prefix, `${prefix}/`] : [prefix + own]
    return {
      method: entry.method === 'ANY' ? ['GET', 'POST', 'PUT', 'OPTIONS'] : entry.method,
      url: own === '' ? '/' : own,
      config: { templates } as object,
      ...(entry.constraint === 'version' ? { constraints: { version: '1.2.0' } } : {}),
      ...(entry.constraint === 'host' ? { constraints: { host: 'a.example' } } : {}),
      ...(entry.hook === undefined ? {} : { [entry.hook.on]: this.#hook(entry.hook) }),
      handler: this.#handler(entry.act),
    }
  }

  #hook({ does, style, when }: Hook): onRequestAsyncHookHandler {
    const run = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
      this.#entered(request)
      await until(when)
      this.#entered(request)
      if (does === 'fail') throw this.#failure(request, 503)
      return does === 'answer' ? reply.code(403).send('by a hook') : undefined
    }
    if (style === 'async') return run
    const callback = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
      if (does === 'pass' && when === 'now') {
        this.#entered(request)
        done()
      } else {
        run(request, reply).then((answered) => {
          if (answered === undefined) done()
        }, done)
      }
    }
    return callback as unknown as onRequestAsyncHookHandler
  }

  #handler(act: Act): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
    return async (request, reply) => {
      this.#entered(request)
      await until(act.when)
      this.#entered(request)
      if (act.does === 'redirect') return reply.redirect('/elsewhere')
      if (act.does === 'callNotFound') {
        reply.callNotFound()
        return reply
      }
      if (act.does === 'fail') {
        const error = this.#failure(request, act.status)
        if (act.how === 'throw') throw error
        return reply.send(error)
      }
      if (act.how === 'hijack') {
        reply.hijack()
        reply.raw.writeHead(act.status).end('hijacked')
        return undefined
      }
      reply.code(act.status)
      if (act.how === 'return') return 'returned'
      return reply.send(act.how === 'send' ? 'sent' : Readable.from(['a', 'stream']))
    }
  }

  #failure(request: FastifyRequest, statusCode: number): Error {
    const error = Object.assign(new RangeError(`failure ${this.#failures++}`), { statusCode })
    this.#entered(request).error ??= error.message
    return error
  }

  #entered(request: FastifyRequest): Seen {
    const { traceparent } = request.headers
    const index = indexOfRequest(traceparent)
    let seen = this.#seen.get(index)
    if (seen === undefined) {
      seen = { ...NOTHING }
      this.#seen.set(index, seen)
    }
    const traceId = activeSpan()?.spanContext().traceId
    if (!String(traceparent).includes(traceId ?? 'none')) seen.mixed = true
    return seen
  }
}

const NOTHING: Seen = { templates: [undefined], error: undefined, mixed: false }

/** An instance, and what all of its app have registered. */
interface Place {
  readonly app: FastifyInstance
  readonly taken: Set<string>
}

/** What Fastify may take for the same route: it throws then, and leaves half of the route behind. */
function shapesOf(entry: Entry & { kind: 'route' }, prefix: string): string[] {
  const path = shapeOf(prefix + text(entry.url, prefix))
  const paths = entry.url.at(-1)?.kind === 'optional' ? [path, path.slice(0, -2)] : [path]
  const methods = entry.method === 'ANY' ? ['GET', 'POST'] : [entry.method]
  return paths.flatMap((each) => methods.map((method) => `${method} ${entry.constraint} ${each}`))
}

function shapeOf(path: string): string {
  return path.replace(/:[^/]+/g, ':').toLowerCase()
}

/** The segments as Fastify writes them; names are told apart by their place in the whole path. */
function text(segments: readonly Segment[], prefix: string): string {
  const depth = prefix.split('/').length
  return segments.map((segment, i) => segmentText(segment, `n${depth + i}`)).join('')
}

function segmentText(segment: Segment, name: string): string {
  switch (segment.kind) {
    case 'literal':
      return `/${segment.text}`
    case 'param':
      return `/:${name}`
    case 'digits':
      return `/:${name}(^\\d+$)`
    case 'pair':
      return `/:${name}from-:${name}to`
    case 'optional':
      return `/:${name}?`
    case 'wild':
      return '/*'
  }
}

async function until(when: When): Promise<void> {
  if (when === 'now') return
  await Promise.resolve()
  for (let i = 0; i < (when === 'turns' ? 4 : 0); i++) await new Promise((resolve) => setImmediate(resolve))
}
