/** An Express app of the time before AsyncLocalStorage: request ids in cls-hooked, and a log function that reads them there. */
import { setTimeout as delay } from 'node:timers/promises'
import { bridgeToCls } from '@triscope/core/cls-hooked'
import { triscope } from '@triscope/express'
import { span } from '@triscope/sdk'
import cls from 'cls-hooked'
import express from 'express'

const ns = cls.createNamespace('app')
const app = express()

// The one line. Nothing below it knows of Triscope, but for the span at the end.
app.use(triscope({ context: bridgeToCls(ns) }))

app.use((req, _res, next) => {
  ns.run(() => {
    ns.set('requestId', req.get('x-request-id') ?? 'none')
    next()
  })
})

/**
 * The log of old, with the ids of the trace beside its own.
 * @param {string} message
 */
function log(message) {
  const [requestId, traceId, spanId] = ['requestId', 'traceId', 'spanId'].map((key) => ns.get(key))
  console.log(JSON.stringify({ legacy: message, requestId, traceId, spanId }))
}

app.get('/orders/:id', async (req, res) => {
  log('looking up')
  const order = await span('load order', async () => {
    await delay(5)
    log('loaded')
    return { id: req.params.id }
  })
  log('answering')
  res.json({ ...order, requestId: ns.get('requestId'), traceId: ns.get('traceId') })
})

const server = app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1')
process.once('SIGTERM', () => server.close())
