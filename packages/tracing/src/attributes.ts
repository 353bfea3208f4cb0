/**
 * Attributes of a span: a flat list in which the last value of a key wins, and what may stand in it.
 *
 * Invariant: a value in the list is a string, a number, a boolean or our own copy of an array of one of them, so
 * encoding it runs no code of the app. What the app's getters and proxies throw never leaves this file.
 */
import type { Attributes, AttributeValue } from '@opentelemetry/api'
import { isSecretError, type Redaction } from '@triscope/core'
import { type AttributeMemory, type RememberedKey, rememberHarmless } from './attribute-memory.ts'

/** How much one span, event or link may hold. */
export interface AttributeLimits {
  readonly attributes: number
  readonly attributeLength: number
  readonly arrayLength: number
  /** What must not be recorded; it sees a value before that is cut, so that no secret is cut out of its form. */
  readonly redaction: Redaction
  /** What is known of keys and values that were recorded before, under these limits. */
  readonly memory: AttributeMemory
}

/** Characters that the texts of one list may have together: a span must not hold what no backend takes. */
const MAX_LIST_CHARACTERS = 1_048_576

/** Hears of each value that is not an attribute value: it is left out. */
export type OnInvalid = () => void

/** Up to here a scan over neighbouring keys is faster than a hash of each. */
const SCANNED = 32

/** A key that may come again, or the name of one that is not remembered. */
export type AttributeKey = RememberedKey | string

export class AttributeList {
  /** Keys and values in turn. One memory made all the keys, so the same name is the same key. */
  readonly pairs: (AttributeKey | AttributeValue)[] = []
  /** How many new keys came after the limit was reached. */
  dropped = 0
  #index: Map<AttributeKey, number> | undefined

  /** Sets `key`, or drops it: as invalid, or as one too many. `null` and `undefined` set nothing. */
  set(key: string, value: unknown, limits: AttributeLimits, onInvalid: OnInvalid): void {
    if (value === undefined || value === null) return
    if (typeof key !== 'string' || key === '') {
      onInvalid()
      return
    }
    const known = limits.memory.of(key)
    let clean: AttributeValue | undefined
    if (known !== undefined && known.harmless === value) clean = value as AttributeValue
    else {
      clean = cleanValue(limits.redaction.attribute(key, value), limits, onInvalid)
      if (clean === undefined) {
        onInvalid()
        return
      }
      if (known !== undefined && clean === value) rememberHarmless(known, clean)
    }
    const name = known ?? key
    const at = this.#find(name)
    if (at >= 0) this.pairs[at + 1] = clean
    else if (this.pairs.length >= 2 * limits.attributes) this.dropped++
    else this.#append(name, clean)
  }

  /** Sets all own keys; one getter that throws costs its own key only. */
  setAll(attributes: Attributes, limits: AttributeLimits, onInvalid: OnInvalid): void {
    if (typeof attributes !== 'object' || attributes === null) return
    try {
      // `Object.keys` would cost an array, 72 bytes for three keys, and 20 ns.
      for (const key in attributes) {
        if (Object.hasOwn(attributes, key))
          this.set(key, readOf(attributes, key, onInvalid), limits, onInvalid)
      }
    } catch (error) {
      // What a strict policy throws is for the app. All else is a proxy that refuses: one value that cannot be had.
      if (isSecretError(error)) throw error
      onInvalid()
    }
  }

  /** The list as the object that OpenTelemetry's interfaces show. */
  toObject(): Attributes {
    const object: Attributes = {}
    for (let i = 0; i < this.pairs.length; i += 2) {
      put(object, nameOf(this.pairs[i] as AttributeKey), this.pairs[i + 1] as AttributeValue)
    }
    return object
  }

  #append(key: AttributeKey, value: AttributeValue): void {
    this.#index?.set(key, this.pairs.length)
    this.pairs.push(key, value)
  }

  #find(key: AttributeKey): number {
    const { pairs } = this
    if (pairs.length <= 2 * SCANNED) {
      for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === key) return i
      return -1
    }
    if (this.#index === undefined) {
      this.#index = new Map()
      for (let i = 0; i < pairs.length; i += 2) this.#index.set(pairs[i] as AttributeKey, i)
    }
    return this.#index.get(key) ?? -1
  }
}

function nameOf(key: AttributeKey): string {
  return typeof key === 'string' ? key : key.name
}

/** A clean copy for an event or a link, and how many keys were too many. */
export function cleanAttributes(
  attributes: Attributes | undefined,
  limits: AttributeLimits,
  onInvalid: OnInvalid,
): { attributes: Attributes; dropped: number } {
  if (attributes === undefined || attributes === null) return { attributes: {}, dropped: 0 }
  const list = new AttributeList()
  list.setAll(attributes, limits, onInvalid)
  return { attributes: list.toObject(), dropped: list.dropped }
}

/** `undefined` where the app's getter throws. */
function readOf(attributes: Attributes, key: string, onInvalid: OnInvalid): unknown {
  try {
    return attributes[key]
  } catch {
    // Counted, as every value that cannot be had.
    onInvalid()
    return undefined
  }
}

/** The value where it is one that OpenTelemetry allows, cut to the limits; otherwise `undefined`. */
function cleanValue(
  value: unknown,
  limits: AttributeLimits,
  onInvalid: OnInvalid,
): AttributeValue | undefined {
  switch (typeof value) {
    case 'string':
      return value.length > limits.attributeLength ? cut(value, limits.attributeLength) : value
    case 'number':
    case 'boolean':
      return value
    case 'object':
      return cleanArray(value, limits, onInvalid)
    default:
      return undefined
  }
}

/** One kind of scalar throughout; `null` and `undefined` keep their places (OpenTelemetry specification, "Attribute"). */
function cleanArray(
  value: unknown,
  limits: AttributeLimits,
  onInvalid: OnInvalid,
): AttributeValue | undefined {
  try {
    if (!Array.isArray(value)) return undefined
    const maxLength = limits.attributeLength
    const copy: (string | number | boolean | null)[] = []
    let kind: string | undefined
    let characters = 0
    for (let i = 0; i < value.length; i++) {
      if (i >= limits.arrayLength || characters >= MAX_LIST_CHARACTERS) {
        onInvalid()
        break
      }
      const item: unknown = value[i]
      if (item === undefined || item === null) {
        copy.push(null)
        continue
      }
      kind ??= typeof item
      if (typeof item !== kind) return undefined
      if (typeof item === 'string') {
        const text = item.length > maxLength ? cut(item, maxLength) : item
        characters += text.length
        copy.push(text)
      } else if (typeof item === 'number' || typeof item === 'boolean') copy.push(item)
      else return undefined
    }
    return copy as AttributeValue
  } catch {
    // A proxy or getter inside the array threw: the caller counts the value as invalid.
    return undefined
  }
}

/** Cut between characters: half a surrogate pair would come out as U+FFFD. */
function cut(text: string, length: number): string {
  const code = length > 0 ? text.charCodeAt(length - 1) : 0
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? length - 1 : length)
}

/** Assigning to `__proto__` would change the object instead of its keys. */
function put(object: Attributes, key: string, value: AttributeValue): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
}
