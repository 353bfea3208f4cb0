/**
 * A value, however it is nested, without its secrets.
 *
 * Invariant: what is returned is the given value itself where nothing in it is secret, else a copy; the app's value is
 * never written to. Depth, keys and text are bounded. What a getter, a proxy or a `toJSON` throws stays here.
 */
import { errorClassOf } from './error-facts.ts'
import type { SecretKeys } from './redaction-keys.ts'
import { isSecretPlace, type Places, under } from './redaction-path.ts'
import type { SecretText } from './redaction-text.ts'

/** What a walk goes by. */
export interface WalkRules {
  readonly keys: SecretKeys
  readonly text: SecretText
  readonly places: Places | undefined
  readonly replacement: string
  /** Hears of each secret before it is replaced; what it throws ends the walk, and is thrown on. */
  readonly found: (what: string) => void
}

/** Deeper than this nothing that a person reads is left; the value is replaced as a whole. */
const MAX_DEPTH = 12
/** Keys looked at in one value; beyond, what is left is replaced. */
const MAX_KEYS = 5_000
/** Where a secret stands beside its name instead of under it: HAR, form fields, lists of headers. */
const NAME_KEYS: readonly string[] = ['name', 'key', 'header', 'field']

/** @param key the name that `value` stands under; `undefined` where it is the root itself */
export function cleanField(key: string | undefined, value: unknown, rules: WalkRules): unknown {
  const places = key === undefined ? rules.places : under(rules.places, key)
  if (key !== undefined && isSecret(key, undefined, value, places, rules)) return rules.replacement
  switch (typeof value) {
    case 'string':
      return rules.text.clean(value)
    case 'number':
    case 'bigint':
      return cleanNumber(value, rules)
    case 'object':
      if (value === null) return value
      return new Walk(rules).value(value, key, 0, places)
    default:
      return value
  }
}

type ToJson = (this: object, key: string) => unknown

/** What `found` threw must come out of the fences of this file. */
class Refusal {
  readonly reason: unknown

  constructor(reason: unknown) {
    this.reason = reason
  }
}

function isSecret(
  key: string,
  parent: string | undefined,
  value: unknown,
  places: Places | undefined,
  rules: WalkRules,
): boolean {
  if (!rules.keys.has(key, parent) && !isSecretPlace(places)) return false
  if (isEmpty(value) || value === rules.replacement) return false
  rules.found(`the value under "${key.slice(0, 100)}"`)
  return true
}

/** Nothing is hidden where nothing is: `token: undefined` tells a reader more than a mask would. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

/** Cards begin at 13 digits; no smaller number is looked at. */
function cleanNumber(value: number | bigint, rules: WalkRules): unknown {
  if (value < 1_000_000_000_000 || !rules.text.isCard(value)) return value
  rules.found('a card number')
  return rules.replacement
}

class Walk {
  readonly #rules: WalkRules
  readonly #ancestors: object[] = []
  #keys = 0

  constructor(rules: WalkRules) {
    this.#rules = rules
  }

  value(value: object, key: string | undefined, depth: number, places: Places | undefined): unknown {
    try {
      return this.#object(value, key, depth, places)
    } catch (error) {
      if (error instanceof Refusal) throw error.reason
      return '[unreadable]'
    }
  }

