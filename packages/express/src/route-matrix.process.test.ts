/**
 * What a router can do to a request, one thing at a time, and the one template that tells it. What random trees cover by
 * chance is here by name; `conformance.process.test.ts` has them together.
 */
import { request } from 'node:http'
import type express from 'express'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { versions } from './express-versions.fixture.ts'
import { triscope } from './index.ts'
import { RecordedApp } from './recorded-app.fixture.ts'

const ok: RequestHandler = (_req, res) => void res.send('ok')
const skip: RequestHandler = (_req, _res, next) => next()
const fail: RequestHandler = (_req, _res, next) => next(new RangeError('failed'))
const handle: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(502).send('handled')

type Make = typeof express

interface Case {
  name: string
  build(app: express.Express, make: Make, syntax: Syntax): void
  /** Method, request target, status, route. */
  asks: (syntax: Syntax) => readonly [string, string, number, string | undefined][]
}

/** How the two majors write the same path. */
interface Syntax {
  wildcard(prefix: string): string
  optional(prefix: string): string
  /** What is told of an optional part of a mount that is there, and of one that is not. */
  optionalMount(prefix: string): readonly [string, string]
}

const cases: readonly Case[] = [
  {
    name: 'a mounted app, in a router, in a mounted app',
    build(app, make) {
      const [outer, inner] = [make(), make()]
      const router = make.Router()
      inner.get('/:leaf', ok)
      router.use('/inner', inner)
      outer.use('/r/:id', router)
      app.use('/outer', outer)
    },
    asks: () => [
      ['GET', '/outer/r/1/inner/2', 200, '/outer/r/:id/inner/:leaf'],
      ['GET', '/outer/r/1/none', 404, undefined],
    ],
  },
  {
    name: 'one router on three mounts',
    build(app, { Router }) {
      const shared = Router()
      shared.get('/x', ok)
      app.use('/a', shared)
      app.use('/:b/in', shared)
      app.use(shared)
    },
    asks: () => [
      ['GET', '/a/x', 200, '/a/x'],
      ['GET', '/1/in/x', 200, '/:b/in/x'],
      ['GET', '/x', 200, '/x'],
    ],
  },
  {
    name: 'a wildcard, at the end of a route and of a mount',
    build(app, { Router }, { wildcard }) {
      const router = Router()
      router.get('/', ok)
      app.get(wildcard('/files'), ok)
      app.use(wildcard('/mount'), router)
    },
    asks: ({ wildcard }) => [
      ['GET', '/files/a/b/c', 200, wildcard('/files')],
      ['GET', '/mount/a/b', 200, wildcard('/mount')],
    ],
  },
  {
    name: 'an optional part, there and not there',
    build(app, { Router }, { optional }) {
      const router = Router()
      router.post('/x', ok)
      app.get(optional('/o'), ok)
      app.use(optional('/m'), router)
    },
    asks: ({ optional, optionalMount }) => [
      ['GET', '/o', 200, optional('/o')],
      ['GET', '/o/1', 200, optional('/o')],
      ['POST', '/m/1/x', 200, `${optionalMount('/m')[0]}/x`],
    ],
  },
  {
    name: 'all(), and route() with a chain of handlers',
    build(app) {
      app.all('/all/:id', skip, ok)
      app.route('/chain').all(skip).get(ok).post(skip, ok)
    },
    asks: () => [
      ['DELETE', '/all/1', 200, '/all/:id'],
      ['POST', '/chain', 200, '/chain'],
      ['PUT', '/chain', 404, undefined],
    ],
  },
  {
    name: 'next("router") leaves the router to what stands behind it',
    build(app, { Router }) {
      const router = Router()
      router.get('/x', (_req, _res, next) => next('router'))
      router.get('/x', fail)
      app.use('/in', router)
      app.get('/:any/x', ok)
    },
    asks: () => [['GET', '/in/x', 200, '/:any/x']],
  },
  {
    name: 'a callback of a parameter that passes or fails, within a router',
    build(app, { Router }) {
      const router = Router()
      router.param('id', (_req, _res, next, id) => (id === '0' ? next(new RangeError('none')) : next()))
      router.get('/users/:id', ok)
      app.use('/in/:tenant', router)
      app.use(handle)
    },
    asks: () => [
      ['GET', '/in/t/users/1', 200, '/in/:tenant/users/:id'],
      ['GET', '/in/t/users/0', 502, '/in/:tenant/users/:id'],
    ],
  },
  {
    name: 'a callback of a parameter that fails in a mounted app',
    build(app, make) {
      const sub = make()
      sub.param('id', (_req, _res, next) => next(new RangeError('none')))
      sub.get('/users/:id', ok)
      app.use('/in/:tenant', sub)
      app.use(handle)
    },
    asks: () => [['GET', '/in/t/users/0', 502, '/in/:tenant/users/:id']],
  },
  {
    name: 'a handler of errors in the route, the router, the mounted app and the app',
    build(app, make) {
      const router = make.Router()
      router.get('/route', fail, handle)
      router.get('/router', fail)
      router.use(handle)
      const sub = make()
      sub.get('/sub', fail)
      sub.use(handle)
      app.use('/r/:id', router)
      app.use('/s/:id', sub)
      app.get('/app/:id', fail)
      app.use('/m/:id', fail)
      app.use(handle)
    },
    asks: () => [
      ['GET', '/r/1/route', 502, '/r/:id/route'],
      ['GET', '/r/1/router', 502, '/r/:id/router'],
      ['GET', '/s/1/sub', 502, '/s/:id/sub'],
      ['GET', '/app/1', 502, '/app/:id'],
      ['GET', '/m/1/deeper', 502, '/m/:id'],
    ],
  },
  {
    name: 'HEAD of a GET route, and OPTIONS that the app answers by itself',
    build(app, { Router }) {
      const router = Router()
      router.get('/x', ok)
      app.get('/head/:id', ok)
      app.use('/in', router)
    },
    asks: () => [
      ['HEAD', '/head/1', 200, '/head/:id'],
      ['OPTIONS', '/head/1', 200, undefined],
      ['OPTIONS', '/in/x', 200, '/in'],
    ],
  },
  {
    name: 'case and the last slash, loose and strict',
    build(app, { Router }) {
      const strict = Router({ strict: true, caseSensitive: true })
      strict.get('/Case', ok)
      strict.get('/slash/', ok)
      app.get('/Loose/:id', ok)
      app.use('/strict', strict)
    },
    asks: () => [
      ['GET', '/lOOSE/1/', 200, '/Loose/:id'],
      ['GET', '/strict/case', 404, undefined],
      ['GET', '/strict/Case', 200, '/strict/Case'],
      ['GET', '/strict/slash', 404, undefined],
      ['GET', '/strict/slash/', 200, '/strict/slash'],
    ],
  },
  {
    name: 'parameters that look like templates, paths and escapes',
    build(app, { Router }) {
      const router = Router()
      router.get('/x/:b', ok)
      app.use('/m/:a', router)
    },
    asks: () => [
      ['GET', '/m/:a/x/:b', 200, '/m/:a/x/:b'],
      ['GET', '/m/%2Fm%2F1/x/%3Ab', 200, '/m/:a/x/:b'],
      ['GET', '/m/x/x/x', 200, '/m/:a/x/:b'],
      ['GET', '/m/%E2%82%AC/x/$&', 200, '/m/:a/x/:b'],
      ['GET', '/m/1/x/%E2%82', 400, '/m/:a'],
    ],
  },
  {
    name: 'request targets of more than a path',
    build(app, { Router }) {
      const router = Router()
      router.get(['/x', '/y/:id'], ok)
      app.use('/m/:a', router)
    },
    asks: () => [
      ['GET', 'http://evil.example/m/1/y/2?q=/a', 200, '/m/:a/y/:id'],
      ['GET', '//evil.example/m/1/x', 404, undefined],
      ['GET', '/m//x', 404, undefined],
      ['GET', '/m/1/x?/m/2/y', 200, '/m/:a/x'],
      ['OPTIONS', '*', 404, undefined],
    ],
  },
  {
    name: 'a router that a handler calls by itself',
    build(app, { Router }) {
      const router = Router()
      router.get('/call/:id/in', ok)
      app.use('/call', skip)
      app.get('/call/:id/in', (req, res, next) => router(req, res, next))
    },
    asks: () => [['GET', '/call/1/in', 200, '/call/:id/in']],
  },
  {
    name: 'a path that the app has rewritten',
    build(app) {
      app.use((req, _res, next) => {
        req.url = req.url.replace('/old/', '/new/')
        next()
      })
      app.get('/new/:id', ok)
    },
    asks: () => [['GET', '/old/1', 200, '/new/:id']],
  },
  {
    name: 'expressions: a route, and an entry of an array',
    build(app) {
      app.get(/^\/v(\d+)\/(\w+)$/, ok)
      app.get(['/plain', /^\/w\d+$/], ok)
    },
    asks: () => [
      ['GET', '/v1/users', 200, '/^\\/v(\\d+)\\/(\\w+)$/'],
      ['GET', '/w12', 200, '/^\\/w\\d+$/'],
      ['GET', '/plain', 200, '/plain'],
    ],
  },
]

