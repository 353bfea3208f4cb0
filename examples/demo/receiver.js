// @ts-check
/**
 * A small OTLP receiver: `POST /v1/traces` takes what any OpenTelemetry exporter sends, `GET /spans` gives it back
 * as JSON, `GET /spans/<trace id>` one trace of it. Bounded: it keeps the latest 20 000 spans, and takes bodies up to 16 MiB.
 *
 * Invariant: it outlives the services that send to it, so that their last spans have somewhere to go: a Ctrl-C, which
 * a terminal sends to everyone, is left to its parent, which ends it last.
 */
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { spansOf } from './lib/otlp-spans.js'

const MAX_SPANS = 20_000
const MAX_BODY_BYTES = 16 * 1_024 * 1_024

/** @type {import('./lib/otlp-spans.js').ReceivedSpan[]} */
let spans = []

const server = createServer(async (req, res) => {
  if (req.method === 'POST' && req.url === '/v1/traces') {
    const status = await receive(req)
    // OTLP 1.9, "OTLP/HTTP Response": an empty ExportTraceServiceResponse is a full success.
    res.writeHead(status, { 'content-type': 'application/x-protobuf' }).end()
  } else if (req.method === 'GET' && (req.url === '/spans' || req.url?.startsWith('/spans/'))) {
    const traceId = req.url.split('/')[2]
    const asked = traceId === undefined ? spans : spans.filter((span) => span.traceId === traceId)
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(asked))
  } else {
    res.writeHead(404).end()
  }
})

server.listen(Number(process.env['PORT'] ?? 4318), '127.0.0.1')
process.on('SIGINT', () => {})
process.on('SIGTERM', stop)
process.on('disconnect', stop)

/** The status to answer with. @param {import('node:http').IncomingMessage} req */
async function receive(req) {
  const chunks = []
  let size = 0
  for await (const chunk of req) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) return 413
    chunks.push(chunk)
  }
  try {
    const body = Buffer.concat(chunks)
    const plain = req.headers['content-encoding'] === 'gzip' ? await promisify(gunzip)(body) : body
    spans = [...spans, ...spansOf(plain)].slice(-MAX_SPANS)
    return 200
  } catch (error) {
    console.error('not a trace request:', error)
    return 400
  }
}

function stop() {
  server.close()
  server.closeAllConnections()
  if (process.connected) process.disconnect()
}
