import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { versions } from './fastify-versions.fixture.ts'
import triscope, { triscope as named, TriscopeError } from './index.ts'
import { RecordedApp } from './recorded-app.fixture.ts'

for (const { name, fastify } of versions) {
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

    it('fault 9: counts what was aborted and what was not found', async () => {
      const app = made(false)
      triscope(app.app, app.recorded.telemetry)
      let entered = (): void => {}
      const inHandler = new Promise<void>((resolve) => {
        entered = resolve
      })
      app.app.get('/slow', () => {
        entered()
        return new Promise(() => {})
      })
      await app.listen()
      const controller = new AbortController()
      const request = fetch(`${app.url}/slow`, { signal: controller.signal })
      await inHandler
      controller.abort()
      await expect(request).rejects.toThrow()
      await app.send('/none')
      const spans = await app.spans(2)
      expect(spans.map(({ attributes }) => attributes['error.type']).sort()).toEqual(['aborted', undefined])
      const counts = [
        ...(await app.recorded.metrics()).matchAll(
          /http_server_request_duration_seconds_count(\{.*?\}) (\d+)/g,
        ),
      ]
      expect(counts.map(([, labels]) => /http_route="(.*?)"/.exec(labels ?? '')?.[1]).sort()).toEqual([
        '(unmatched)',
        '/slow',
      ])
      expect(counts.map(([, , count]) => count)).toEqual(['1', '1'])
    })

    describe('routes', () => {
      it('are those of Fastify, with prefixes, constraints, wildcards and HEAD', async () => {
        const app = made(false)
        triscope(app.app, app.recorded.telemetry)
        app.app.register(
          async (child) => {
            child.get('/', () => ({}))
            child.get('/items/:item', { constraints: { version: '1.0.0' } }, () => ({}))
            child.get('/files/*', () => ({}))
            child.setNotFoundHandler((_request, reply) => void reply.code(404).send('not here'))
          },
          { prefix: '/api/:tenant' },
        )
        app.app.get('/gone/:id', (_request, reply) => reply.callNotFound())
        await app.listen()
        const versioned = { headers: { 'accept-version': '1.x' } }
        expect((await app.ask('/api/t/items/1', versioned)).route).toBe('/api/:tenant/items/:item')
        expect(await app.ask('/api/t/items/1')).toMatchObject({ status: 404, route: undefined })
        expect((await app.ask('/api/t/files/a/b')).route).toBe('/api/:tenant/files/*')
        expect(['/api/:tenant', '/api/:tenant/']).toContain((await app.ask('/api/t')).route)
        expect((await app.ask('/api/t/files/a', { method: 'HEAD' })).route).toBe('/api/:tenant/files/*')
        expect(await app.ask('/api/t/none')).toMatchObject({
          status: 404,
          text: 'not here',
          route: undefined,
        })
        expect(await app.ask('/none')).toMatchObject({ status: 404, route: undefined })
        expect(await app.ask('/gone/1')).toMatchObject({ status: 404, route: '/gone/:id' })
      })
    })

    describe('fault 12: sees the error behind an answer', () => {
      it.each<[string, (app: FastifyInstance) => void, number]>([
        [
          'the app answers',
          (app) => app.setErrorHandler((_error, _request, reply) => reply.code(502).send({})),
          502,
        ],
        [
          'the app answers 200',
          (app) => app.setErrorHandler((_error, _request, reply) => reply.code(200).send({})),
          200,
        ],
        ['Fastify answers', () => {}, 500],
      ])('when %s', async (_who, build, status) => {
        const app = made(false)
        triscope(app.app, app.recorded.telemetry)
        build(app.app)
        app.app.get('/throws', () => {
          throw new RangeError('thrown')
        })
        app.app.get('/sends', (_request, reply) => void reply.send(new RangeError('thrown')))
        app.app.get('/rejects', async () => Promise.reject(new RangeError('thrown')))
        app.app.get(
          '/hook',
          { preHandler: (_request, _reply, done) => done(new RangeError('thrown')) },
          () => ({}),
        )
        await app.listen()
        for (const path of ['/throws', '/sends', '/rejects', '/hook']) {
          const asked = await app.ask(path)
          expect(asked).toMatchObject({ status, route: path })
          expect(asked.span.events.map(({ attributes }) => attributes)).toMatchObject([
            { 'exception.type': 'RangeError', 'exception.message': 'thrown' },
          ])
        }
      })
    })

    it.each([true, false])('ends requests of inject and hijacked replies, logger %s', async (logger) => {
      const app = made(logger)
      triscope(app.app, app.recorded.telemetry)
      app.app.get('/hijack', (_request, reply) => {
        reply.hijack()
        reply.raw.writeHead(202).end('raw')
      })
      app.app.get('/stream', (_request, reply) => reply.send(Readable.from(['a', 'b'])))
      await app.listen()
      expect(await app.ask('/hijack')).toMatchObject({ status: 202, text: 'raw', route: '/hijack' })
      expect(await app.ask('/stream')).toMatchObject({ status: 200, text: 'ab', route: '/stream' })
      app.clear()
      for (const [url, status] of [
        ['/hijack', 202],
        ['/stream', 200],
        ['/none', 404],
      ] as const) {
        app.clear()
        expect((await app.app.inject(url)).statusCode).toBe(status)
        const [span] = await app.spans(1)
        expect(span?.attributes).toMatchObject({ 'http.response.status_code': status })
      }
      expect(await app.recorded.metrics()).toMatch(/http_server_active_requests\{.*\} 0\n/)
    })

    it('serves the metrics on the app, ahead of its routes, and leaves no telemetry of that', async () => {
      const app = made(false)
      await app.app.register(named, app.recorded.telemetry)
      app.app.get('/marker', () => ({}))
      await app.listen()
      expect((await app.send('/metrics')).text).toContain('# TYPE http_server_active_requests gauge')
      await app.send('/marker')
      expect((await app.spans(1)).map((span) => span.name)).toEqual(['GET /marker'])
    })

    it('gives ignored requests a logger and an inert request.triscope', async () => {
      const app = made(false)
      triscope(app.app, app.recorded.telemetry)
      app.app.get('/healthz', (request) => {
        request.log.info('healthy')
        return { traceId: request.triscope.traceId }
      })
      await app.listen()
      expect(JSON.parse((await app.send('/healthz')).text)).toEqual({ traceId: '0'.repeat(32) })
      expect(app.recorded.lines.map(({ msg }) => msg)).toEqual(['healthy'])
      expect(app.recorded.spans).toEqual([])
    })

    it('counts a request once, however often it was given the app', async () => {
      const app = made(false)
      triscope(app.app, app.recorded.telemetry)
      await app.app.register(triscope, app.recorded.telemetry)
      app.app.register(async (child) => {
        await child.register(triscope, app.recorded.telemetry)
        expect(triscope.of(child)).toBe(app.recorded.telemetry)
        child.get('/x', () => ({}))
      })
      await app.listen()
      const { access } = await app.ask('/x')
      expect(access).toHaveLength(1)
      expect(app.serverSpans()).toHaveLength(1)
    })

    it('sees routes that were declared before it', async () => {
      const app = made(true)
      app.app.get('/early', () => ({}))
      triscope(app.app, app.recorded.telemetry)
      await app.listen()
      expect((await app.ask('/early')).route).toBe('/early')
    })

    it('says what was done wrong at start', async () => {
      const refusal = (error: unknown): unknown => {
        if (error instanceof TriscopeError) return [error.code, error.message]
        throw error
      }
      const refused = (fn: () => unknown): unknown => {
        try {
          fn()
        } catch (error) {
          return refusal(error)
        }
        throw new Error('nothing was thrown')
      }
      expect(refused(() => triscope({} as never))).toEqual([
        'TRI_ERR_APP',
        'triscope(app): expected a Fastify instance, got an object\n  hint: await app.register(triscope, options), or triscope(app, options) before the routes',
      ])
      expect(refused(() => triscope(fastify as never))).toEqual([
        'TRI_ERR_APP',
        expect.stringContaining('got a function named'),
      ])
      expect(refused(() => triscope.of(fastify()))).toEqual([
        'TRI_ERR_APP',
        'triscope.of(app): triscope does not stand on this app\n  hint: call triscope(app), or wait for it: await app.register(triscope)',
      ])
      const misspelt = fastify()
      void misspelt.register(triscope, { servce: 'x' } as never)
      expect(await misspelt.ready().then(() => 'ready', refusal)).toEqual([
        'TRI_ERR_UNKNOWN_OPTION',
        'unknown option "servce"\n  hint: did you mean "service"?',
      ])
      for (const logger of [true, false]) {
        const late = made(logger)
        await late.app.ready()
        expect(refused(() => triscope(late.app, late.recorded.telemetry))).toEqual([
          'TRI_ERR_FASTIFY_READY',
          'triscope(app): the app has started already, and takes no more hooks\n  hint: call it before app.ready() and app.listen(), best right after Fastify()',
        ])
        await late.close()
        running = undefined
      }
    })
  })
}
