/** Records as a pipeline gets them, made through the room's own tracer. */
import type { Tracer } from '@opentelemetry/api'
import { SDK_VERSION } from '@triscope/core'
import { createSpanMemory, createTracing } from '../index.ts'
import { ScopeTable } from '../scope.ts'

export interface ExportedRecords {
  /** In the order of the spans' ends. */
  readonly records: readonly Uint8Array[]
  readonly scopes: ScopeTable
}

const LIBRARY = ['library', '1.2.3', 'https://schema/1'] as const

/** What `make` ended. */
export function exportedRecords(make: (tracer: Tracer) => void): ExportedRecords {
  const records: Uint8Array[] = []
  const exporter = { ...createSpanMemory(), keep: (record: Uint8Array) => void records.push(record.slice()) }
  const { provider } = createTracing({ resource: { attributes: {} }, exporter })
  const [name, version, schemaUrl] = LIBRARY
  make(provider.getTracer(name, version, { schemaUrl }))
  return { records, scopes: scopesOfTracing() }
}

/** The same scopes in the same order as that tracing numbered them in. */
function scopesOfTracing(): ScopeTable {
  const scopes = new ScopeTable(() => undefined)
  scopes.add('triscope', SDK_VERSION, undefined)
  scopes.add(...LIBRARY)
  return scopes
}
