/**
 * The one object that every loaded copy of `@opentelemetry/api` shares, and our registration in it.
 *
 * Invariant: a registration that did not take is always reported with its reason. A provider that nobody sees is
 * the worst fault of this ecosystem, because nothing says so.
 */
import {
  type ContextManager,
  context,
  propagation,
  type TextMapPropagator,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'

/** What `globalThis` holds for the API's major version 1; `version` is that of the copy that registered first. */
export interface ApiGlobal {
  version: string
  context?: ContextManager
  trace?: TracerProvider
  propagation?: TextMapPropagator
}

/** The API's global object, or `undefined` while nobody has registered anything. */
export function apiGlobal(): ApiGlobal | undefined {
  return (globalThis as { [API]?: ApiGlobal })[API]
}

const API = Symbol.for('opentelemetry.js.api.1')

/** What became of each part: registered by us, or already taken by somebody else. */
export interface ApiRegistration {
  context: 'ours' | 'taken'
  trace: 'ours' | 'taken'
  propagation: 'ours' | 'taken'
}

/** Registers all three parts with OpenTelemetry, as far as nobody was there first. What is ours already stays ours. */
export function registerApi(parts: {
  context: ContextManager
  trace: TracerProvider
  propagation: TextMapPropagator
}): ApiRegistration {
  const before = apiGlobal()
  const isOurs = {
    context: before?.context === parts.context,
    trace: delegateOf(before?.trace) === parts.trace,
    propagation: before?.propagation === parts.propagation,
  }
  return {
    context: isOurs.context || context.setGlobalContextManager(parts.context) ? 'ours' : 'taken',
    trace: isOurs.trace || trace.setGlobalTracerProvider(parts.trace) ? 'ours' : 'taken',
    propagation: isOurs.propagation || propagation.setGlobalPropagator(parts.propagation) ? 'ours' : 'taken',
  }
}

/** The API keeps a proxy of its own in the global object, and the provider behind it. */
function delegateOf(provider: TracerProvider | undefined): TracerProvider | undefined {
  return (provider as { getDelegate?: () => TracerProvider } | undefined)?.getDelegate?.()
}
