/**
 * The span that records. It is at once OpenTelemetry's `Span`, for the app, and `ReadableSpan`, for foreign
 * processors and exporters.
 *
 * Invariant: no call throws, whatever it is given, and none changes anything once the span has ended. What was
 * recorded stands in a `SpanRecord` of its own, so that a span which a timer or a socket holds for long keeps its
 * ids alone.
 */
import {
  type Attributes,
  type AttributeValue,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
  type TraceState,
} from '@opentelemetry/api'
import type { ReadableSpan, Span as SdkSpan, TimedEvent } from '@opentelemetry/sdk-trace-base'
import { cleanAttributes } from './attributes.ts'
import { exceptionAttributes } from './exception-event.ts'
import { nonZeroWord, randomWord, type TraceIdentity } from './ids.ts'
import type { Limits } from './limits.ts'
import { contextOf, LocalSpan } from './local-span.ts'
import type { OtelResource } from './otel-resource.ts'
import type { Scope } from './scope.ts'
import { EXCEPTION_EVENT } from './semconv.ts'
import { cleanLink, RELEASED, type SpanRecord, textOf } from './span-record.ts'
import { between, fromMs, fromTimeInput, isTimeInput } from './span-time.ts'

/** What a span needs of the tracing that made it. */
export interface SpanOwner {
  readonly limits: Limits
  readonly otelResource: OtelResource
  /** Milliseconds that never run backwards. */
  monotonicMs(): number
  /** Called once, while the span can still be written to. */
  spanEnding(span: RecordingSpan): void
  /** Called once, behind `spanEnding`, when nothing changes any more. */
  spanEnded(span: RecordingSpan, record: SpanRecord): void
  /** A value, name or link that cannot be recorded was left out. */
  readonly onInvalid: () => void
  /** A call came too late. */
  onLateCall(): void
}

/** Milliseconds since 1970 in the year 2001; a process that has been running so long is 31 years old. */
const EPOCH_MS = 1e12

/** From `end` on the span passes through `ENDING`, in which processors may still write and nobody can end it again. */
const LIVE = 0
const ENDING = 1
const ENDED = 2

/** Links that one list may have beyond the limit, the oldest of which go: a list without end must end here. */
const MAX_DISPLACED_LINKS = 10_000

export class RecordingSpan extends LocalSpan implements Span, Omit<ReadableSpan, 'parentSpanContext'> {
  readonly trace: TraceIdentity
  readonly idWord0: number
  readonly idWord1: number
  readonly #owner: SpanOwner
  #record: SpanRecord
  #phase = LIVE
  /** Made for readers; kept once the span has ended, because processors pass notes to each other in it. */
  #attributes: Attributes | undefined = undefined

