/** The app that the suite of adapters asks for, in a version of Express. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { activeSpan, getLogger, span } from '@triscope/sdk'
import { type AdapterUnderTest, answerRaw, serverOptions } from '@triscope/testing/describe-adapter'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import type { ExpressFunction } from './express-versions.fixture.ts'
import { triscope } from './index.ts'

export function adapterApp(express: ExpressFunction): AdapterUnderTest {
  return {
    async start(telemetry) {
      const app = express()
      app.use(triscope(telemetry))
      app.use(express.json({ limit: '1mb' }))
      const ok: RequestHandler = (_req, res) => void res.json({ ok: true })
      app.get('/static', ok)
      app.get('/users/:id', (req, res) => void res.json({ id: req.params['id'] }))

      const items = express.Router({ mergeParams: true })
      items.get('/items/:item', (req, res) => void res.json(req.params))
      const api = express.Router()
      api.use('/orders/:order', items)
      api.get('/handled', () => {
        throw new SyntaxError('handled')
      })
      app.use('/api/v1', api)

      app.post('/echo', (req, res) => span('echo.step', () => void res.json(req.body)))
      app.get(
        '/async',
        passing(async (req, res, next) => {
          await turn()
          ok(req, res, next)
        }),
      )
      app.get(
        '/context/:name',
        passing(async (req, res) => {
          for (let i = 0; i < 3; i++) await turn()
          const { name } = req.params
          getLogger().info({ name }, 'ambient')
          res.json({ name, active: activeSpan()?.spanContext().traceId, own: req.triscope.traceId })
        }),
      )
      app.get(
        '/work',
        passing(async (req, res) => {
          req.triscope.addFields({ plan: 'pro' })
          req.log.info('working')
          await span('work.step', async () => {
            await (await fetch(`http://${req.headers.host}/static`)).json()
          })
          res.json({ ok: true })
        }),
      )
      app.get('/throws', () => {
        throw new RangeError('thrown')
      })
      app.get(
        '/rejects',
        passing(async () => {
          await turn()
          throw new RangeError('rejected')
        }),
      )
      app.get('/refused', (_req, _res, next) => next(new TypeError('refused')))
      app.get('/slow', () => {})
      app.get('/twice', (_req, res) => {
        res.send('first')
        res.send('second')
      })
      app.get('/raw/:how', (req, res) => answerRaw(req.params['how'], req, res))
      const onError: ErrorRequestHandler = (error, _req, res, next) => {
        if (error instanceof SyntaxError) res.status(503).json({ handled: true })
        else if (error instanceof TypeError) res.status(422).end()
        else next(error)
      }
      app.use(onError)
      // Express prints what it answers 500 to, but not in tests.
      app.set('env', 'test')

      const server = createServer(serverOptions, app).listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      return {
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        server,
        close: () =>
          new Promise((resolve) => {
            server.close(() => resolve())
            server.closeAllConnections()
          }),
      }
    },
  }
}

/** What Express 4 apps write around an async handler; Express 5 does it by itself. */
function passing(
  handler: (...args: Parameters<RequestHandler>) => Promise<void>,
): (...args: Parameters<RequestHandler>) => void {
  return (req, res, next) => void handler(req, res, next).catch(next)
}
