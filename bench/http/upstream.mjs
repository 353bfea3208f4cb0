/** What the handlers call with `fetch`: answers at once. */
import { createServer } from 'node:http'
import { serve } from '../lib/remote.mjs'

const body = JSON.stringify({ ok: true, items: [1, 2, 3] })

const server = createServer((_req, res) => {
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  res.end(body)
})
server.keepAliveTimeout = 3_600_000
server.listen(0, '127.0.0.1', () => serve({}, { port: server.address().port }))
