/**
 * What Fastify can do to a request, one thing at a time, and the one template that tells it. What random trees cover by
 * chance is here by name; `conformance.process.test.ts` has them together.
 */
import { request } from 'node:http'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { versions } from './fastify-versions.fixture.ts'
import triscope from './index.ts'
import { RecordedApp } from './recorded-app.fixture.ts'

const ok = async (): Promise<string> => 'ok'

interface Case {
  name: string
  options?: FastifyServerOptions
  /** Of the router: Fastify 5 takes them in an object of their own. */
  router?: { ignoreTrailingSlash?: boolean; ignoreDuplicateSlashes?: boolean; caseSensitive?: boolean }
  build(app: FastifyInstance): void
  /** Method, request target, status, route; headers where it needs some. */
  asks: readonly [string, string, number, string | undefined, Record<string, string>?][]
}

const cases: readonly Case[] = [
  {
    name: 'plugins within plugins, with parameters in their prefixes and without a prefix',
    build(app) {
      app.register(
        async (outer) => {
          outer.register(async (plain) => {
            plain.register(async (inner) => void inner.get('/items/:item', ok), { prefix: '/in/:b' })
          })
          outer.get('/:leaf', ok)
        },
        { prefix: '/out/:a' },
      )
    },
    asks: [
      ['GET', '/out/1/in/2/items/3', 200, '/out/:a/in/:b/items/:item'],
      ['GET', '/out/1/2', 200, '/out/:a/:leaf'],
      ['GET', '/out/1/2/3/4', 404, undefined],
    ],
  },
  {
    name: 'constraints of version and host',
    build(app) {
      app.get('/c/:id', { constraints: { version: '1.2.0' } }, ok)
      app.get('/c/:id', { constraints: { host: 'a.example' } }, ok)
    },
    asks: [
      ['GET', '/c/1', 200, '/c/:id', { 'accept-version': '1.x' }],
      ['GET', '/c/1', 200, '/c/:id', { host: 'a.example' }],
      ['GET', '/c/1', 404, undefined, { 'accept-version': '2.x' }],
    ],
  },
  {
    name: 'handlers of what is not found, of the app and of a prefix, also one that fails',
    build(app) {
      app.setNotFoundHandler((_request, reply) => void reply.code(404).send('of the app'))
      app.register(
        async (child) => {
          child.setNotFoundHandler(async () => {
            throw new RangeError('of the prefix')
          })
          child.get('/gone/:id', (_request, reply) => reply.callNotFound())
        },
        { prefix: '/p/:id' },
      )
    },
    asks: [
      ['GET', '/none', 404, undefined],
      ['GET', '/p/1/none', 500, undefined],
      ['GET', '/p/1/gone/2', 500, '/p/:id/gone/:id'],
    ],
  },
  {
    name: 'wildcards, expressions, two parameters in a segment, optional ones',
    build(app) {
      app.get('/files/*', ok)
      app.get('/n/:id(^\\d+$)', ok)
      app.get('/at/:hour(^\\d{2}$)h:minute(^\\d{2}$)m', ok)
      app.get('/o/:x?', ok)
    },
    asks: [
      ['GET', '/files/a/b', 200, '/files/*'],
      ['GET', '/files/', 200, '/files/*'],
      ['GET', '/n/12', 200, '/n/:id(^\\d+$)'],
      ['GET', '/n/x', 404, undefined],
      ['GET', '/at/12h30m', 200, '/at/:hour(^\\d{2}$)h:minute(^\\d{2}$)m'],
      ['GET', '/o', 200, '/o/:x?'],
      ['GET', '/o/1', 200, '/o/:x?'],
    ],
  },
  {
    name: 'a route for everything',
    build(app) {
      app.all('*', ok)
    },
    asks: [
      ['GET', '/any/thing', 200, '*'],
      ['PUT', '/', 200, '*'],
    ],
  },
  {
    name: 'case, slashes at the end and in a row, where they do not matter',
    router: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, caseSensitive: false },
    build(app) {
      app.get('/Loose/:id', ok)
    },
    asks: [
      ['GET', '/lOOSE/1/', 200, '/Loose/:id'],
      ['GET', '//loose//1', 200, '/Loose/:id'],
    ],
  },
  {
    name: 'case and slashes, where they matter',
    build(app) {
      app.get('/Case/:id', ok)
    },
    asks: [
      ['GET', '/case/1', 404, undefined],
      ['GET', '/Case/1/', 404, undefined],
      ['GET', '//Case/1', 404, undefined],
    ],
  },
  {
    name: 'a path that the app has rewritten',
    options: { rewriteUrl: ({ url = '' }) => url.replace('/old/', '/new/') },
    build(app) {
      app.get('/new/:id', ok)
    },
    asks: [['GET', '/old/1', 200, '/new/:id']],
  },
  {
    name: 'HEAD of a GET route, and of an app that exposes none',
    options: { exposeHeadRoutes: false },
    build(app) {
      app.get('/plain', ok)
      app.get('/head/:id', { exposeHeadRoute: true }, ok)
    },
    asks: [
      ['HEAD', '/head/1', 200, '/head/:id'],
      ['HEAD', '/plain', 404, undefined],
      ['OPTIONS', '/plain', 404, undefined],
    ],
  },
  {
    name: 'hooks that answer or fail, of the app, of a plugin and of a route',
    build(app) {
      app.addHook('onRequest', async (request, reply) => {
        if (request.headers['x-stop'] !== undefined) return reply.code(403).send('stopped')
        return undefined
      })
      app.register(
        async (child) => {
          child.addHook('preValidation', (_request, _reply, done) => done(new RangeError('refused')))
          child.get('/refused', ok)
        },
        { prefix: '/child/:id' },
      )
      app.get('/own/:id', { preHandler: async (_request, reply) => reply.code(401).send('who') }, ok)
    },
    asks: [
      ['GET', '/own/1', 403, '/own/:id', { 'x-stop': '1' }],
      ['GET', '/none', 403, undefined, { 'x-stop': '1' }],
      ['GET', '/child/1/refused', 500, '/child/:id/refused'],
      ['GET', '/own/1', 401, '/own/:id'],
    ],
  },
  {
    name: 'hijacked replies and redirects',
    build(app) {
      app.get('/hijack/:id', (_request, reply) => {
        reply.hijack()
        reply.raw.writeHead(202).end('raw')
      })
      app.get('/moved/:id', (_request, reply) => reply.redirect('/elsewhere'))
    },
    asks: [
      ['GET', '/hijack/1', 202, '/hijack/:id'],
      ['GET', '/moved/1', 302, '/moved/:id'],
    ],
  },
  {
    name: 'parameters that look like templates and escapes, and targets of more than a path',
    build(app) {
      app.get('/m/:a/x/:b', ok)
    },
    asks: [
      ['GET', '/m/:a/x/:b', 200, '/m/:a/x/:b'],
      ['GET', '/m/%2Fm%2F1/x/%3Ab', 200, '/m/:a/x/:b'],
      ['GET', '/m/1/x/2?/m/2/y', 200, '/m/:a/x/:b'],
      ['GET', '/m/1/x/2;v=1', 200, '/m/:a/x/:b'],
      ['GET', '//evil.example/m/1/x/2', 404, undefined],
      ['GET', 'http://evil.example/wp-login.php', 404, undefined],
      ['GET', '/m/1/x/%zz', 400, undefined],
    ],
  },
]