for (const { name, express: make, major } of versions) {
  const raw = name.includes('2.3')
  const syntax: Syntax = {
    wildcard: (prefix) => (major === 4 ? `${prefix}/*` : `${prefix}/*rest`),
    optional: (prefix) => (major === 4 ? `${prefix}/:x?` : `${prefix}{/:x}`),
    optionalMount: (prefix) => (raw ? [`${prefix}{/:x}`, `${prefix}{/:x}`] : [`${prefix}/:x`, prefix]),
  }

  describe(name, () => {
    let running: RecordedApp | undefined

    afterEach(async () => {
      await running?.close()
      running = undefined
    })

    it.each(cases)('tells $name', async ({ build, asks }) => {
      running = new RecordedApp(make)
      running.app.use(triscope(running.recorded.telemetry))
      build(running.app, make, syntax)
      await running.listen()
      const templates = new Set<string>(['(unmatched)'])
      for (const [method, target, status, route] of asks(syntax)) {
        running.recorded.clear()
        const answered = await send(running.url, method, target)
        const [span] = await running.spans(1)
        expect([method, target, answered, span?.attributes['http.route']]).toEqual([
          method,
          target,
          status,
          route,
        ])
        templates.add(route ?? '(unmatched)')
      }
      expect(await labelsBeside(running, templates)).toEqual([])
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
function send(url: string, method: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { method, path, agent: false }, (response) => {
      response.on('end', () => resolve(response.statusCode ?? 0)).resume()
    })
      .on('error', reject)
      .end()
  })
}
