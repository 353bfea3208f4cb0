import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type express from 'express'
import type { RequestHandler } from 'express'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { versions } from './express-versions.fixture.ts'
import { triscope } from './index.ts'
import { RecordedApp } from './recorded-app.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'triscope-static-'))
writeFileSync(join(folder, 'file.txt'), 'text')

afterAll(() => {
  rmSync(folder, { recursive: true })
})

const ok: RequestHandler = (_req, res) => void res.send('ok')
const skip: RequestHandler = (_req, _res, next) => next()
const fail: RequestHandler = () => {
  throw new RangeError('failed')
}

type Case = {
  name: string
  build(app: express.Express, express_: typeof express): void
  /** The route that each path is told by. */
  routes: Record<string, string | undefined>
  status?: number
}

const faultEleven: readonly Case[] = [
  {
    name: 'parameters of a mount are named, not filled in',
    build(app, { Router }) {
      const items = Router()
      items.get('/items/:item', ok)
      app.use('/users/:id', items)
    },
    routes: {
      '/users/42/items/7': '/users/:id/items/:item',
      '/users/a%20b%2Fc/items/7': '/users/:id/items/:item',
    },
  },
  {
    name: 'mounts within mounts, each with a parameter',
    build(app, { Router }) {
      const [inner, middle, outer] = [Router({ mergeParams: true }), Router(), Router()]
      inner.get('/:leaf', ok)
      inner.get('/', ok)
      middle.use('/b/:b', skip, inner)
      outer.use(skip)
      outer.use('/:a', middle)
      // Mounted elsewhere too, where the same path means something else.
      app.use('/x/1', skip)
      app.use('/x', outer)
    },
    routes: { '/x/1/b/2/3': '/x/:a/b/:b/:leaf', '/x/1/b/2': '/x/:a/b/:b' },
  },
  {
    name: 'after next(err) the prefix of the mount is kept',
    build(app, { Router }) {
      const orders = Router()
      orders.get('/:id', fail)
      app.use('/api/v1/orders', orders)
    },
    routes: { '/api/v1/orders/9': '/api/v1/orders/:id' },
    status: 500,
  },
  {
    name: 'after a route that passed on, a 404 has none',
    build(app, { Router }) {
      app.get('/maybe/:id', skip)
      const api = Router()
      api.get('/maybe', skip)
      app.use('/api', api)
    },
    routes: { '/maybe/1': undefined, '/api/maybe': undefined, '/api/other': undefined },
    status: 404,
  },
  {
    name: 'the entry of an array that matched',
    build(app, { Router }) {
      app.get(['/a/:id', '/b/:name'], ok)
      const router = Router()
      router.get('/in', ok)
      app.use(['/one', '/two/:two'], router)
    },
    routes: {
      '/a/1': '/a/:id',
      '/b/1': '/b/:name',
      '/one/in': '/one/in',
      '/two/2/in': '/two/:two/in',
    },
  },
  {
    name: 'the entry of an array whose entries differ by case alone, where case matters',
    build(app, { Router }) {
      const router = Router({ caseSensitive: true })
      router.get(['/a/:lower', '/A/:upper'], ok)
      app.use(router)
    },
    routes: { '/A/1': '/A/:upper', '/a/1': '/a/:lower' },
  },
  {
    name: 'a regular expression is told as it was written',
    build(app) {
      app.get(/^\/files\/(.*)$/, ok)
    },
    routes: { '/files/a/b': '/^\\/files\\/(.*)$/' },
  },
  {
    name: 'route() chains, all() and next("route")',
    build(app) {
      app
        .route('/chain/:id')
        .all(skip)
        .post(ok)
        .get((_req, _res, next) => next('route'))
      app.all('/chain/:other', ok)
    },
    routes: { '/chain/1': '/chain/:other' },
  },
  {
    name: 'an app mounted on the app',
    build(app, make) {
      const sub = make()
      sub.get('/:page', ok)
      app.use('/admin/:tenant', sub)
    },
    routes: { '/admin/t/1': '/admin/:tenant/:page' },
  },
  {
    name: 'the root of the app and of a mount, with and without a slash',
    build(app, { Router }) {
      const users = Router()
      users.get('/', ok)
      app.get('/', ok)
      app.use('/users/', users)
    },
    routes: { '/': '/', '/users': '/users', '/users/': '/users' },
  },
  {
    name: 'a later router after one that passed on',
    build(app, { Router }) {
      const [first, second] = [Router(), Router()]
      first.get('/x/:first', skip)
      second.get('/x/:second', ok)
      app.use('/:tenant', first)
      app.use('/fixed', second)
    },
    routes: { '/fixed/x/1': '/fixed/x/:second' },
  },
]

