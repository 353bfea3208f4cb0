import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server, type Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { activeSpan, getLogger, span } from '@triscope/sdk'
import {
  answerRaw,
  describeAdapter,
  type StartedApp,
  serverOptions,
} from '@triscope/testing/describe-adapter'
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
  'GET /refused': () => {
    throw new TypeError('refused')
  },
  'GET /slow': () => {},
  'GET /twice': ({ res }) => {
    res.end('first')
    res.writeHead(200).end('second')
  },
  'GET /raw/:how': ({ req, res, params: { how = '' } }) => answerRaw(how, req, res),
}

describeAdapter('node:http, called before the listener was added', {
  async start(telemetry) {
    const server = createServer(serverOptions)
    triscope(server, telemetry)
    server.on('request', routed(routes))
    return started(server)
  },
  async startHttp2(telemetry) {
    const server = createHttp2Server()
    triscope(server, telemetry)
    const listener = routed(routes)
    server.on('request', (req, res) =>
      listener(req as unknown as IncomingMessage, res as unknown as ServerResponse),
    )
    return started(server)
  },
})

describeAdapter('node:http, called after', {
  async start(telemetry) {
    const server = createServer(serverOptions, routed(routes))
    triscope(server, telemetry)
    return started(server)
  },
})

async function started(server: Server | Http2Server): Promise<StartedApp> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}
