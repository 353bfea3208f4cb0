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
interface MessageClass {
  decode(bytes: Uint8Array): object
  toObject(message: object, options: object): Plain
}
const { proto } = (
  load(CLASSES) as {
    opentelemetry: {
      proto: {
        trace: { v1: { Span: MessageClass } }
        collector: { trace: { v1: { ExportTraceServiceRequest: MessageClass } } }
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

/** 64-bit integers as strings, bytes as hex, missing fields with their defaults. */
const asPlain = { longs: String, defaults: true, arrays: true, bytes: String } as const

// biome-ignore lint/suspicious/noExplicitAny: the generated classes describe their plain form as an index of anything.
export type Plain = any

export function decodeSpan(bytes: Uint8Array): Plain {
  return hexIds(Span.toObject(Span.decode(bytes), asPlain))
}

export function decodeRequest(bytes: Uint8Array): Plain {
  const request = Request.toObject(Request.decode(bytes), asPlain)
  for (const { scopeSpans } of request.resourceSpans)
    for (const { spans } of scopeSpans) spans.forEach(hexIds)
  return request
}

function hexIds(span: Plain): Plain {
  for (const holder of [span, ...span.links]) {
    for (const key of ['traceId', 'spanId', 'parentSpanId']) {
      if (typeof holder[key] === 'string') holder[key] = Buffer.from(holder[key], 'base64').toString('hex')
    }
  }
  return span
}
