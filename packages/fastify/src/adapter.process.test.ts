import { setImmediate as turn } from 'node:timers/promises'
import { activeSpan, getLogger, span, type Telemetry } from '@triscope/sdk'
import {
  answerRaw,
  describeAdapter,
  type StartedApp,
  serverOptions,
} from '@triscope/testing/describe-adapter'
import type { FastifyInstance } from 'fastify'
import { versions } from './fastify-versions.fixture.ts'
import triscope from './index.ts'

for (const { name, fastify } of versions) {
  describeAdapter(`${name}, registered`, {
    async start(telemetry) {
      const app = fastify({ http: serverOptions })
      await app.register(triscope, telemetry)
      return started(app)
    },
    async startHttp2(telemetry) {
      const app = fastify({ http2: true }) as unknown as FastifyInstance
      await app.register(triscope, telemetry)
      return started(app)
    },
  })

  describeAdapter(`${name}, registered on the tick of its routes`, {
    async start(telemetry) {
      const app = fastify({ http: serverOptions })
      void app.register(triscope, telemetry)
      return started(app)
    },
  })

  describeAdapter(`${name}, called`, {
    async start(telemetry: Telemetry) {
      const app = fastify({ http: serverOptions })
      triscope(app, telemetry)
      return started(app)
    },
  })
}

async function started(app: FastifyInstance): Promise<StartedApp> {
  app.get('/static', () => ({ ok: true }))
  app.get<{ Params: { id: string } }>('/users/:id', ({ params }) => ({ id: params.id }))
  app.register(
    async (api) => {
      api.register(
        async (orders) => {
          orders.get('/items/:item', ({ params }) => params)
        },
        { prefix: '/orders/:order' },
      )
      api.get('/handled', () => {
        throw new SyntaxError('handled')
      })
    },
    { prefix: '/api/v1' },
  )
  app.post('/echo', ({ body }) => span('echo.step', () => body))
  app.get('/async', async () => {
    await turn()
    return { ok: true }
  })
  app.get<{ Params: { name: string } }>('/context/:name', async (request) => {
    for (let i = 0; i < 3; i++) await turn()
    const { name } = request.params
    getLogger().info({ name }, 'ambient')
    return { name, active: activeSpan()?.spanContext().traceId, own: request.triscope.traceId }
  })
  app.get('/work', async (request) => {
    request.triscope.addFields({ plan: 'pro' })
    request.log.info('working')
    await span('work.step', async () => {
      await (await fetch(`http://${request.headers.host}/static`)).json()
    })
    return { ok: true }
  })
  app.get('/throws', () => {
    throw new RangeError('thrown')
  })
  app.get('/rejects', async () => {
    await turn()
    throw new RangeError('rejected')
  })
  app.get('/refused', () => {
    throw new TypeError('refused')
  })
  app.get('/slow', () => new Promise(() => {}))
  app.get('/twice', (_request, reply) => {
    reply.send({ answer: 'first' })
    reply.send({ answer: 'second' })
  })
  app.get<{ Params: { how: string } }>('/raw/:how', ({ params, raw }, reply) => {
    reply.hijack()
    answerRaw(params.how, raw, reply.raw)
  })
  app.setErrorHandler(async (error, _request, reply) => {
    if (error instanceof TypeError) return reply.code(422).send()
    if (!(error instanceof SyntaxError)) throw error
    reply.code(503)
    return { handled: true }
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    url,
    server: app.server,
    close: async () => {
      app.server.closeAllConnections?.()
      await app.close()
    },
  }
}
