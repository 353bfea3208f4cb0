/** The service under soak: all three signals on node's own server. It tells its parent what it holds, when asked. */
import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { triscope } from '@triscope/http'
import { span } from '@triscope/sdk'

const server = createServer((req, res) => {
  const request = triscope.requestOf(req)
  const [, kind = ''] = req.url.split('/')
  request.route(`/${kind}/:id`)
  if (kind === 'fails') {
    request.error(new RangeError(req.url))
    res.writeHead(500).end()
    return
  }
  request.log.info({ kind }, 'at work')
  span('step', { kind }, () => res.end('ok'))
})

// Longer than any pause between cycles: a connection that closes while it is taken again is nobody's fault.
server.keepAliveTimeout = 120_000

triscope(server, { banner: false, health: { checks: { self: () => true } } })
const telemetry = triscope.of(server)
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))

/** Everything that could grow, once what is queued is out and the garbage is gone. */
async function held() {
  await telemetry.flush(20_000)
  for (let i = 0; i < 3; i++) globalThis.gc()
  return {
    heapBytes: process.memoryUsage().heapUsed,
    rssBytes: process.memoryUsage().rss,
    resources: process.getActiveResourcesInfo().filter((name) => !/Socket|TCP|TTY|Pipe/.test(name)).length,
    descriptors: readdirSync('/proc/self/fd').length,
  }
}

/** Spans made, and spans counted as lost. */
function account() {
  const lost = telemetry.diagnostics
    .snapshot()
    .filter(({ name, labels }) => name === 'triscope_telemetry_dropped_total' && labels.signal === 'traces')
  return {
    made: telemetry.tracing.endedSpans,
    counted: lost.reduce((sum, { value }) => sum + value, 0),
  }
}

process.on('message', async (what) => {
  if (what === 'held') process.send({ held: await held() })
  if (what !== 'end') return
  await telemetry.shutdown(20_000)
  process.send({ account: account() }, () => process.exit(0))
})
