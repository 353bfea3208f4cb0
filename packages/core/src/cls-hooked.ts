/**
 * For apps that keep their context in cls-hooked: `createClsStorage` carries ours in it, `bridgeToCls` shows the trace ids
 * in it. Neither imports cls-hooked: both work on the namespace that the app hands over.
 *
 * Invariant: what the app sets in its namespace is kept as if we were not there, within a span and after it, and what it
 * throws stays as it is. So `ns.run` and `ns.bind` are never called: they write on what is thrown, and turn a thrown string
 * or a frozen error into a TypeError.
 */
import { type Context, isSpanContextValid, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { baseContext, type ContextStorage, OwnStorage } from './context.ts'
import { rejectOption, rejectUnknownKeys } from './options.ts'

export type { ContextStorage } from './context.ts'

/** What is used of a namespace of cls-hooked 4, or of continuation-local-storage, whose namespaces are alike. */
export interface ClsNamespace {
  readonly active: unknown
  enter(context: object): void
  exit(context: object): void
}

/** The keys under which the ids stand in the namespace. */
export interface ClsNames {
  /** 32 hex digits. @default `traceId` */
  traceId?: string
  /** 16 hex digits. @default `spanId` */
  spanId?: string
  /** `01` where the trace is sampled, else `00`. @default not shown */
  traceFlags?: string
}

/**
 * A context storage that goes where `namespace` goes, through all that `ns.bind` and `ns.bindEmitter` bind as well. On the
 * namespace that the app uses, or on one of its own. It costs more than the default (bench/README.md), so it is for
 * apps whose pools and queues are taught cls-hooked; where only the ids are wanted, take `bridgeToCls`.
 *
 * Throws `TRI_ERR_OPTION` for what is no namespace. One that throws while serving costs the context, not the request.
 */
export function createClsStorage(namespace: ClsNamespace): ContextStorage {
  return new ClsStorage(namespace)
}

/**
 * The default context storage, with the ids of the active span shown in `namespace`: `ns.get('traceId')`. Where no span is
 * active they are `undefined`. The names belong to the bridge: what the app sets under them within a span is not seen there.
 *
 * Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. A namespace that throws while serving costs the ids, nothing else.
 */
export function bridgeToCls(namespace: ClsNamespace, names: ClsNames = {}): ContextStorage {
  rejectUnknownKeys('names', names, ['traceId', 'spanId', 'traceFlags'])
  for (const [key, name] of Object.entries(names)) {
    if (name !== undefined && (typeof name !== 'string' || name === '')) {
      rejectOption(`names.${key}`, 'some text', name)
    }
  }
  return new BridgedStorage(namespace, names)
}

class ClsStorage extends OwnStorage {
  onFailure: ContextStorage['onFailure'] = undefined
  readonly #layers: ClsLayers
  #key = Symbol('triscope.context')

  constructor(namespace: ClsNamespace) {
    super()
    this.#layers = new ClsLayers(namespace)
  }

  active(): Context {
    try {
      return (this.#layers.get(this.#key) as Context | undefined) ?? ROOT_CONTEXT
    } catch (error) {
      this.onFailure?.(error)
      return ROOT_CONTEXT
    }
  }

  run<T>(context: Context, fn: () => T): T {
    return this.#layers.run(() => ({ [this.#key]: context }), fn, this)
  }

  /** Forgets every context that was entered; it can be used again, as an AsyncLocalStorage can. */
  disable(): this {
    this.#key = Symbol('triscope.context')
    return this
  }
}

class BridgedStorage extends OwnStorage {
  onFailure: ContextStorage['onFailure'] = undefined
  readonly #layers: ClsLayers
  readonly #names: { traceId: string; spanId: string; traceFlags: string | undefined }

  constructor(namespace: ClsNamespace, { traceId = 'traceId', spanId = 'spanId', traceFlags }: ClsNames) {
    super()
    this.#layers = new ClsLayers(namespace)
    this.#names = { traceId, spanId, traceFlags }
  }

  active(): Context {
    return baseContext().active()
  }

  run<T>(context: Context, fn: () => T): T {
    return baseContext().run(context, () => this.#layers.run(() => this.#idsOf(context), fn, this))
  }

  disable(): this {
    baseContext().disable()
    return this
  }

  #idsOf(context: Context): Layer {
    const { traceId, spanId, traceFlags } = this.#names
    const found = trace.getSpanContext(context)
    const ids = found !== undefined && isSpanContextValid(found) ? found : undefined
    const layer: Layer = { [traceId]: ids?.traceId, [spanId]: ids?.spanId }
    // As on log lines: two hex digits.
    if (traceFlags !== undefined) layer[traceFlags] = ids?.traceFlags.toString(16).padStart(2, '0')
    return layer
  }
}

type Layer = Record<PropertyKey, unknown>

/**
 * Values that lie over the context of a namespace for the time of a call, and of all that it starts. What is not among them
 * is read and written below, in the context of the app. A layer lies on a context of the app and never on another layer, so a
 * chain of a million spans is one layer deep.
 */
class ClsLayers {
  readonly #namespace: ClsNamespace
  /** For each layer of ours what lies below it. */
  readonly #below = new WeakMap<object, object>()

  constructor(namespace: ClsNamespace) {
    if (!isNamespace(namespace)) {
      rejectOption(
        'namespace',
        'a namespace of cls-hooked',
        namespace,
        'createNamespace(name) makes it; getNamespace(name) finds it only after that',
      )
    }
    this.#namespace = namespace
  }

  get(key: PropertyKey): unknown {
    return (this.#namespace.active as Layer | null | undefined)?.[key]
  }

  /** Calls `fn` once, whatever the namespace does. */
  run<T>(values: () => Layer, fn: () => T, { onFailure }: Pick<ContextStorage, 'onFailure'>): T {
    let layer: object | undefined
    try {
      const next = this.#over(values())
      this.#namespace.enter(next)
      layer = next
    } catch (error) {
      onFailure?.(error)
    }
    if (layer === undefined) return fn()
    try {
      return fn()
    } finally {
      this.#exit(layer, onFailure)
    }
  }

  #exit(layer: object, onFailure: ContextStorage['onFailure']): void {
    try {
      this.#namespace.exit(layer)
    } catch (error) {
      onFailure?.(error)
    }
  }

  #over(values: Layer): object {
    const { active } = this.#namespace
    const context = typeof active === 'object' && active !== null ? active : {}
    const below = this.#below.get(context) ?? context
    // A proxy may not hide a value that is fixed for good, so there the layer lies on an empty context before it.
    const isFixed = Reflect.ownKeys(values).some(
      (key) => Object.getOwnPropertyDescriptor(below, key)?.configurable === false,
    )
    const layer = new Proxy(isFixed ? (Object.create(below) as object) : below, {
      get: (target, key, receiver) =>
        Object.hasOwn(values, key) ? values[key] : Reflect.get(target, key, receiver),
    })
    this.#below.set(layer, below)
    return layer
  }
}

function isNamespace(value: unknown): value is ClsNamespace {
  if (typeof value !== 'object' || value === null) return false
  const { enter, exit } = value as Partial<ClsNamespace>
  return typeof enter === 'function' && typeof exit === 'function'
}
