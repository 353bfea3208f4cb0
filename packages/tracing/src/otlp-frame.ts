/**
 * A batch of records as one OTLP request: `ExportTraceServiceRequest`, opentelemetry-proto 1.9, grouped by scope.
 */

import type { Resource } from '@triscope/core'
import { ProtobufWriter } from '@triscope/delivery'
import { recordsByScope, SCOPE_HEADER_BYTES, type ScopeTable } from './scope.ts'
import { writeAttribute } from './span-encoder.ts'

/** Makes the function that delivery calls for each batch; the resource is encoded here, once. */
export function createFrame(
  resource: Resource,
  scopes: ScopeTable,
): (records: readonly Uint8Array[]) => Uint8Array {
  const encodedResource = encodeResource(resource)
  const writer = new ProtobufWriter()
  return (records) => {
    const resourceSpans = writer.begin(1)
    writer.bytes(1, encodedResource)
    for (const group of recordsByScope(records)) writeScopeSpans(writer, scopes, group)
    writer.end(resourceSpans)
    return writer.finish()
  }
}

function writeScopeSpans(writer: ProtobufWriter, scopes: ScopeTable, group: readonly Uint8Array[]): void {
  const first = group[0]
  const scope = first === undefined ? undefined : scopes.of(first)
  const scopeSpans = writer.begin(2)
  if (scope !== undefined) writer.raw(scope.encoded)
  for (const record of group) writer.bytes(2, record.subarray(SCOPE_HEADER_BYTES))
  writer.end(scopeSpans)
}

function encodeResource(resource: Resource): Uint8Array {
  const writer = new ProtobufWriter({ slabBytes: 1_024 })
  for (const [key, value] of Object.entries(resource.attributes)) writeAttribute(writer, 1, key, value)
  return writer.finish()
}
