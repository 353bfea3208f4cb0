/** Takes traces as an OTLP collector and as a Datadog agent, counts them and forgets them. */
import { createServer } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { countSpans } from '../lib/otlp-count.mjs'
import { serve } from '../lib/remote.mjs'

let spans = 0

const server = createServer((req, res) => {
  const chunks = []
  req.on('data', (chunk) => chunks.push(chunk))
  req.on('end', () => {
    if (req.url === '/v1/traces') {
      const body = Buffer.concat(chunks)
      spans += countSpans(req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body)
      res.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': 0 })
      res.end()
      return
    }
    // The agent's protocol is not decoded; its header counts traces, of which each request is one.
    spans += Number(req.headers['x-datadog-trace-count'] ?? 0)
    res.writeHead(200, { 'content-type': 'application/json' })
    res.end(req.url === '/info' ? '{"endpoints":["/v0.4/traces"]}' : '{"rate_by_service":{}}')
  })
})
// Servers are paused for minutes between their rounds.
server.keepAliveTimeout = 3_600_000
server.requestTimeout = 0
server.headersTimeout = 0
server.listen(0, '127.0.0.1', () => {
  serve(
    {
      /** Spans since the last call; of dd-trace, traces. */
      take: () => {
        const taken = spans
        spans = 0
        return taken
      },
    },
    { port: server.address().port },
  )
})
