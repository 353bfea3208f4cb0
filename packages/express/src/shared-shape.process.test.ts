import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { recordTelemetry } from '@triscope/testing/telemetry'
import { afterEach, describe, expect, it } from 'vitest'
import { versions } from './express-versions.fixture.ts'
import { triscope } from './index.ts'

setFlagsFromString('--allow-natives-syntax')
/** Whether V8 has one hidden class for both. */
const sameShape = runInNewContext('(a, b) => %HaveSameMap(a, b)') as (a: object, b: object) => boolean

const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe.each(versions)('$name', ({ express }) => {
  function equipped(): ReturnType<typeof express> {
    const recorded = recordTelemetry()
    closers.push(() => recorded.close())
    const app = express()
    app.use(triscope(recorded.telemetry))
    return app
  }

  it('keeps the responses of requests in one hidden class', async () => {
    const app = equipped()
    const waiting: ServerResponse[] = []
    let shared: boolean | undefined
    app.get('/x/:id', (_req, res) => {
      waiting.push(res)
      const [first, second] = waiting
      if (first === undefined || second === undefined) return
      shared = sameShape(first, second)
      for (const one of waiting.splice(0)) one.end()
    })
    const url = await listen(app)
    await Promise.all([fetch(`${url}/x/1`), fetch(`${url}/x/2`)])
    expect(shared).toBe(true)
  })

  it('leaves alone what a handler around the app has set', async () => {
    const app = equipped()
    const router = express.Router({ mergeParams: true })
    router.get('/x', (req, res) => void res.json([req.params, req.baseUrl, req.originalUrl, res.locals]))
    app.use(router)
    const url = await listen((req, res) => {
      Object.assign(req, { params: { tenant: 't' }, originalUrl: '/outer/x', baseUrl: '/outer' })
      Object.assign(res, { locals: { mine: true } })
      app(req as never, res as never)
    })
    const answer = await fetch(`${url}/x`)
    expect(await answer.json()).toEqual([{}, '/outer', '/outer/x', { mine: true }])
  })
})
