/** What must compile in an app, with nothing declared by it; and what must not. Checked by `tsc`. */
import { recordTelemetry } from '@triscope/testing/telemetry'
import express from 'express'
import { type RequestTelemetry, type Telemetry, triscope } from './index.ts'

const app = express()
app.use(triscope())
app.use(triscope({ service: 'shop', tracing: false }))
app.use('/path', triscope(recordTelemetry().telemetry), express.json())
app.use([triscope()])
express.Router().use(triscope())

const telemetry: Telemetry = triscope(app, { service: 'shop' })
export const same: Telemetry = triscope.of(app)

app.get('/', (req, res) => {
  const own: RequestTelemetry = req.triscope
  own.addFields({ plan: 'pro' })
  req.log.info({ traceId: own.traceId }, 'text')
  // @ts-expect-error: it is this request's for good
  req.triscope = own
  // @ts-expect-error: a logger has no such method
  req.log.inform('text')
  res.end()
})

// @ts-expect-error: an option that does not exist
triscope({ servce: 'shop' })
// @ts-expect-error: an option of the wrong kind
triscope(app, { metrics: true })
// @ts-expect-error: no app
triscope.of({})

telemetry.registry satisfies object
