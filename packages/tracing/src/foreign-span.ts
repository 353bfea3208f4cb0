/**
 * A span of another SDK as what our encoder takes.
 *
 * Invariant: what the other SDK has kept is kept, its counts of what it dropped included; what must not be recorded is
 * redacted as in spans of our own.
 */
import { type Link, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace-base'
import { cleanAttributes } from './attributes.ts'
import { traceIdentityOf, wordAt } from './ids.ts'
import type { Limits } from './limits.ts'
import type { SpanIds } from './local-span.ts'
import type { Scope } from './scope.ts'
import { cleanLink, SpanRecord } from './span-record.ts'
import { isValidSpanContext } from './traceparent.ts'

/** `undefined` where its ids are no ids. */
export function readForeignSpan(
  span: ReadableSpan,
  scope: Scope,
  limits: Limits,
  onInvalid: () => void,
): { ids: SpanIds; record: SpanRecord } | undefined {
  const context = span.spanContext()
  if (!isValidSpanContext(context)) return undefined
  const parent = span.parentSpanContext
  const record = new SpanRecord(
    span.name,
    span.kind,
    scope,
    parent === undefined || !isValidSpanContext(parent)
      ? undefined
      : { idWord0: 0, idWord1: 0, traceFlags: parent.traceFlags, foreign: parent },
    0,
    span.startTime,
  )
  record.endSeconds = span.endTime[0]
  record.endNanos = span.endTime[1]
  record.attributes.setAll(span.attributes, limits, onInvalid)
  record.attributes.dropped += span.droppedAttributesCount
  record.events = span.events.map((event) => cleanEvent(event, limits, onInvalid))
  record.droppedEvents = span.droppedEventsCount
  record.links = span.links
    .map((link) => withDropped(link, limits, onInvalid))
    .filter((link) => link !== undefined)
  record.droppedLinks = span.droppedLinksCount
  record.statusCode = span.status.code
  if (span.status.code === SpanStatusCode.ERROR) record.statusMessage = span.status.message
  const ids = {
    trace: traceIdentityOf(context.traceId),
    idWord0: wordAt(context.spanId, 0),
    idWord1: wordAt(context.spanId, 8),
    traceFlags: context.traceFlags,
    traceState: context.traceState,
  }
  return { ids, record }
}

function cleanEvent(event: TimedEvent, limits: Limits, onInvalid: () => void): TimedEvent {
  const { attributes, dropped } = cleanAttributes(event.attributes, limits, onInvalid)
  return {
    name: event.name,
    time: event.time,
    attributes,
    droppedAttributesCount: (event.droppedAttributesCount ?? 0) + dropped,
  }
}

function withDropped(link: Link, limits: Limits, onInvalid: () => void): Link | undefined {
  const clean = cleanLink(link, limits, onInvalid)
  if (clean === undefined || link.droppedAttributesCount === undefined) return clean
  return {
    ...clean,
    droppedAttributesCount: (clean.droppedAttributesCount ?? 0) + link.droppedAttributesCount,
  }
}
