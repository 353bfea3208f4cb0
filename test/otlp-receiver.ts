/** An OTLP endpoint on loopback. What it gets is read by the definitions OpenTelemetry publishes, not by ours. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'

/** One span as it came over the wire; ids in hex. */
export interface ReceivedSpan {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly service: string | undefined
}

interface WireSpan {
  name: string
  kind: number
  traceId: Uint8Array
  spanId: Uint8Array
  parentSpanId?: Uint8Array
}

interface WireRequest {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] }
    scopeSpans: { spans: WireSpan[] }[]
  }[]
}

// The package exports only its serializers; the definitions they are generated from lie beside them.
const definitions = createRequire(import.meta.url)(
  '@opentelemetry/otlp-transformer/build/src/generated/root.js',
) as {
  opentelemetry: {
    proto: {
      collector: { trace: { v1: { ExportTraceServiceRequest: { decode(bytes: Uint8Array): WireRequest } } } }
    }
  }
}

/** Receives traces until it is closed. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer(async (req, res) => {
      const body = await buffer(req)
      if (req.method !== 'POST' || req.url !== '/v1/traces') {
        res.writeHead(404).end()
        return
      }
      this.spans.push(...spansOf(req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body))
      res.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  }

  static async listen(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver()
    receiver.#server.listen(0, '127.0.0.1')
    await once(receiver.#server, 'listening')
    return receiver
  }

  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

function spansOf(body: Uint8Array): ReceivedSpan[] {
  const request = definitions.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest.decode(body)
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(({ name, kind, traceId, spanId, parentSpanId }) => ({
        name,
        kind,
        traceId: hex(traceId),
        spanId: hex(spanId),
        parentSpanId: hex(parentSpanId ?? new Uint8Array()),
        service,
      })),
    )
  })
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