const others: readonly Case[] = [
  {
    name: 'middleware that answers below a mount is told by the mount',
    build(app) {
      app.use('/graphql', ok)
      app.use('/t/:tenant', ok)
    },
    routes: { '/graphql': '/graphql', '/graphql/x': '/graphql', '/t/1/y': '/t/:tenant' },
  },
  {
    name: 'middleware that answers everywhere has no route',
    build(app) {
      app.use(ok)
    },
    routes: { '/any/path': undefined },
  },
  {
    name: 'an error that recovers goes on to the route that answers',
    build(app) {
      app.get('/first/:id', fail)
      app.use(((_error, _req, _res, next) => next()) satisfies express.ErrorRequestHandler)
      app.get('/:second/:id', ok)
    },
    routes: { '/first/1': '/:second/:id' },
  },
  {
    name: 'a callback of a parameter that fails',
    build(app) {
      app.param('user', (_req, _res, next) => next(new RangeError('no user')))
      app.get('/users/:user/x', ok)
    },
    routes: { '/users/1/x': '/users/:user/x' },
    status: 500,
  },
  {
    name: 'a callback of a parameter that fails, in a router below a mount',
    build(app, { Router }) {
      const users = Router()
      users.param('user', (_req, _res, next) => next(new RangeError('no user')))
      users.get('/users/:user/x', ok)
      app.use('/api/:tenant', users)
    },
    routes: { '/api/1/users/1/x': '/api/:tenant/users/:user/x' },
    status: 500,
  },
  {
    name: 'a path whose escapes are broken',
    build(app) {
      app.get('/users/:id', ok)
    },
    routes: { '/users/%zz': undefined },
    status: 400,
  },
  {
    name: 'the spelling of the app, whatever the client writes',
    build(app, { Router }) {
      const router = Router()
      router.get('/in', ok)
      app.use('/Mixed/:id', router)
    },
    routes: { '/Mixed/1/in': '/Mixed/:id/in', '/mIXED/1/IN': '/Mixed/:id/in' },
  },
]

for (const { name, express } of versions) {
  describe(name, () => {
    let running: RecordedApp | undefined

    afterEach(async () => {
      await running?.close()
      running = undefined
    })

    async function started(build: Case['build']): Promise<RecordedApp> {
      running = new RecordedApp(express)
      running.app.use(triscope(running.recorded.telemetry))
      build(running.app, express)
      return running.listen()
    }

    async function agrees({ build, routes, status = 200 }: Case): Promise<void> {
      const app = await started(build)
      for (const [path, route] of Object.entries(routes)) {
        const asked = await app.ask(path)
        expect([path, asked.status, asked.route]).toEqual([path, status, route])
        expect(asked.span.name).toBe(route === undefined ? 'GET' : `GET ${route}`)
      }
    }

    describe('fault 11: a route is its template, whatever the router does', () => {
      it.each(faultEleven)('$name', agrees)
    })

    describe('routes', () => {
      it.each(others)('$name', agrees)

      it('tells static files and their redirects by the mount', async () => {
        const app = await started((built, { static: files }) => void built.use('/assets', files(folder)))
        expect(await app.ask('/assets/file.txt')).toMatchObject({ status: 200, route: '/assets' })
        expect(await app.ask('/assets')).toMatchObject({ status: 301, route: '/assets' })
        expect(await app.ask('/assets/none')).toMatchObject({ status: 404, route: undefined })
      })

      it('tells a redirect of a handler, HEAD and OPTIONS by their route', async () => {
        const app = await started((built) => {
          built.get('/old/:id', (_req, res) => res.redirect('/new'))
          built.options('/cors/:id', ok)
        })
        expect(await app.ask('/old/1')).toMatchObject({ status: 302, route: '/old/:id' })
        expect(await app.ask('/old/1', { method: 'HEAD' })).toMatchObject({ status: 302, route: '/old/:id' })
        expect(await app.ask('/cors/1', { method: 'OPTIONS' })).toMatchObject({ route: '/cors/:id' })
      })

      it('sees routes that are registered while the app serves', async () => {
        const app = await started((built) => void built.get('/early', ok))
        expect(await app.ask('/late/1')).toMatchObject({ status: 404, route: undefined })
        app.app.get('/late/:id', ok)
        expect(await app.ask('/late/1')).toMatchObject({ status: 200, route: '/late/:id' })
        expect(await app.ask('/none')).toMatchObject({ status: 404, route: undefined })
      })
    })

    it('fault 10: makes no series of raw paths, not even of those nobody serves', async () => {
      const app = await started((built, { Router }) => {
        const router = Router()
        router.get('/x', ok)
        built.use(/^\/v\d+/, router)
        built.use('/lit', router)
      })
      for (let i = 0; i < 40; i++) {
        await app.ask(`/wp-login-${i}.php`)
        await app.ask(`/v${i}/x`)
        await app.ask(`/lit/${i}`)
        await app.ask(`/${i % 2 === 0 ? 'lit' : 'LIT'}/x?${i}`)
      }
      const text = await app.recorded.metrics()
      const labels = [
        ...text.matchAll(/http_server_request_duration_seconds_count\{.*?http_route="([^"]*)"/g),
      ].map(([, route]) => route)
      expect(new Set(labels).size).toBe(3)
      expect(labels).toContain('(unmatched)')
      expect(labels).toContain('/lit/x')
    })
  })
}
