import type { RequestHandler } from 'express'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { versions } from './express-versions.fixture.ts'
import { TriscopeError, triscope } from './index.ts'
import { RecordedApp } from './recorded-app.fixture.ts'

const ok: RequestHandler = (_req, res) => void res.send('ok')

for (const { name, express } of versions) {
  describe(name, () => {
    let running: RecordedApp | undefined

    afterEach(async () => {
      await running?.close()
      running = undefined
    })

    function made(): RecordedApp {
      running = new RecordedApp(express)
      return running
    }

    it('sets req.log and req.triscope, and lets another middleware bring its own req.log', async () => {
      const app = made()
      const telemetry = triscope(app.app, app.recorded.telemetry)
      expect(triscope.of(app.app)).toBe(telemetry)
      app.app.get('/own', (req, res) => {
        req.log.info('mine')
        res.json({ traceId: req.triscope.traceId, keys: Object.keys(req).filter((key) => key === 'log') })
      })
      app.app.get('/other', (req, res) => {
        const info = vi.fn()
        req.log = { info } as unknown as typeof req.log
        req.log.info('theirs')
        res.json({ calls: info.mock.calls })
      })
      await app.listen()
      const own = await app.ask('/own')
      const traceId = own.span.spanContext().traceId
      expect(JSON.parse(own.text)).toEqual({ traceId, keys: [] })
      expect(app.recorded.lines.find(({ msg }) => msg === 'mine')).toMatchObject({ trace_id: traceId })
      expect(JSON.parse((await app.ask('/other')).text)).toEqual({ calls: [['theirs']] })
    })

    it('counts a request once, however often it passes triscope', async () => {
      const app = made()
      const { telemetry } = app.recorded
      app.app.use(triscope(telemetry), triscope(telemetry))
      const sub = express()
      sub.use(triscope(telemetry))
      sub.get('/x', ok)
      const router = express.Router()
      router.use(triscope(telemetry))
      router.use('/sub', sub)
      app.app.use('/in/:id', router)
      await app.listen()
      expect(await app.ask('/in/1/sub/x')).toMatchObject({ status: 200, route: '/in/:id/sub/x' })
      expect(app.recorded.spans).toHaveLength(1)
      expect(app.recorded.lines.filter(({ msg }) => msg === 'request')).toHaveLength(1)
    })

    it.each<[string, (app: RecordedApp) => void]>([
      [
        'on a path',
        ({ app, recorded }) => {
          app.use('/in/:id', triscope(recorded.telemetry))
          app.get('/in/:id/x', ok)
        },
      ],
      [
        'in an array',
        ({ app, recorded }) => {
          const pass: RequestHandler = (_req, _res, next) => next()
          app.use([triscope(recorded.telemetry), pass])
          app.get('/in/:id/x', ok)
        },
      ],
      [
        'on a Router below a mount',
        ({ app, recorded }) => {
          const router = express.Router()
          router.use(triscope(recorded.telemetry))
          router.get('/x', ok)
          app.use('/in/:id', router)
        },
      ],
    ])('stands %s', async (_where, build) => {
      const app = made()
      build(app)
      app.app.get('/in/:id/fails', (_req, _res, next) => next(new RangeError('late')))
      await app.listen()
      // The first request of a Router is where the app is found; what came before was not observed.
      await app.ask('/in/0/x')
      expect(await app.ask('/in/1/x')).toMatchObject({ status: 200, route: '/in/:id/x' })
      expect(await app.ask('/in/1/none')).toMatchObject({ status: 404, route: undefined })
      expect((await app.ask('/in/1/fails')).span.events[0]?.attributes?.['exception.message']).toBe('late')
      expect(triscope.of(app.app)).toBe(app.recorded.telemetry)
    })

    it('stands on a mounted app alone, and names no route where that app has none', async () => {
      const app = made()
      const sub = express()
      sub.use(triscope(app.recorded.telemetry))
      sub.get('/x/:id', ok)
      app.app.use('/sub/:tenant', sub)
      await app.listen()
      expect(await app.ask('/sub/1/x/2')).toMatchObject({ status: 200, route: '/sub/:tenant/x/:id' })
      expect(await app.ask('/sub/1/none')).toMatchObject({ status: 404, route: undefined })
    })

    it('names the routes that were registered before it', async () => {
      const app = made()
      app.app.get('/early', ok)
      app.app.route('/ping').get(ok).post(ok)
      const router = express.Router()
      router.all('/nested', ok)
      app.app.use(router)
      app.app.use(triscope(app.recorded.telemetry))
      app.app.get('/late', ok)
      expect(app.recorded.warnings).toMatchObject([
        {
          code: 'TRI_WARN_LATE',
          message:
            '3 routes were registered before triscope and are not traced: GET /early, GET|POST /ping, ALL /nested; call triscope first',
        },
      ])
      await app.listen()
      expect(await app.send('/early')).toEqual({ status: 200, text: 'ok' })
      await app.ask('/late')
      expect(app.recorded.spans).toHaveLength(1)
    })

    it('names an app that was mounted before it', () => {
      const app = made()
      const sub = express()
      sub.get('/x', ok)
      app.app.use(sub)
      app.app.use('/admin', sub)
      app.app.use(triscope(app.recorded.telemetry))
      const [warning] = app.recorded.warnings
      expect(warning?.code).toBe('TRI_WARN_LATE')
      expect(warning?.message).toMatch(
        /^2 routes were registered before triscope and are not traced: the app mounted on \/, the app mounted on (?:\/admin|…); call triscope first$/,
      )
    })

    it('leaves ignored requests and scrapes to run without telemetry', async () => {
      const app = made()
      app.app.use(triscope(app.recorded.telemetry))
      app.app.get('/healthz', (req, res) => {
        req.log.info('healthy')
        res.json(req.triscope.traceId)
      })
      app.app.get('/marker', ok)
      await app.listen()
      expect((await app.send('/healthz')).text).toBe(`"${'0'.repeat(32)}"`)
      expect((await app.send('/metrics')).status).toBe(200)
      await app.send('/marker')
      const spans = await app.spans(1)
      expect(spans.map((span) => span.name)).toEqual(['GET /marker'])
    })

    it('passes on what Express does: params, baseUrl, url and req.route are as without it', async () => {
      const shape: RequestHandler = (req, res) =>
        void res.json([req.params, req.baseUrl, req.url, req.originalUrl, req.route?.path])
      const build = (app: ReturnType<typeof express>): void => {
        const router = express.Router({ mergeParams: true })
        router.get(['/items/:item', '/things/:thing'], shape)
        app.use('/users/:id', router)
      }
      const app = made()
      app.app.use(triscope(app.recorded.telemetry))
      build(app.app)
      await app.listen()
      const bare = new RecordedApp(express)
      build(bare.app)
      await bare.listen()
      try {
        for (const path of ['/users/4%202/items/1?q=1', '/users/1/things/x', '/USERS/1/ITEMS/2']) {
          expect(await app.send(path)).toEqual(await bare.send(path))
        }
      } finally {
        await bare.close()
      }
    })

    it('serves on where a Router got the function itself, and says so once', async () => {
      const app = made()
      const router = express.Router()
      router.use(triscope as unknown as RequestHandler)
      router.get('/x', ok)
      app.app.use(router)
      await app.listen()
      const warnings: Error[] = []
      const onWarning = (warning: Error): void => void warnings.push(warning)
      process.on('warning', onWarning)
      try {
        expect(await app.send('/x')).toEqual({ status: 200, text: 'ok' })
        expect(await app.send('/x')).toEqual({ status: 200, text: 'ok' })
      } finally {
        process.off('warning', onWarning)
      }
      expect(warnings.filter((warning) => warning.name === 'TriscopeWarning')).toMatchObject([
        { message: 'router.use(triscope) got the function itself; call it: router.use(triscope())' },
      ])
    })

    it('says what was done wrong at start', () => {
      const app = express()
      const refused = (fn: () => unknown): unknown => {
        try {
          fn()
        } catch (error) {
          if (error instanceof TriscopeError) return [error.code, error.message]
          throw error
        }
        throw new Error('nothing was thrown')
      }
      expect(refused(() => app.use(triscope as unknown as RequestHandler))).toEqual([
        'TRI_ERR_APP',
        'app.use(triscope) got the function itself; call it: app.use(triscope())',
      ])
      expect(refused(() => triscope(express as never))).toEqual([
        'TRI_ERR_APP',
        'triscope(app): expected an Express app or options, got the express function itself\n  hint: pass the app that it returns: triscope(express())',
      ])
      expect(refused(() => triscope(express.Router() as never))).toEqual([
        'TRI_ERR_APP',
        'triscope(app): expected an Express app or options, got a Router\n  hint: pass the app, or write router.use(triscope())',
      ])
      expect(refused(() => triscope({ servce: 'x' } as never))).toEqual([
        'TRI_ERR_UNKNOWN_OPTION',
        'unknown option "servce"\n  hint: did you mean "service"?',
      ])
      expect(refused(() => triscope.of(express()))).toEqual([
        'TRI_ERR_APP',
        'triscope.of(app): triscope does not stand on this app\n  hint: call app.use(triscope()) first; on a Router it is found after the first request',
      ])
    })
  })
}
