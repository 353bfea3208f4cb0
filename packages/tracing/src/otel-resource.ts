/**
 * Core's resource behind the interface that foreign processors and exporters read.
 */
import type { Attributes } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

/** OpenTelemetry's resource, by the name under which sdk-trace-base shows it. */
export type OtelResource = ReadableSpan['resource']

/** Wraps attributes that are final: nothing here is ever pending. */
export function toOtelResource(attributes: Attributes): OtelResource {
  return {
    attributes,
    asyncAttributesPending: false,
    getRawAttributes: () => Object.entries(attributes),
    // By the specification the other resource's values win.
    merge: (other) =>
      other === null ? toOtelResource(attributes) : toOtelResource({ ...attributes, ...other.attributes }),
  }
}
