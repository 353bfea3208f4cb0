import type { ErrorRequestHandler, RequestHandler } from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { versions } from './express-versions.fixture.ts'
import { triscope } from './index.ts'
import { RecordedApp } from './recorded-app.fixture.ts'

for (const { name, express, major } of versions) {
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

    it('fault 9: counts what was aborted and what was not found', async () => {
      const app = made()
      app.app.use(triscope(app.recorded.telemetry))
      let entered = (): void => {}
      const inHandler = new Promise<void>((resolve) => {
        entered = resolve
      })
      app.app.get('/slow', () => entered())
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
      expect(counts.map(([, , count]) => count)).toEqual(['1', '1'])
      expect(counts.map(([, labels]) => /http_route="(.*?)"/.exec(labels ?? '')?.[1]).sort()).toEqual([
        '(unmatched)',
        '/slow',
      ])
    })

    describe('fault 12: sees the error behind an answer', () => {
      const thrown = new RangeError('thrown')
      const handlers: Record<string, RequestHandler> = {
        throws: () => {
          throw thrown
        },
        'passes to next': (_req, _res, next) => next(thrown),
        'passes on later': (_req, _res, next) => void setImmediate(() => next(thrown)),
        ...(major === 5 ? { rejects: async () => Promise.reject(thrown) } : {}),
      }
      const answers: Record<string, ErrorRequestHandler | undefined> = {
        'the app answers': (_error, _req, res, _next) => void res.status(502).end(),
        'the app answers 200': (_error, _req, res, _next) => void res.end(),
        'nobody answers': undefined,
      }
      const cases = Object.entries(handlers).flatMap(([what, handler]) =>
        Object.entries(answers).map(([who, answer]) => ({ what, who, handler, answer })),
      )
      it.each(cases)('when a handler $what and $who', async ({ handler, answer }) => {
        const app = made()
        app.app.use(triscope(app.recorded.telemetry))
        const router = express.Router()
        router.get('/x', handler)
        app.app.use('/in/:id', router)
        if (answer !== undefined) app.app.use(answer)
        await app.listen()
        const { span, route, line } = await app.ask('/in/1/x')
        expect(route).toBe('/in/:id/x')
        expect(span.events).toHaveLength(1)
        expect(span.events[0]?.attributes).toMatchObject({
          'exception.type': 'RangeError',
          'exception.message': 'thrown',
        })
        expect(line['error']).toMatchObject({ message: 'thrown' })
      })

      it('also when the app swallows it in the router where it was thrown', async () => {
        const app = made()
        app.app.use(triscope(app.recorded.telemetry))
        const swallow: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(500).end()
        app.app.get(
          '/x',
          () => {
            throw thrown
          },
          swallow,
        )
        await app.listen()
        const { span, route } = await app.ask('/x')
        expect(route).toBe('/x')
        expect(span.events[0]?.attributes?.['exception.message']).toBe('thrown')
      })
    })
  })
}
