import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { versions } from './fastify-versions.fixture.ts'
import triscope from './index.ts'
import { RecordedApp } from './recorded-app.fixture.ts'

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const headers = { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01` }

for (const { name, fastify } of versions) {
  const { LogController } = fastify as { LogController?: unknown }

  describe(name, () => {
    let running: RecordedApp | undefined

    afterEach(async () => {
      await running?.close()
      running = undefined
    })

    function made(logger: boolean, options?: FastifyServerOptions): RecordedApp {
      running = new RecordedApp(fastify, logger, options)
      return running
    }

    /** The message of each line, with its trace id. */
    function ids(app: RecordedApp): unknown[] {
      return app.own.map(({ msg, trace_id }) => [msg, trace_id])
    }

    describe("fault 13: every line of Fastify's own logger names its trace", () => {
      const routes = (app: FastifyInstance): void => {
        app.get('/users/:id', async (request) => {
          request.log.info('in the handler')
          return {}
        })
        app.register(
          async (child) => {
            child.get('/in', () => ({}))
          },
          { prefix: '/child' },
        )
      }

      it('when called before the routes, from the first line to the last, also on a 404 and in inject', async () => {
        const app = made(true)
        triscope(app.app, app.recorded.telemetry)
        routes(app.app)
        await app.listen()
        const { span } = await app.ask('/users/42', { headers })
        await app.until('the last line', () => app.own.length === 3)
        expect(ids(app)).toEqual([
          ['incoming request', TRACE_ID],
          ['in the handler', TRACE_ID],
          ['request completed', TRACE_ID],
        ])
        const spanId = span.spanContext().spanId
        expect(app.own.map(({ span_id }) => span_id)).toEqual([spanId, spanId, spanId])
        expect(new Set(app.own.map(({ reqId }) => reqId)).size).toBe(1)

        await app.ask('/none', { headers })
        await app.until('the last line', () => app.own.length === 3)
        expect(ids(app)).toEqual([
          ['incoming request', TRACE_ID],
          ['Route GET:/none not found', TRACE_ID],
          ['request completed', TRACE_ID],
        ])

        app.clear()
        await app.app.inject({ url: '/child/in', headers })
        await app.until('the last line', () => app.own.length === 2)
        expect(ids(app)).toEqual([
          ['incoming request', TRACE_ID],
          ['request completed', TRACE_ID],
        ])
        expect((await app.spans(1)).map((span) => span.name)).toEqual(['GET /child/in'])
      })

      it('and a scrape writes none, in inject and over a socket', async () => {
        const app = made(true)
        triscope(app.app, app.recorded.telemetry)
        routes(app.app)
        await app.listen()
        app.clear()
        expect((await app.app.inject('/metrics')).body).toContain('target_info')
        expect(app.own).toEqual([])
        expect((await app.send('/metrics')).text).toContain('target_info')
        expect(app.own).toEqual([])
        // Whatever a scrape left to be written would stand before these.
        await app.send('/users/42', { headers })
        await app.until('the last line', () => app.own.length >= 3)
        expect(new Set(app.own.map(({ reqId }) => reqId)).size).toBe(1)
        expect(app.serverSpans()).toHaveLength(1)
      })

      it('when registered and awaited, on the lines of routes', async () => {
        const app = made(true)
        await app.app.register(triscope, app.recorded.telemetry)
        routes(app.app)
        await app.listen()
        await app.ask('/users/42', { headers })
        await app.until('the last line', () => app.own.length === 3)
        expect(ids(app).map((line) => (line as unknown[])[1])).toEqual([TRACE_ID, TRACE_ID, TRACE_ID])
      })

      it('when registered on the tick of the routes, on all but the first', async () => {
        const app = made(true)
        void app.app.register(triscope, app.recorded.telemetry)
        routes(app.app)
        await app.listen()
        await app.ask('/users/42', { headers })
        await app.until('the last line', () => app.own.length === 3)
        expect(ids(app)).toEqual([
          ['incoming request', undefined],
          ['in the handler', TRACE_ID],
          ['request completed', TRACE_ID],
        ])
      })

      it('and Fastify writes the lines about requests, so that there is no access line beside them', async () => {
        const app = made(true)
        triscope(app.app, app.recorded.telemetry)
        routes(app.app)
        await app.listen()
        const { access } = await app.ask('/users/42')
        await app.until('the last line', () => app.own.length === 3)
        expect(access).toEqual([])
        expect(app.recorded.lines).toEqual([])
      })

      it('and the access line is ours, on their logger, where Fastify is told to write none', async () => {
        const app = made(true, { disableRequestLogging: true })
        triscope(app.app, app.recorded.telemetry)
        routes(app.app)
        await app.listen()
        const { access, span } = await app.ask('/users/42', { headers })
        expect(app.own.map(({ msg }) => msg)).toEqual(['in the handler', 'request'])
        expect(access).toMatchObject([
          { trace_id: TRACE_ID, span_id: span.spanContext().spanId, route: '/users/:id', status: 200 },
        ])
        expect(app.recorded.lines).toEqual([])
      })

      it.runIf(LogController !== undefined)(
        'and the access line is ours where a controller of Fastify 5 tells it to write none',
        async () => {
          const logController = new (LogController as new (options: object) => object)({
            disableRequestLogging: true,
          })
          const app = made(true, { logController } as FastifyServerOptions)
          triscope(app.app, app.recorded.telemetry)
          routes(app.app)
          await app.listen()
          expect((await app.ask('/users/42', { headers })).access).toMatchObject([{ trace_id: TRACE_ID }])
          expect(app.own.map(({ msg }) => msg)).toEqual(['in the handler', 'request'])
        },
      )

      it('and a factory of the app is kept', async () => {
        const app = made(true)
        app.app.setChildLoggerFactory((logger, bindings, options) =>
          logger.child({ ...bindings, mine: true }, options),
        )
        triscope(app.app, app.recorded.telemetry)
        routes(app.app)
        await app.listen()
        await app.ask('/users/42', { headers })
        await app.until('the last line', () => app.own.length === 3)
        expect(app.own.map(({ mine, trace_id }) => [mine, trace_id])).toEqual([
          [true, TRACE_ID],
          [true, TRACE_ID],
          [true, TRACE_ID],
        ])
      })

      it('without a logger no line of Fastify appears, and request.log writes ours', async () => {
        const app = made(false)
        triscope(app.app, app.recorded.telemetry)
        routes(app.app)
        app.app.get('/reply', (_request, reply) => {
          reply.log.info('by the reply')
          return {}
        })
        await app.listen()
        const { access } = await app.ask('/users/42', { headers })
        expect(app.recorded.lines.map(({ msg, trace_id }) => [msg, trace_id])).toEqual([
          ['in the handler', TRACE_ID],
          ['request', TRACE_ID],
        ])
        expect(access).toHaveLength(1)
        await app.ask('/reply', { headers })
        expect(app.recorded.lines[0]).toMatchObject({ msg: 'by the reply', trace_id: TRACE_ID })
      })
    })
  })
}
