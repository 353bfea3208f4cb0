import { channel } from 'node:diagnostics_channel'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { versions } from './fastify-versions.fixture.ts'
import triscope from './index.ts'
import { RecordedApp } from './recorded-app.fixture.ts'

const started = channel('http.server.request.start')

/** Nothing in them is what Node publishes, and the last two throw where a field is read or written. */
const malformed: readonly unknown[] = [
  undefined,
  null,
  {},
  { request: null },
  { request: Object.freeze({}), response: {} },
  Object.defineProperty({}, 'request', {
    get() {
      throw new RangeError('unreadable')
    },
  }),
]

for (const { name, fastify } of versions) {
  describe(name, () => {
    let running: RecordedApp | undefined

    afterEach(async () => {
      await running?.close()
      running = undefined
    })

    function made(): RecordedApp {
      running = new RecordedApp(fastify, true)
      triscope(running.app, running.recorded.telemetry)
      running.app.get('/x', () => ({}))
      return running
    }

    it('fault 14: survives malformed messages on http.server.request.start, and counts them', async () => {
      const app = await made().listen()
      const uncaught: unknown[] = []
      const onUncaught = (error: unknown): void => void uncaught.push(error)
      process.on('uncaughtException', onUncaught)
      try {
        for (const message of malformed) started.publish(message)
        await turn()
      } finally {
        process.off('uncaughtException', onUncaught)
      }
      expect(uncaught).toEqual([])
      expect(app.recorded.warnings.map(({ code }) => code)).toEqual(['TRI_WARN_HOOK'])
      expect(await app.recorded.metrics()).toContain(
        `triscope_telemetry_failures_total{code="TRI_WARN_HOOK"} ${malformed.length}\n`,
      )
      expect(await app.ask('/x')).toMatchObject({ status: 200, route: '/x' })
    })

    it('listens to http.server.request.start until the app closes, and no longer', async () => {
      expect(started.hasSubscribers).toBe(false)
      const app = await made().listen()
      expect(started.hasSubscribers).toBe(true)
      await app.close()
      running = undefined
      expect(started.hasSubscribers).toBe(false)
    })
  })
}