  constructor(
    owner: SpanOwner,
    record: SpanRecord,
    trace: TraceIdentity,
    traceFlags: number,
    traceState: TraceState | undefined,
  ) {
    super(traceFlags, traceState)
    this.trace = trace
    this.idWord0 = nonZeroWord()
    this.idWord1 = randomWord()
    this.#owner = owner
    this.#record = record
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (this.#isOpen()) this.#record.attributes.set(key, value, this.#owner.limits, this.#owner.onInvalid)
    return this
  }

  setAttributes(attributes: Attributes): this {
    if (this.#isOpen()) this.#record.attributes.setAll(attributes, this.#owner.limits, this.#owner.onInvalid)
    return this
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (!this.#isOpen()) return this
    const record = this.#record
    const { limits, onInvalid } = this.#owner
    if (limits.events === 0) {
      record.droppedEvents++
      return this
    }
    const timeOnly = isTimeInput(attributesOrTime)
    const clean = cleanAttributes(timeOnly ? undefined : attributesOrTime, limits, onInvalid)
    record.events ??= []
    if (record.events.length >= limits.events) {
      record.events.shift()
      record.droppedEvents++
    }
    record.events.push({
      name: typeof name === 'string' ? name : textOf(name),
      attributes: clean.attributes,
      time: this.#time(time ?? (timeOnly ? attributesOrTime : undefined)),
      droppedAttributesCount: clean.dropped,
    })
    return this
  }

  addLink(link: Link): this {
    if (!this.#isOpen()) return this
    const record = this.#record
    const { limits, onInvalid } = this.#owner
    const clean = cleanLink(link, limits, onInvalid)
    if (clean === undefined) return this
    if (limits.links === 0) {
      record.droppedLinks++
      return this
    }
    record.links ??= []
    if (record.links.length >= limits.links) {
      record.links.shift()
      record.droppedLinks++
    }
    record.links.push(clean)
    return this
  }

  addLinks(links: Link[]): this {
    try {
      let left = this.#owner.limits.links + MAX_DISPLACED_LINKS
      for (const link of links) {
        if (left-- === 0) {
          this.#owner.onInvalid()
          break
        }
        this.addLink(link)
      }
    } catch {
      // Not a list after all, or one whose iterator throws: counted like any value that cannot be recorded.
      this.#owner.onInvalid()
    }
    return this
  }

  /** OpenTelemetry specification, "Set Status": `UNSET` changes nothing, `OK` is final, only `ERROR` has a message. */
  setStatus(status: SpanStatus): this {
    if (!this.#isOpen()) return this
    const record = this.#record
    try {
      const { code, message } = status
      if (record.statusCode === SpanStatusCode.OK) return this
      if (code === SpanStatusCode.OK) {
        record.statusCode = code
        record.statusMessage = undefined
      } else if (code === SpanStatusCode.ERROR) {
        record.statusCode = code
        record.statusMessage =
          typeof message === 'string' ? this.#owner.limits.redaction.text(message) : undefined
      }
    } catch {
      // The status could not be read; the span keeps the one it has.
      this.#owner.onInvalid()
    }
    return this
  }

  updateName(name: string): this {
    if (this.#isOpen()) this.#record.name = typeof name === 'string' ? name : textOf(name)
    return this
  }

  /** Adds the `exception` event; the status stays as it is. */
  recordException(exception: unknown, time?: TimeInput): void {
    if (!this.#isOpen()) return
    const attributes = exceptionAttributes(exception)
    if (Object.keys(attributes).length === 0) this.#owner.onInvalid()
    else this.addEvent(EXCEPTION_EVENT, attributes, time)
  }

  isRecording(): boolean {
    return this.#phase !== ENDED
  }

  end(endTime?: TimeInput): void {
    if (this.#phase !== LIVE) {
      this.#owner.onLateCall()
      return
    }
    const record = this.#record
    record.endAt(this.#time(endTime))
    this.#phase = ENDING
    this.#owner.spanEnding(this)
    this.#phase = ENDED
    this.#attributes = undefined
    this.#owner.spanEnded(this, record)
  }

  /** Lets go of everything but the ids; for a span that no foreign processor will read. */
  release(): void {
    this.#record = RELEASED
  }

  /** What was recorded so far; nothing once the span was released. */
  get record(): SpanRecord {
    return this.#record
  }

  /** Wall time at monotonic zero, for children; not known any more once the span was released. */
  get offsetMs(): number | undefined {
    return this.#record === RELEASED ? undefined : this.#record.offsetMs
  }

  get name(): string {
    return this.#record.name
  }

  get kind(): SpanKind {
    return this.#record.kind
  }

  get parentSpanContext(): SpanContext | undefined {
    const { parent } = this.#record
    if (parent === undefined) return undefined
    if (parent.foreign !== undefined) return parent.foreign
    return contextOf(this.trace, parent.idWord0, parent.idWord1, parent.traceFlags, this.traceState)
  }

  get startTime(): HrTime {
    return [this.#record.startSeconds, this.#record.startNanos]
  }

  get endTime(): HrTime {
    return [this.#record.endSeconds, this.#record.endNanos]
  }

  get duration(): HrTime {
    // As in OpenTelemetry's SDK, a span that has not ended has none yet.
    return this.#phase === LIVE ? [-1, -1] : between(this.startTime, this.endTime)
  }

  get ended(): boolean {
    return this.#phase === ENDED
  }

  get status(): SpanStatus {
    const { statusCode, statusMessage } = this.#record
    return statusMessage === undefined ? { code: statusCode } : { code: statusCode, message: statusMessage }
  }

  get attributes(): Attributes {
    if (this.#phase !== ENDED) return this.#record.attributes.toObject()
    this.#attributes ??= this.#record.attributes.toObject()
    return this.#attributes
  }

  get links(): Link[] {
    return this.#record.links ?? []
  }

  get events(): TimedEvent[] {
    return this.#record.events ?? []
  }

  get resource(): OtelResource {
    return this.#owner.otelResource
  }

  get instrumentationScope(): Scope['instrumentationScope'] {
    return this.#record.scope.instrumentationScope
  }

  get droppedAttributesCount(): number {
    return this.#record.attributes.dropped
  }

  get droppedEventsCount(): number {
    return this.#record.droppedEvents
  }

  get droppedLinksCount(): number {
    return this.#record.droppedLinks
  }

  #isOpen(): boolean {
    if (this.#phase !== ENDED) return true
    this.#owner.onLateCall()
    return false
  }

  #time(input: TimeInput | undefined): HrTime {
    const { offsetMs } = this.#record
    // No reading of `performance.now()`, so there is no need of another.
    if (typeof input === 'number' && input > EPOCH_MS) return fromMs(input)
    const monotonicMs = this.#owner.monotonicMs()
    if (input !== undefined) {
      const given = fromTimeInput(input, offsetMs, monotonicMs)
      if (given !== undefined) return given
    }
    return fromMs(offsetMs + monotonicMs)
  }
}

/**
 * The span as sdk-trace-base's types have it. They know `parentSpanContext` as a property that is missing at a root,
 * which a getter cannot be: it is `undefined` there, and every reader of it asks for that.
 */
export function asSdkSpan(span: RecordingSpan): SdkSpan {
  return span as Span as SdkSpan
}
