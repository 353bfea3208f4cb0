/** What this room's tests share: a clock turned by hand, and a decoder of OTLP that is not ours. */
import { createRequire } from 'node:module'
import type { Clock, Timer } from '@triscope/core'

export const resource = { attributes: { 'service.name': 'orders' } }

/** Time stands still until a test moves it; wall time can be set apart from it. */
export class ManualClock implements Clock {
  wall = 1_700_000_000_000
  monotonic = 50_000
  readonly #timers: { at: number; fn: () => void }[] = []

  wallMs(): number {
    return this.wall
  }

  monotonicMs(): number {
    return this.monotonic
  }

  timer(delayMs: number, fn: () => void): Timer {
    const timer = { at: this.monotonic + delayMs, fn }
    this.#timers.push(timer)
    return {
      cancel: () => {
        const at = this.#timers.indexOf(timer)
        if (at >= 0) this.#timers.splice(at, 1)
      },
    }
  }

  get pending(): number {
    return this.#timers.length
  }

  advance(ms: number): void {
    this.wall += ms
    this.monotonic += ms
    for (;;) {
      const at = this.#timers.findIndex((timer) => timer.at <= this.monotonic)
      if (at < 0) return
      this.#timers.splice(at, 1)[0]?.fn()
    }
  }
}

const load = createRequire(import.meta.url)
const CLASSES = '@opentelemetry/otlp-transformer/build/src/generated/root.js'
/** The generated declarations say nothing, so this much is said here. */
interface MessageClass<T> {
  decode(bytes: Uint8Array): object
  toObject(message: object, options: object): T
}

/** One field of `AnyValue`; none for null. */
export interface DecodedValue {
  stringValue?: string
  boolValue?: boolean
  intValue?: string
  doubleValue?: number
  arrayValue?: { values: DecodedValue[] }
}

export type DecodedAttributes = { key: string; value: DecodedValue }[]

interface Ids {
  traceId: string
  spanId: string
  parentSpanId?: string
}

/** Every field of the message; ids as hex digits, 64-bit integers as strings, what is absent with its default. */
export interface DecodedSpan extends Ids {
  traceState: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: DecodedAttributes
  droppedAttributesCount: number
  events: {
    timeUnixNano: string
    name: string
    attributes: DecodedAttributes
    droppedAttributesCount: number
  }[]
  droppedEventsCount: number
  links: (Ids & {
    traceState: string
    attributes: DecodedAttributes
    droppedAttributesCount: number
    flags: number
  })[]
  droppedLinksCount: number
  status: { code: number; message: string } | null
  flags: number
}

export interface DecodedRequest {
  resourceSpans: {
    resource: { attributes: DecodedAttributes }
    scopeSpans: { scope: { name: string; version: string }; schemaUrl: string; spans: DecodedSpan[] }[]
  }[]
}

const { proto } = (
  load(CLASSES) as {
    opentelemetry: {
      proto: {
        trace: { v1: { Span: MessageClass<DecodedSpan> } }
        collector: { trace: { v1: { ExportTraceServiceRequest: MessageClass<DecodedRequest> } } }
      }
    }
  }
).opentelemetry

// The test runner's export conditions reach `require`, so protobufjs gets the ES module of `long` and not its class.
const protobuf = createRequire(load.resolve(CLASSES))('protobufjs/minimal') as {
  util: { Long: unknown }
  configure(): void
}
if (typeof protobuf.util.Long !== 'function') {
  protobuf.util.Long = (protobuf.util.Long as { default: unknown }).default
  protobuf.configure()
}

const { Span } = proto.trace.v1
const Request = proto.collector.trace.v1.ExportTraceServiceRequest

const asPlain = { longs: String, defaults: true, arrays: true, bytes: String } as const

export function decodeSpan(bytes: Uint8Array): DecodedSpan {
  return withHexIds(Span.toObject(Span.decode(bytes), asPlain))
}

export function decodeRequest(bytes: Uint8Array): DecodedRequest {
  const request = Request.toObject(Request.decode(bytes), asPlain)
  for (const { scopeSpans } of request.resourceSpans) {
    for (const { spans } of scopeSpans) for (const span of spans) withHexIds(span)
  }
  return request
}

function withHexIds(span: DecodedSpan): DecodedSpan {
  for (const ids of [span, ...span.links]) {
    ids.traceId = toHex(ids.traceId)
    ids.spanId = toHex(ids.spanId)
  }
  span.parentSpanId = toHex(span.parentSpanId ?? '')
  return span
}

function toHex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex')
}
