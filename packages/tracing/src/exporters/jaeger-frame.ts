/**
 * Batches for Jaeger: one struct `Batch` for HTTP, or datagrams that each call `emitBatch` for UDP.
 *
 * Invariant: a datagram is over the limit only where it holds a single span; it is then the sender's to count.
 */
import type { Resource } from '@triscope/core'
import { type Datagram, joinDatagrams } from '@triscope/delivery'
import type { ScopeTable } from '../scope.ts'
import { processOf, spanOf } from './jaeger-model.ts'
import { BinaryThriftWriter } from './thrift-binary.ts'
import type { ThriftWriter } from './thrift-writer.ts'

type Frame = (records: readonly Uint8Array[]) => Uint8Array

/** The body of a POST: a bare `Batch` in the binary protocol. */
export function createBatchFrame(resource: Resource, scopes: ScopeTable): Frame {
  const writer = new BinaryThriftWriter()
  const process = processOf(resource, writer)
  return (records) => {
    const spans = records.map((record) => spanOf(record, scopes, writer))
    writeBatch(writer, process, spans)
    return writer.finish()
  }
}

/** Datagrams of at most so many bytes, in the protocol of `writer`. */
export function createDatagramFrame(
  resource: Resource,
  scopes: ScopeTable,
  writer: ThriftWriter,
  maxBytes: number,
): Frame {
  const process = processOf(resource, writer)
  const empty = datagramOf(writer, process, []).bytes.length + MAX_COUNT_BYTES
  return (records) => {
    const datagrams: Datagram[] = []
    let spans: Uint8Array[] = []
    let size = empty
    const finish = (): void => {
      if (spans.length > 0) datagrams.push(datagramOf(writer, process, spans))
      spans = []
      size = empty
    }
    for (const record of records) {
      const span = spanOf(record, scopes, writer)
      if (size + span.length > maxBytes) finish()
      spans.push(span)
      size += span.length
    }
    finish()
    return joinDatagrams(datagrams)
  }
}

/** The number of spans in a list may take that much more than that of none. */
const MAX_COUNT_BYTES = 5

/** `Agent.emitBatch`: agent.thrift. */
function datagramOf(writer: ThriftWriter, process: Uint8Array, spans: readonly Uint8Array[]): Datagram {
  writer.onewayMessage('emitBatch')
  writer.struct(1)
  writeBatch(writer, process, spans)
  writer.end()
  return { bytes: writer.finish(), records: spans.length }
}

function writeBatch(writer: ThriftWriter, process: Uint8Array, spans: readonly Uint8Array[]): void {
  writer.finishedStruct(1, process)
  writer.structs(2, spans.length)
  for (const span of spans) writer.finishedElement(span)
  writer.end()
}
