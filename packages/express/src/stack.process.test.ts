import type { AddressInfo } from 'node:net'
import { recordTelemetry } from '@triscope/testing/telemetry'
import { describe, expect, it } from 'vitest'
import { type ExpressApp, routerOf } from './express-app.ts'
import { versions } from './express-versions.fixture.ts'
import { triscope } from './index.ts'

describe.each(versions)('$name', ({ express }) => {
  it('has no more layers after fifty requests than after one', async () => {
    const recorded = recordTelemetry()
    const app = express()
    app.use(triscope(recorded.telemetry))
    app.get('/users/:id', (_req, res) => void res.end())
    const server = app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/users/1`
    const stack = routerOf(app as unknown as ExpressApp).stack
    await fetch(url)
    const { length } = stack
    for (let i = 0; i < 50; i++) await fetch(url)
    expect(stack.length).toBe(length)
    await recorded.close()
    await new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
  })
})
