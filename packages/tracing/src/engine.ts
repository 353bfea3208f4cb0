/**
 * What all tracers of one tracing share: the decision whether a span is recorded, and what happens to it at its end.
 *
 * Invariant: a span is encoded exactly once, after every processor has had its say (`onEnding`) and before any sees
 * it as ended (`onEnd`); a processor or sampler that throws costs nothing but itself.
 */
import type { Context } from '@opentelemetry/api'
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { type Clock, type Diagnostics, messageOf, type Resource, settle } from '@triscope/core'
import type { Limits } from './limits.ts'
import { type OtelResource, toOtelResource } from './otel-resource.ts'
import type { ResolvedSampler } from './sampler.ts'
import { METRIC, SAMPLING_RESULT } from './semconv.ts'
import { asSdkSpan, type RecordingSpan, type SpanOwner } from './span.ts'
import { SpanEncoder } from './span-encoder.ts'
import type { SpanRecord } from './span-record.ts'
import type { SpanWatch } from './span-watch.ts'
import { SAMPLED_FLAG } from './traceparent.ts'

/** Takes the bytes of each sampled span; `keepLonger` where the span failed. */
export type SpanSink = (record: Uint8Array, keepLonger: boolean) => void

export interface EngineParts {
  readonly clock: Clock
  readonly diagnostics: Diagnostics
  readonly limits: Limits
  readonly sampler: ResolvedSampler
  readonly resource: Resource
  readonly processors: readonly SpanProcessor[]
  /** None: spans are made and correlated, but nobody encodes them. */
  readonly sinks: readonly SpanSink[]
  /** Whether a new trace may hold a link to who called: `inbound: 'link'`. */
  readonly linksCallers: boolean
  /** Only in development. */
  readonly watch: SpanWatch | undefined
}

/** Wall time is asked for anew after this: two readings of clocks, 80 ns, for all spans of a millisecond. */
const OFFSET_MAX_AGE_MS = 1

export class Engine implements SpanOwner {
  readonly clock: Clock
  readonly diagnostics: Diagnostics
  readonly limits: Limits
  readonly sampler: ResolvedSampler['sampler']
  /** Whether a trace that came in stays as its caller decided. */
  readonly parentBased: boolean
  readonly otelResource: OtelResource
  readonly onInvalid: () => void
  readonly linksCallers: boolean
  readonly watch: SpanWatch | undefined
  /** Set at shutdown: spans made from then on record nothing. */
  closed = false
  /** Recording spans that have ended so far. */
  ended = 0
  #live = 0
  #offsetMs = 0
  #offsetAtMs = Number.NaN
  readonly #sampled: Count
  readonly #recorded: Count
  readonly #unsampled: Count
  readonly #processors: readonly SpanProcessor[]
  readonly #sinks: readonly SpanSink[]
  readonly #encoder = new SpanEncoder()
  readonly #lateCalls: Count

  constructor(parts: EngineParts) {
    this.clock = parts.clock
    this.diagnostics = parts.diagnostics
    this.limits = parts.limits
    this.sampler = parts.sampler.sampler
    this.parentBased = parts.sampler.parentBased
    this.otelResource = toOtelResource({ ...parts.resource.attributes })
    this.linksCallers = parts.linksCallers
    this.watch = parts.watch
    this.#processors = parts.processors
    this.#sinks = parts.sinks
    this.onInvalid = () => this.diagnostics.dropped('traces', 'VALUE_INVALID')
    this.#sampled = startedCounter(parts.diagnostics, SAMPLING_RESULT.sampled)
    this.#recorded = startedCounter(parts.diagnostics, SAMPLING_RESULT.recorded)
    this.#unsampled = startedCounter(parts.diagnostics, SAMPLING_RESULT.dropped)
    this.#lateCalls = parts.diagnostics.counter({
      name: METRIC.callsAfterEnd,
      help: 'Calls on spans that had ended already; what they said is lost',
    })
  }

  monotonicMs(): number {
    return this.clock.monotonicMs()
  }

  /** Wall time at monotonic zero. @param monotonicMs now */
  offsetMs(monotonicMs: number): number {
    const age = monotonicMs - this.#offsetAtMs
    if (!(age >= 0 && age < OFFSET_MAX_AGE_MS)) {
      this.#offsetMs = this.clock.wallMs() - monotonicMs
      this.#offsetAtMs = monotonicMs
    }
    return this.#offsetMs
  }

  /** A span that was begun after shutdown. */
  countClosed(): void {
    if (this.#sinks.length > 0 || this.#processors.length > 0) this.diagnostics.dropped('traces', 'SHUTDOWN')
  }

  countUnsampled(): void {
    this.#unsampled.add()
  }

  spanStarted(span: RecordingSpan, parent: Context): void {
    this.#live++
    if ((span.traceFlags & SAMPLED_FLAG) === 0) this.#recorded.add()
    else this.#sampled.add()
    this.watch?.started(span)
    for (const processor of this.#processors) {
      try {
        settle(processor.onStart(asSdkSpan(span), parent), this.#threw)
      } catch (error) {
        this.#threw(error)
      }
    }
  }

  spanEnding(span: RecordingSpan): void {
    for (const processor of this.#processors) {
      try {
        settle(processor.onEnding?.(asSdkSpan(span)), this.#threw)
      } catch (error) {
        this.#threw(error)
      }
    }
  }

  spanEnded(span: RecordingSpan, record: SpanRecord): void {
    this.#live--
    this.ended++
    this.watch?.ended(span)
    if (this.#sinks.length > 0 && (span.traceFlags & SAMPLED_FLAG) !== 0) this.#export(span, record)
    if (this.#processors.length === 0) {
      span.release()
      return
    }
    for (const processor of this.#processors) {
      try {
        settle(processor.onEnd(asSdkSpan(span)), this.#threw)
      } catch (error) {
        this.#threw(error)
      }
    }
  }

  onLateCall(): void {
    this.#lateCalls.add()
  }

  /** Shows how many spans are live; returns what takes the gauge away again. */
  showLive(): () => void {
    return this.diagnostics.gauge({
      name: METRIC.spansLive,
      help: 'Recording spans that have not ended',
      read: () => this.#live,
    })
  }

  #export(span: RecordingSpan, record: SpanRecord): void {
    if (this.closed) {
      this.diagnostics.dropped('traces', 'SHUTDOWN')
      return
    }
    try {
      const bytes = this.#encoder.encode(span, record)
      for (const sink of this.#sinks) sink(bytes, record.statusCode === ERROR)
    } catch (error) {
      // Only a foreign trace state can throw here; the span is lost, and counted.
      this.diagnostics.dropped('traces', 'VALUE_INVALID')
      this.diagnostics.failed('TRI_ERR_SPAN_ENCODE', error)
    }
  }

  /** Also of what an async processor rejects with. */
  readonly #threw = (error: unknown): void => {
    this.diagnostics.dropped('traces', 'HOOK_THREW')
    this.diagnostics.failed(
      'TRI_ERR_SPAN_PROCESSOR',
      new Error(`a span processor threw: ${messageOf(error)}`, { cause: error }),
    )
  }
}

interface Count {
  add(n?: number): void
}

function startedCounter(diagnostics: Diagnostics, result: string): Count {
  return diagnostics.counter({
    name: METRIC.spansStarted,
    help: 'Spans made, by what the sampler decided',
    labels: { [SAMPLING_RESULT.label]: result },
  })
}

/** `SpanStatusCode.ERROR`, as a constant that the optimizer sees through. */
const ERROR = 2
