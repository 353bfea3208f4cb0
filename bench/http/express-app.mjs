/** The Express app of one row. */
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { stdout } from './stdout.mjs'

const load = createRequire(import.meta.url)

/**
 * @param parts of the row, see `rows.mjs`
 * @param triscopeOptions for the rows that have it
 * @returns `{ server, flush }`: a server that listens, and what sends all that is queued
 */
export async function startExpress(parts, triscopeOptions, upstreamUrl) {
  const express = load('express')
  const app = express()
  if (parts.shaped === true) setFieldsInTime(app)
  let flush
  if (parts.triscope !== undefined) {
    const { triscope } = await import('@triscope/express')
    app.use(triscope(triscopeOptions))
    flush = () => triscope.of(app).flush()
  }
  if (parts.metrics === true) {
    const options = { includeMethod: true, includePath: true, promClient: { collectDefaultMetrics: {} } }
    app.use(load('express-prom-bundle')(options))
  }
  if (parts.log === true) app.use(load('pino-http')({ logger: load('pino')(stdout()) }))
  app.get('/hello/:name', (req, res) => {
    res.json({ hello: req.params.name })
  })
  app.get('/work/:id', async (req, res) => {
    req.log?.info({ id: req.params.id }, 'working')
    const answer = await fetch(upstreamUrl)
    res.json(await answer.json())
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, flush }
}

/** What triscope does for Express on Node 20 and 22, and nothing else of it: see `packages/express/src/shared-shape.ts`. */
function setFieldsInTime(app) {
  const { handle } = app
  app.handle = function (req, res, next) {
    Object.assign(req, { res, next: undefined, baseUrl: '', originalUrl: req.url })
    Object.assign(req, { _parsedUrl: undefined, params: undefined, route: undefined })
    res.locals = undefined
    handle.call(this, req, res, next)
  }
}
