import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { activeSpan, getLogger, span } from '@triscope/sdk'
import { describeAdapter } from '@triscope/testing/describe-adapter'
import { triscope } from './index.ts'
import { bodyOf, type Routes, routed } from './routed-server.fixture.ts'

const ok = { ok: true }

const routes: Routes = {
  'GET /static': () => ok,
  'GET /users/:id': ({ params }) => params,
  'GET /api/v1/orders/:order/items/:item': ({ params }) => params,
  'GET /api/v1/handled': () => {
    throw new SyntaxError('handled')
  },
  'POST /echo': ({ req, res }) =>
    bodyOf(req, (text) =>
      span('echo.step', () => {
        res.setHeader('content-type', 'application/json')
        res.end(text)
      }),
    ),
  'GET /async': async () => {
    await turn()
    return ok
  },
  'GET /context/:name': async ({ req, params: { name } }) => {
    for (let i = 0; i < 3; i++) await turn()
    getLogger().info({ name }, 'ambient')
    return { name, active: activeSpan()?.spanContext().traceId, own: triscope.requestOf(req).traceId }
  },
  'GET /work': async ({ req }) => {
    const request = triscope.requestOf(req)
    request.addFields({ plan: 'pro' })
    request.log.info('working')
    await span('work.step', async () => {
      await (await fetch(`http://${req.headers.host}/static`)).json()
    })
    return ok
  },
  'GET /throws': () => {
    throw new RangeError('thrown')
  },
  'GET /rejects': async () => {
    await turn()
    throw new RangeError('rejected')
  },
  'GET /slow': () => {},
}

describeAdapter('node:http, called before the listener was added', {
  async start(telemetry) {
    const server = createServer()
    triscope(server, telemetry)
    server.on('request', routed(routes))
    return started(server)
  },
})

describeAdapter('node:http, called after', {
  async start(telemetry) {
    const server = createServer(routed(routes))
    triscope(server, telemetry)
    return started(server)
  },
})

async function started(
  server: ReturnType<typeof createServer>,
): Promise<{ url: string; close(): Promise<void> }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
