/** A collector that is up, slow or down, and counts the spans that it took. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'

// The package exports only its serializers; the definitions they are generated from lie beside them.
const { opentelemetry } = createRequire(import.meta.url)(
  '@opentelemetry/otlp-transformer/build/src/generated/root.js',
)
const { ExportTraceServiceRequest } = opentelemetry.proto.collector.trace.v1

const SLOW_MS = 1_000

export class Collector {
  spans = 0
  #server
  #port = 0
  #slow = false

  get endpoint() {
    return `http://127.0.0.1:${this.#port}`
  }

  async up() {
    this.#slow = false
    if (this.#server !== undefined) return
    this.#server = createServer(async (req, res) => {
      const body = await buffer(req)
      this.spans += countSpans(req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body)
      if (this.#slow) await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
      res.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    }).listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = this.#server.address().port
  }

  slow() {
    this.#slow = true
  }

  /** What it has taken it answers first: a batch that was cut off would be sent, and counted, twice. */
  async down() {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    server.close()
    const sweep = setInterval(() => server.closeIdleConnections(), 20)
    await once(server, 'close')
    clearInterval(sweep)
  }
}

/** Read by the definitions OpenTelemetry publishes, not by ours. */
function countSpans(body) {
  let spans = 0
  for (const { scopeSpans } of ExportTraceServiceRequest.decode(body).resourceSpans) {
    for (const scope of scopeSpans) spans += scope.spans.length
  }
  return spans
}