  #any(value: unknown, key: string, depth: number, places: Places | undefined): unknown {
    switch (typeof value) {
      case 'string':
        return this.#refusable(() => this.#rules.text.clean(value))
      case 'number':
      case 'bigint':
        return this.#refusable(() => cleanNumber(value, this.#rules))
      case 'object':
        if (value === null) return value
        try {
          return this.#object(value, key, depth, places)
        } catch (error) {
          if (error instanceof Refusal) throw error
          // A getter or a proxy that throws must not reach the app, nor take the rest of the line with it.
          return '[unreadable]'
        }
      default:
        return value
    }
  }

  #refusable<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw new Refusal(error)
    }
  }

  #object(value: object, key: string | undefined, depth: number, places: Places | undefined): unknown {
    if (depth > MAX_DEPTH) return '[too deep]'
    if (this.#ancestors.includes(value)) return '[circular]'
    this.#ancestors.push(value)
    try {
      if (Array.isArray(value)) return this.#array(value, key, depth, places)
      const prototype: unknown = Object.getPrototypeOf(value)
      const { toJSON } = value as { toJSON?: unknown }
      if (typeof toJSON === 'function') return this.#json(value, toJSON as ToJson, key, depth, places)
      if (prototype === Object.prototype || prototype === null)
        return this.#members(value, key, depth, places)
      return this.#instance(value, key, depth, places)
    } finally {
      this.#ancestors.pop()
    }
  }

  /** What JSON would show instead; a date stays one. */
  #json(
    value: object,
    toJSON: ToJson,
    key: string | undefined,
    depth: number,
    places: Places | undefined,
  ): unknown {
    if (value instanceof Date) return value
    if (ArrayBuffer.isView(value)) return bytesOf(value)
    const shown = toJSON.call(value, '')
    // One that returns itself, or another of its kind, would be asked for ever.
    if (typeof shown === 'object' && shown !== null && shown !== value) {
      return this.#any(shown, key ?? '', depth + 1, places)
    }
    if (shown !== value) return this.#any(shown, '', depth, undefined)
    const own = { ...value }
    Reflect.deleteProperty(own, 'toJSON')
    return this.#members(own, key, depth, places)
  }

  #instance(value: object, key: string | undefined, depth: number, places: Places | undefined): unknown {
    if (ArrayBuffer.isView(value)) return bytesOf(value)
    if (isError(value)) return this.#members(errorMembers(value), key, depth, places)
    if (value instanceof Number || value instanceof String || value instanceof Boolean) {
      return this.#any(value.valueOf(), '', depth, undefined)
    }
    return this.#members(value, key, depth, places)
  }

  #array(
    value: readonly unknown[],
    key: string | undefined,
    depth: number,
    places: Places | undefined,
  ): unknown {
    const { keys, replacement } = this.#rules
    let copy: unknown[] | undefined
    let isNamed = false
    for (let i = 0; i < value.length; i++) {
      if (++this.#keys > MAX_KEYS) return [...(copy ?? value.slice(0, i)), '[too large]']
      const item = value[i]
      let clean: unknown
      if (isNamed && !isEmpty(item)) {
        // `rawHeaders`: names and values in turn.
        this.#found('the value beside a secret name')
        clean = replacement
        isNamed = false
      } else {
        isNamed = typeof item === 'string' && i + 1 < value.length && keys.has(item)
        const at = under(places, String(i))
        clean = isSecretPlace(at) && !isEmpty(item) ? replacement : this.#any(item, key ?? '', depth + 1, at)
      }
      if (clean !== item) copy ??= value.slice(0, i)
      if (copy !== undefined) copy[i] = clean
    }
    return copy ?? value
  }

  #members(value: object, parent: string | undefined, depth: number, places: Places | undefined): unknown {
    const rules = this.#rules
    let copy: Record<string, unknown> | undefined
    const names = Object.keys(value)
    const isNamed = names.length <= 8 && names.includes('value') && this.#namesSecret(value)
    for (const key of names) {
      if (++this.#keys > MAX_KEYS) return '[too large]'
      const item = (value as Record<string, unknown>)[key]
      const at = under(places, key)
      const isHidden =
        this.#refusable(() => isSecret(key, parent, item, at, rules)) ||
        (isNamed && key === 'value' && !isEmpty(item))
      const clean = isHidden ? rules.replacement : this.#any(item, key, depth + 1, at)
      if (clean === item) continue
      copy ??= { ...value }
      // Defined, not assigned: a key called `__proto__` stays a key.
      Object.defineProperty(copy, key, { value: clean, writable: true, enumerable: true, configurable: true })
    }
    return copy ?? value
  }

  /** `{ name: 'authorization', value: '…' }`. */
  #namesSecret(value: object): boolean {
    for (const key of NAME_KEYS) {
      const name = (value as Record<string, unknown>)[key]
      if (typeof name === 'string' && this.#rules.keys.has(name)) {
        this.#found('the value beside a secret name')
        return true
      }
    }
    return false
  }

  #found(what: string): void {
    this.#refusable(() => this.#rules.found(what))
  }
}

function isError(value: object): boolean {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
}

/** What JSON would not show of an error, and then what else it carries. */
function errorMembers(error: object): object {
  const { message, stack, cause, errors } = error as Partial<AggregateError>
  return {
    type: errorClassOf(error),
    message,
    stack,
    ...(cause === undefined ? {} : { cause }),
    ...(Array.isArray(errors) ? { errors } : {}),
    ...error,
  }
}

/** Bytes may be anything, also a secret; JSON would write each as a number. */
function bytesOf(view: ArrayBufferView): string {
  return `[${view.byteLength} bytes]`
}
