/** What must compile in an app, with nothing declared by it; and what must not. Checked by `tsc`. */
import { createServer } from 'node:http2'
import { getLogger } from '@triscope/sdk'
import { recordTelemetry } from '@triscope/testing/telemetry'
import { fastify } from 'fastify'
import triscope, { triscope as named, type RequestTelemetry, type Telemetry } from './index.ts'

const app = fastify()
await app.register(triscope)
await app.register(triscope, { service: 'shop', tracing: false })
await app.register(named, recordTelemetry().telemetry)

const withLogger = fastify({ loggerInstance: getLogger() })
await withLogger.register(triscope, { service: 'shop' })
const second = fastify({ http2: true, serverFactory: (handler) => createServer(handler) })
triscope(second)

export const telemetry: Telemetry = triscope(withLogger, { service: 'shop' })
export const same: Telemetry = triscope.of(app)

app.get('/', (request) => {
  const own: RequestTelemetry = request.triscope
  own.addFields({ plan: 'pro' })
  request.log.info({ traceId: own.traceId }, 'text')
  // @ts-expect-error: it is this request's for good
  request.triscope = own
  return {}
})

// @ts-expect-error: an option that does not exist
triscope(app, { servce: 'shop' })
// @ts-expect-error: an option that does not exist
await app.register(triscope, { servce: 'shop' })
// @ts-expect-error: no app
triscope({})
