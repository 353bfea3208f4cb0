/** Records as a pipeline gets them, made through the room's own tracer. */
import type { Tracer } from '@opentelemetry/api'
import { createDiagnostics, systemClock } from '@triscope/core'
import { Engine } from '../engine.ts'
import { resolveLimits } from '../limits.ts'
import { SpanTracerProvider } from '../provider.ts'
import { resolveSampler } from '../sampler.ts'
import { ScopeTable } from '../scope.ts'

export interface ExportedRecords {
  /** In the order of the spans' ends. */
  readonly records: readonly Uint8Array[]
  readonly scopes: ScopeTable
}

/** What `make` ended. */
export function exportedRecords(make: (tracer: Tracer) => void): ExportedRecords {
  const records: Uint8Array[] = []
  const scopes = new ScopeTable(() => undefined)
  const clock = systemClock
  const diagnostics = createDiagnostics()
  const engine = new Engine({
    clock,
    diagnostics,
    limits: resolveLimits(),
    sampler: resolveSampler(1, { service: '', clock, diagnostics }),
    resource: { attributes: {} },
    linksCallers: false,
    processors: [],
    sinks: [(record) => void records.push(record.slice())],
  })
  const provider = new SpanTracerProvider(engine, scopes)
  make(provider.getTracer('library', '1.2.3', { schemaUrl: 'https://schema/1' }))
  return { records, scopes }
}