for (const { name, fastify } of versions) {
  describe(name, () => {
    let running: RecordedApp | undefined

    afterEach(async () => {
      await running?.close()
      running = undefined
    })

    async function started({ options, router, build }: Omit<Case, 'name' | 'asks'>): Promise<RecordedApp> {
      const routing = name === 'Fastify 4' ? router : { routerOptions: router ?? {} }
      running = new RecordedApp(fastify, false, { ...options, ...routing } as FastifyServerOptions)
      triscope(running.app, running.recorded.telemetry)
      build(running.app)
      return running.listen()
    }

    it.each(cases)('tells $name', async ({ asks, ...built }) => {
      const app = await started(built)
      const templates = new Set<string>(['(unmatched)'])
      for (const [method, target, status, route, headers] of asks) {
        app.clear()
        const answered = await send(app.url, method, target, headers)
        const [span] = await app.spans(1)
        const told = [method, target, answered, span?.attributes['http.route']]
        expect(told).toEqual([method, target, status, route])
        templates.add(route ?? '(unmatched)')
      }
      expect(await labelsBeside(app, templates)).toEqual([])
    })

    it('tells requests of inject like those of a socket', async () => {
      const app = await started({
        build(built) {
          built.register(async (child) => void child.get('/x/:id', ok), { prefix: '/p' })
        },
      })
      for (const [url, status, route] of [
        ['/p/x/1', 200, '/p/x/:id'],
        ['/p/none', 404, undefined],
      ] as const) {
        app.clear()
        expect((await app.app.inject(url)).statusCode).toBe(status)
        const [span] = await app.spans(1)
        expect(span?.attributes['http.route']).toBe(route)
      }
    })
  })
}

/** Labels of routes that are none of `templates`. */
async function labelsBeside({ recorded }: RecordedApp, templates: ReadonlySet<string>): Promise<string[]> {
  const found = (await recorded.metrics()).matchAll(/http_route="((?:[^"\\]|\\.)*)"/g)
  const labels = [...found].map(([, label = '']) => label.replace(/\\(.)/g, '$1'))
  return labels.filter((label) => !templates.has(label))
}

/** Sends a request target as it is, which `fetch` would not. */
function send(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { method, path, headers, agent: false }, (response) => {
      response.on('end', () => resolve(response.statusCode ?? 0)).resume()
    })
      .on('error', reject)
      .end()
  })
}
