/**
 * The messages and jobs that a trace travels in: whatever their library keeps headers in, read and written alike.
 *
 * Invariant: names are found in any case; a value that is bytes is text; a carrier that throws carries nothing.
 */
import type { TextMapGetter, TextMapSetter } from '@opentelemetry/api'
import { textsOf } from './header-source.ts'
import { MAX_SEARCHED_KEYS } from './propagation-format.ts'

/** Has `get` and `set`: a `Map`, `Headers` of fetch, the headers of NATS. */
export interface CarrierMap {
  get(name: string): unknown
  set(name: string, value: string): unknown
  keys?(): Iterable<string>
  delete?(name: string): unknown
}

/**
 * Where the headers of a message are: a plain object, a `Map`, `Headers`, a list of name and value, or a list of objects
 * with one name each. Values may be texts, bytes (Kafka) or lists of these.
 */
export type Carrier = object

/** Reads names as they are spelt; the propagator looks in any case, and makes texts of what it finds. */
export const carrierGetter: TextMapGetter<unknown> = {
  get(carrier, name) {
    if (isCarrierMap(carrier)) return textsOf(carrier.get(name))
    if (Array.isArray(carrier)) return textsOf(valueIn(carrier, name))
    if (typeof carrier !== 'object' || carrier === null || !Object.hasOwn(carrier, name)) return undefined
    return textsOf((carrier as Record<string, unknown>)[name])
  },
  keys(carrier) {
    if (isCarrierMap(carrier)) return textsIn(carrier.keys?.() ?? [])
    if (Array.isArray(carrier)) return textsIn(carrier.map(nameOf))
    return typeof carrier === 'object' && carrier !== null ? Object.keys(carrier) : []
  },
}

/** Writes into it; what was there under the same name is replaced. */
export const carrierSetter: TextMapSetter<unknown> = {
  set(carrier, name, value) {
    if (isCarrierMap(carrier)) carrier.set(name, value)
    else if (Array.isArray(carrier)) setIn(carrier, name, value)
    else (carrier as Record<string, string>)[name] = value
  },
}

/** Takes a header out, as it is spelt. */
export function removeHeader(carrier: unknown, name: string): void {
  if (isCarrierMap(carrier)) carrier.delete?.(name)
  else if (Array.isArray(carrier)) {
    const at = carrier.findIndex((pair) => nameOf(pair).toLowerCase() === name)
    if (at >= 0) carrier.splice(at, 1)
  } else delete (carrier as Record<string, unknown>)[name]
}

function setIn(pairs: unknown[], name: string, value: string): void {
  const at = pairs.findIndex((pair) => nameOf(pair).toLowerCase() === name)
  // A list of objects goes on as one.
  const isOfObjects = pairs.length > 0 && !Array.isArray(pairs[0])
  const pair = isOfObjects ? { [name]: value } : [name, value]
  if (at < 0) pairs.push(pair)
  else pairs[at] = pair
}

/** The texts among the first ones. */
function textsIn(names: Iterable<unknown>): string[] {
  const texts: string[] = []
  for (const name of names) {
    if (typeof name === 'string') texts.push(name)
    if (texts.length > MAX_SEARCHED_KEYS) break
  }
  return texts
}

function isCarrierMap(carrier: unknown): carrier is CarrierMap {
  if (typeof carrier !== 'object' || carrier === null) return false
  const { get, set } = carrier as Record<string, unknown>
  return typeof get === 'function' && typeof set === 'function'
}

/** All values of that name: a header may stand twice. */
function valueIn(pairs: readonly unknown[], name: string): unknown {
  const found: unknown[] = []
  for (const pair of pairs.slice(0, MAX_SEARCHED_KEYS)) {
    if (nameOf(pair) !== name) continue
    const value = Array.isArray(pair) ? (pair[1] as unknown) : (pair as Record<string, unknown>)[name]
    if (Array.isArray(value)) found.push(...(value as unknown[]))
    else found.push(value)
  }
  return found.length > 1 ? found : found[0]
}

/** Of `[name, value]` or `{ [name]: value }`; `''` where it is neither. */
function nameOf(pair: unknown): string {
  if (typeof pair !== 'object' || pair === null) return ''
  const name: unknown = Array.isArray(pair) ? pair[0] : Object.keys(pair)[0]
  return typeof name === 'string' ? name : ''
}
