import { channel } from 'node:diagnostics_channel'
import { setImmediate as turn } from 'node:timers/promises'
import type { RequestHandler } from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { versions } from './express-versions.fixture.ts'
import { triscope } from './index.ts'
import { RecordedApp } from './recorded-app.fixture.ts'

const ok: RequestHandler = (_req, res) => void res.send('ok')

/** Nothing in them is what the router publishes, and the last two throw where a field is read or written. */
const malformed: readonly unknown[] = [
  undefined,
  null,
  {},
  { req: null, route: '/x' },
  { req: Object.freeze({}), errorHandler: true },
  Object.defineProperty({}, 'req', {
    get() {
      throw new RangeError('unreadable')
    },
  }),
]

/** The one version whose router publishes. What fails there is counted by the first app that listened. */
for (const { name, express } of versions.filter((version) => version.name.includes('2.3'))) {
  describe(name, () => {
    let running: RecordedApp | undefined

    afterEach(async () => {
      await running?.close()
      running = undefined
    })

    it('fault 14: survives malformed messages on express.router.request, and counts them', async () => {
      running = new RecordedApp(express)
      const app = running
      app.app.use(triscope(app.recorded.telemetry))
      app.app.get('/x', ok)
      await app.listen()
      const uncaught: unknown[] = []
      const onUncaught = (error: unknown): void => void uncaught.push(error)
      process.on('uncaughtException', onUncaught)
      try {
        for (const [index, event] of ['start', 'error'].entries()) {
          for (const message of malformed) channel(`tracing:express.router.request:${event}`).publish(message)
          await turn()
          expect(uncaught).toEqual([])
          expect(await app.recorded.metrics()).toContain(
            `triscope_telemetry_failures_total{code="TRI_WARN_ROUTE"} ${(index + 1) * malformed.length}\n`,
          )
        }
      } finally {
        process.off('uncaughtException', onUncaught)
      }
      expect(app.recorded.warnings.map(({ code }) => code)).toEqual(['TRI_WARN_ROUTE'])
      expect(await app.ask('/x')).toMatchObject({ status: 200, route: '/x' })
    })
  })
}
