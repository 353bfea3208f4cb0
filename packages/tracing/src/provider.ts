/** Hands out tracers by library name, version and schema; the same one for the same three. */
import type { Tracer, TracerOptions, TracerProvider } from '@opentelemetry/api'
import type { Engine } from './engine.ts'
import type { ScopeTable } from './scope.ts'
import { textOf } from './span-record.ts'
import { SpanTracer } from './tracer.ts'

/** As many as there are scopes; a tracer beyond is made anew for each call. */
const MAX_TRACERS = 1_000

export class SpanTracerProvider implements TracerProvider {
  readonly #engine: Engine
  readonly #scopes: ScopeTable
  readonly #tracers = new Map<string, SpanTracer>()

  constructor(engine: Engine, scopes: ScopeTable) {
    this.#engine = engine
    this.#scopes = scopes
  }

  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    // The API asks for a working tracer whatever it is given.
    const plainName =
      typeof name === 'string' ? name : name === undefined || name === null ? '' : textOf(name)
    const plainVersion = filled(version)
    const schemaUrl = filled(schemaUrlOf(options))
    const key = JSON.stringify([plainName, plainVersion ?? '', schemaUrl ?? ''])
    const known = this.#tracers.get(key)
    if (known !== undefined) return known
    const tracer = new SpanTracer(this.#engine, this.#scopes.add(plainName, plainVersion, schemaUrl))
    if (this.#tracers.size < MAX_TRACERS) this.#tracers.set(key, tracer)
    return tracer
  }
}

function schemaUrlOf(options: TracerOptions | undefined): unknown {
  try {
    return options?.schemaUrl
  } catch {
    // A getter of the app threw; a scope without a schema is still a scope.
    return undefined
  }
}

function filled(text: unknown): string | undefined {
  return typeof text === 'string' && text !== '' ? text : undefined
}
