/**
 * The async context: which span is active here. The signals meet in it, and in nothing else.
 *
 * Invariant: there is one AsyncLocalStorage in the process. On Node 20 and 22 every `await` costs about 76 ns for
 * each storage in use, so a second one would be paid for by every line of the app.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import {
  type Context,
  type ContextManager,
  createContextKey,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  trace,
} from '@opentelemetry/api'
import { apiGlobal } from './otel-api.ts'
import { processSlot } from './process-state.ts'

/** An OpenTelemetry context manager with the one call that the hot path makes. */
export interface ContextStorage extends ContextManager {
  /** Calls `fn` with `context` active, in it and in everything it starts. */
  run<T>(context: Context, fn: () => T): T
  /** Hears of what the storage could not do; the sdk sets it. Until then nobody is told. */
  onFailure?: ((error: unknown) => void) | undefined
}

/** `base` is what is in force where nobody chose a storage. */
const slot = processSlot<{ storage: ContextStorage | undefined; base?: ContextStorage }>('context', () => ({
  storage: undefined,
}))

/**
 * Makes `storage` the process's context storage, or finds the one to use: the one installed before, a context
 * manager that somebody registered with OpenTelemetry before us (it is adopted, because two would not see each
 * other's spans), or a new one over AsyncLocalStorage. Registering it with OpenTelemetry is `registerApi`'s work.
 */
export function installContext(storage?: ContextStorage): ContextStorage {
  if (storage !== undefined) {
    // Found now: once `storage` is registered with OpenTelemetry, it would be taken for somebody else's manager.
    baseContext()
    slot.storage = storage
  }
  slot.storage ??= baseContext()
  return slot.storage
}

/**
 * Makes `storage` the one in force, also for OpenTelemetry where the one before is registered there. The returned
 * function puts back the one before.
 */
export function replaceContext(storage: ContextStorage): () => void {
  const before = installContext()
  exchange(before, storage)
  return () => {
    if (slot.storage === storage) exchange(storage, before)
  }
}

function exchange(from: ContextStorage, to: ContextStorage): void {
  slot.storage = to
  const api = apiGlobal()
  if (api?.context === from) api.context = to
}

/** What `installContext` uses where it is given none; what a bridge stands on. */
export function baseContext(): ContextStorage {
  slot.base ??= slot.storage ?? adopted() ?? new AsyncContextStorage()
  return slot.base
}

/**
 * Finds the context storage to use where nothing of ours will make a span: the one installed before, or a context manager
 * that somebody registered; makes none. An AsyncLocalStorage that was entered once costs every promise and tick from then
 * on, 2 µs a request.
 */
export function adoptContext(): ContextStorage | undefined {
  slot.storage ??= adopted()
  return slot.storage
}

/** The context that is active here; the root where none is, also before `installContext`. */
export function activeContext(): Context {
  return slot.storage === undefined ? ROOT_CONTEXT : slot.storage.active()
}

/** Ids and flags of the span that is active here, also when it is not sampled. */
export function activeSpanContext(): SpanContext | undefined {
  if (slot.storage === undefined) return undefined
  return (slot.storage.active().getValue(SPAN_KEY) as Span | undefined)?.spanContext()
}

/** The span that is active here; `undefined` where none is. */
export function activeSpan(): Span | undefined {
  return slot.storage?.active().getValue(SPAN_KEY) as Span | undefined
}

/** `parent` with `span` as its active span. What `parent` held of other spans is let go. */
export function contextWithSpan(parent: Context, span: Span): Context {
  return new ScopeContext(span, (parent as Partial<ScopeContext>).rest ?? withoutSpan(parent))
}

/** Found by asking, not by name: it is the key under which every copy of the OpenTelemetry API keeps the span. */
const SPAN_KEY: symbol = findSpanKey()

function findSpanKey(): symbol {
  let found: symbol | undefined
  const spy: Context = {
    getValue: (key) => {
      found = key
      return undefined
    },
    setValue: () => spy,
    deleteValue: () => spy,
  }
  trace.getSpan(spy)
  return found ?? createContextKey('OpenTelemetry Context Key SPAN')
}

function withoutSpan(context: Context): Context {
  return context.getValue(SPAN_KEY) === undefined ? context : context.deleteValue(SPAN_KEY)
}

/**
 * A context whose span stands in a field of its own. Setting a span on the API's own context copies a Map; this
 * allocates one object, and a chain of a million child spans stays one object deep.
 */
class ScopeContext implements Context {
  readonly span: Span | undefined
  readonly rest: Context

  constructor(span: Span | undefined, rest: Context) {
    this.span = span
    this.rest = rest
  }

  getValue(key: symbol): unknown {
    return key === SPAN_KEY ? this.span : this.rest.getValue(key)
  }

  setValue(key: symbol, value: unknown): Context {
    if (key === SPAN_KEY) return new ScopeContext(value as Span, this.rest)
    return new ScopeContext(this.span, this.rest.setValue(key, value))
  }

  deleteValue(key: symbol): Context {
    if (key === SPAN_KEY) return this.rest
    return new ScopeContext(this.span, this.rest.deleteValue(key))
  }
}

/** What every storage of ours has in common: all ways to call something come down to `run`. */
export abstract class OwnStorage implements ContextStorage {
  abstract active(): Context

  abstract run<T>(context: Context, fn: () => T): T

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.run(context, () => fn.apply(thisArg, args))
  }

  bind<T>(context: Context, target: T): T {
    return bindTo(this, context, target)
  }

  enable(): this {
    return this
  }

  abstract disable(): this
}

class AsyncContextStorage extends OwnStorage {
  readonly #store = new AsyncLocalStorage<Context>()

  active(): Context {
    return this.#store.getStore() ?? ROOT_CONTEXT
  }

  run<T>(context: Context, fn: () => T): T {
    return this.#store.run(context, fn)
  }

  disable(): this {
    this.#store.disable()
    return this
  }
}

/** Somebody else's context manager, behind our interface. */
class AdoptedStorage implements ContextStorage {
  readonly #manager: ContextManager

  constructor(manager: ContextManager) {
    this.#manager = manager
  }

  active(): Context {
    return this.#manager.active()
  }

  run<T>(context: Context, fn: () => T): T {
    return this.#manager.with(context, fn)
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#manager.with(context, fn, thisArg, ...args)
  }

  bind<T>(context: Context, target: T): T {
    return this.#manager.bind(context, target)
  }

  enable(): this {
    return this
  }

  disable(): this {
    return this
  }
}

/** Taken from the shared global object itself: the API's own getter hides it from a copy of another version. */
function adopted(): ContextStorage | undefined {
  const manager = apiGlobal()?.context
  return manager === undefined ? undefined : new AdoptedStorage(manager)
}

function bindTo<T>(storage: ContextStorage, context: Context, target: T): T {
  if (typeof target === 'function') {
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return storage.run(context, () => target.apply(this, args))
    }
    Object.defineProperty(bound, 'length', { value: target.length })
    return bound as T
  }
  if (isEmitter(target)) {
    const emit = target.emit
    target.emit = function (this: EventEmitter, ...args: Parameters<typeof emit>): boolean {
      return storage.run(context, () => emit.apply(this, args))
    }
  }
  return target
}

function isEmitter(value: unknown): value is EventEmitter {
  return typeof value === 'object' && value !== null && typeof (value as EventEmitter).emit === 'function'
}
