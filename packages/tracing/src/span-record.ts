/**
 * What a span has recorded, apart from its own ids, and what may come into it.
 */
import { type HrTime, type Link, type SpanContext, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { TimedEvent } from '@opentelemetry/sdk-trace-base'
import { AttributeList, cleanAttributes } from './attributes.ts'
import type { Limits } from './limits.ts'
import type { Scope } from './scope.ts'
import { isValidSpanContext } from './traceparent.ts'

/** The parent's ids: as words when it was started here, as its span context when it came from elsewhere. */
export interface ParentIds {
  readonly idWord0: number
  readonly idWord1: number
  readonly traceFlags: number
  readonly foreign: SpanContext | undefined
}

/** All that a span says, besides its own ids. */
export class SpanRecord {
  name: string
  readonly kind: SpanKind
  readonly scope: Scope
  readonly parent: ParentIds | undefined
  /** Wall time at monotonic zero; children take it over, so that a clock that is set cannot tear a trace apart. */
  readonly offsetMs: number
  /** Moments in seconds since 1970 and nanoseconds, apart: each as an array would be 64 bytes more. */
  readonly startSeconds: number
  readonly startNanos: number
  endSeconds = 0
  endNanos = 0
  readonly attributes: AttributeList = new AttributeList()
  events: TimedEvent[] | undefined = undefined
  links: Link[] | undefined = undefined
  droppedEvents = 0
  droppedLinks = 0
  statusCode: SpanStatusCode = SpanStatusCode.UNSET
  statusMessage: string | undefined = undefined

  constructor(
    name: string,
    kind: SpanKind,
    scope: Scope,
    parent: ParentIds | undefined,
    offsetMs: number,
    startTime: HrTime,
  ) {
    this.name = name
    this.kind = kind
    this.scope = scope
    this.parent = parent
    this.offsetMs = offsetMs
    this.startSeconds = startTime[0]
    this.startNanos = startTime[1]
  }

  /** A span never ends before it has started. */
  endAt(time: HrTime): void {
    const isEarly =
      time[0] < this.startSeconds || (time[0] === this.startSeconds && time[1] < this.startNanos)
    this.endSeconds = isEarly ? this.startSeconds : time[0]
    this.endNanos = isEarly ? this.startNanos : time[1]
  }
}

/** `null` prototypes and symbols included: a name is text, whatever was passed. */
export function textOf(name: unknown): string {
  try {
    return typeof name === 'symbol' ? name.toString() : `${name}`
  } catch {
    // Its `toString` threw or is missing: the span is worth more than its name.
    return 'unnamed'
  }
}

/** A copy of the link; `undefined`, and counted, where it does not name a span. */
export function cleanLink(link: Link, limits: Limits, onInvalid: () => void): Link | undefined {
  try {
    const context = link?.context
    if (context === undefined || context === null || !isValidSpanContext(context)) {
      onInvalid()
      return undefined
    }
    const { traceId, spanId, traceFlags, isRemote, traceState } = context
    const { attributes, dropped } = cleanAttributes(link.attributes, limits, onInvalid)
    return {
      context: {
        traceId,
        spanId,
        traceFlags,
        ...(isRemote === undefined ? {} : { isRemote }),
        ...(traceState === undefined ? {} : { traceState }),
      },
      attributes,
      droppedAttributesCount: dropped,
    }
  } catch {
    // No object, or one whose getters throw.
    onInvalid()
    return undefined
  }
}

/** What stands in a span that has let go of its record. */
export const RELEASED: SpanRecord = new SpanRecord(
  '',
  SpanKind.INTERNAL,
  { header: new Uint8Array(0), encoded: new Uint8Array(0), instrumentationScope: { name: '' } },
  undefined,
  0,
  [0, 0],
)
