/**
 * Instrumentation scopes: the libraries that make spans, each numbered once, so that a span's bytes name theirs in
 * four bytes.
 *
 * Invariant: numbers are never given twice, and there are at most 1 000; a name that is made per request must not
 * grow the table for ever.
 */
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { Diagnostics } from '@triscope/core'
import { ProtobufWriter } from '@triscope/delivery'

/** One library's name, version and schema, encoded once. */
export interface Scope {
  /** The four bytes in front of each span's record. */
  readonly header: Uint8Array
  /** Fields 1 (`scope`) and 3 (`schema_url`) of an OTLP `ScopeSpans`. */
  readonly encoded: Uint8Array
  readonly instrumentationScope: ReadableSpan['instrumentationScope']
}

/** Bytes of `Scope.header`. */
export const SCOPE_HEADER_BYTES = 4

const MAX_SCOPES = 1_000

/** Says that there are too many. */
export function warnOfScopes(diagnostics: Diagnostics): void {
  diagnostics.warn(
    'TRI_WARN_SCOPES',
    'more than 1000 tracer names: further ones are reported as "triscope.other-scopes"; name a tracer after the library, not after the request',
  )
}

export class ScopeTable {
  readonly #scopes: Scope[] = []
  readonly #onFull: () => void

  /** @param onFull called for each scope that finds no place */
  constructor(onFull: () => void) {
    this.#onFull = onFull
  }

  /** A new scope, or the one that stands for all that are too many. */
  add(name: string, version: string | undefined, schemaUrl: string | undefined): Scope {
    if (this.#scopes.length < MAX_SCOPES) return this.#append(name, version, schemaUrl)
    this.#onFull()
    return this.#scopes[MAX_SCOPES] ?? this.#append('triscope.other-scopes', undefined, undefined)
  }

  /** The scope that a record's header names. */
  of(record: Uint8Array): Scope | undefined {
    return this.#scopes[scopeNumber(record)]
  }

  #append(name: string, version: string | undefined, schemaUrl: string | undefined): Scope {
    const header = new Uint8Array(SCOPE_HEADER_BYTES)
    new DataView(header.buffer).setUint32(0, this.#scopes.length, true)
    const scope: Scope = {
      header,
      encoded: encodeScope(name, version, schemaUrl),
      instrumentationScope: {
        name,
        ...(version === undefined ? {} : { version }),
        ...(schemaUrl === undefined ? {} : { schemaUrl }),
      },
    }
    this.#scopes.push(scope)
    return scope
  }
}

/** The records of each scope, in their order. */
export function recordsByScope(records: readonly Uint8Array[]): Uint8Array[][] {
  const byScope = new Map<number, Uint8Array[]>()
  for (const record of records) {
    const group = byScope.get(scopeNumber(record))
    if (group === undefined) byScope.set(scopeNumber(record), [record])
    else group.push(record)
  }
  return [...byScope.values()]
}

/** The number in a record's header. */
function scopeNumber(record: Uint8Array): number {
  return (record[0] ?? 0) | ((record[1] ?? 0) << 8) | ((record[2] ?? 0) << 16) | ((record[3] ?? 0) << 24)
}

function encodeScope(name: string, version: string | undefined, schemaUrl: string | undefined): Uint8Array {
  const writer = new ProtobufWriter({ slabBytes: 256 })
  const scope = writer.begin(1)
  writer.string(1, name)
  if (version !== undefined) writer.string(2, version)
  writer.end(scope)
  if (schemaUrl !== undefined) writer.string(3, schemaUrl)
  return writer.finish()
}
