/** What must compile in an app, with nothing declared by it; and what must not. Checked by `tsc`. */
import { createServer } from 'node:http'
import { createServer as createHttp2Server, createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createNetServer } from 'node:net'
import { recordTelemetry } from '@triscope/testing/telemetry'
import { type RequestTelemetry, type Telemetry, triscope } from './index.ts'

const server = createServer((req, res) => {
  const request = triscope.requestOf(req)
  request.route('/users/:id')
  request.error(new Error('failed'))
  request.log.info({ traceId: request.traceId }, 'text')
  request satisfies RequestTelemetry
  res.end()
})
export const telemetry: Telemetry = triscope(server)
export const same: Telemetry = triscope.of(server)
triscope(server, { service: 'shop', tracing: false })
triscope(createHttpsServer({}), recordTelemetry().telemetry)
triscope(createSecureServer({}))
const http2 = createHttp2Server((req, res) => {
  triscope.requestOf(req).log.info('text')
  res.end()
})
triscope(http2)

// @ts-expect-error: an option that does not exist
triscope(server, { servce: 'shop' })
// @ts-expect-error: no server of HTTP
triscope(createNetServer())
// @ts-expect-error: no server
triscope({})
