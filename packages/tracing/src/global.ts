/**
 * The tracing in force in this process, and what stands for it in the OpenTelemetry API.
 *
 * Invariant: a tracer that a module took at its top, before any telemetry was made or after another had ended, is as
 * good as one taken now: it looks up the tracing in force at every span.
 */
import {
  type Context,
  ProxyTracerProvider,
  type Span,
  type SpanOptions,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  type Tracer,
  type TracerOptions,
  type TracerProvider,
} from '@opentelemetry/api'
import { activeContext, processSlot } from '@triscope/core'
import type { Tracing } from './tracing.ts'

interface InForce {
  /** The last one counts; the others are there to come back to. */
  readonly stack: { readonly tracing: Tracing | undefined }[]
  current: Tracing | undefined
}

const slot = (): InForce => processSlot<InForce>('tracing', () => ({ stack: [], current: undefined }))

/** The tracing in force, if there is one. */
export function currentTracing(): Tracing | undefined {
  return slot().current
}

/**
 * Puts `tracing` in force, `undefined` for none. The returned function takes it back, in any order and any number of
 * times, and then the one that was put in force last among the others counts.
 */
export function setCurrentTracing(tracing: Tracing | undefined): () => void {
  const inForce = slot()
  const entry = { tracing }
  inForce.stack.push(entry)
  inForce.current = tracing
  return () => {
    const at = inForce.stack.indexOf(entry)
    if (at >= 0) inForce.stack.splice(at, 1)
    inForce.current = inForce.stack.at(-1)?.tracing
  }
}

/** A provider for the OpenTelemetry API whose tracers follow the tracing in force; one per process. */
export function delegatingProvider(): TracerProvider {
  return processSlot<TracerProvider>('tracerProvider', () => ({
    getTracer: (name, version, options) => new DelegatingTracer(name, version, options),
  }))
}

/** A propagator for the OpenTelemetry API that follows the tracing in force; one per process. */
export function delegatingPropagator(): TextMapPropagator {
  return processSlot<TextMapPropagator>('propagator', () => ({
    inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
      currentTracing()?.propagator.inject(context, carrier, setter)
    },
    extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
      return currentTracing()?.propagator.extract(context, carrier, getter) ?? context
    },
    fields: () => currentTracing()?.propagator.fields() ?? [],
  }))
}

/** The API's own answer where there is no tracing: the parent's context goes on, nothing is recorded. */
const nobody: TracerProvider = new ProxyTracerProvider()

class DelegatingTracer implements Tracer {
  readonly #name: string
  readonly #version: string | undefined
  readonly #options: TracerOptions | undefined
  #of: Tracing | undefined
  #tracer: Tracer | undefined

  constructor(name: string, version: string | undefined, options: TracerOptions | undefined) {
    this.#name = name
    this.#version = version
    this.#options = options
  }

  startSpan(name: string, options?: SpanOptions, context?: Context): Span {
    return this.#delegate().startSpan(name, options, context ?? activeContext())
  }

  startActiveSpan<F extends (span: Span) => unknown>(name: string, ...rest: unknown[]): ReturnType<F> {
    const tracer = this.#delegate()
    return Reflect.apply(tracer.startActiveSpan, tracer, [name, ...rest]) as ReturnType<F>
  }

  #delegate(): Tracer {
    const tracing = currentTracing()
    if (this.#tracer === undefined || tracing !== this.#of) {
      this.#of = tracing
      this.#tracer = (tracing?.provider ?? nobody).getTracer(this.#name, this.#version, this.#options)
    }
    return this.#tracer
  }
}
