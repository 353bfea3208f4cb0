/**
 * What is known of attributes from the last time: the spans of one server say the same over and over, the method, the
 * route, the host, the peer. A value that is said again needs neither be searched for secrets nor encoded anew.
 *
 * Invariant: bounded in keys and in bytes, no secret is kept, and what comes out is what doing it anew would give.
 */
import { ProtobufWriter } from '@triscope/delivery'

/** Names of attributes belong to code; further ones are seen to each time. */
const MAX_KEYS = 256
const MAX_KEY_LENGTH = 64
/** A longer value is hardly the same twice. */
const MAX_VALUE_LENGTH = 128
/** A key whose values kept changing this much more often than not has no bytes kept any more. */
const PATIENCE = 16

/** What is known of one key. Stands for the key in a list of attributes, so that it is looked up once. */
export class RememberedKey {
  readonly name: string
  /** The field `KeyValue.key`, tag and length included. */
  readonly encoded: Uint8Array
  /** The last short value that may be recorded just as it is; `undefined` where there was none. */
  harmless: unknown = undefined
  /** The value that `bytes` stand for. */
  value: unknown = undefined
  /** The whole attribute of a span with `value`, tag and length included; `undefined` where it is not known. */
  bytes: Uint8Array | undefined = undefined
  /** Falls with each change of the value, rises with each repetition. */
  patience: number = PATIENCE

  constructor(name: string, encoded: Uint8Array) {
    this.name = name
    this.encoded = encoded
  }
}

export class AttributeMemory {
  readonly #keys = new Map<string, RememberedKey>()
  readonly #writer = new ProtobufWriter({ slabBytes: 256 })

  /** `undefined` where there are too many keys already, or this one is too long; of one key it is always the same. */
  of(key: string): RememberedKey | undefined {
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    if (this.#keys.size >= MAX_KEYS || key.length > MAX_KEY_LENGTH) return undefined
    this.#writer.string(1, key)
    const made = new RememberedKey(key, this.#writer.finish().slice())
    this.#keys.set(key, made)
    return made
  }
}

/** Keeps a value that nothing had to be taken from. */
export function rememberHarmless(known: RememberedKey, value: unknown): void {
  if (typeof value !== 'string' || value.length <= MAX_VALUE_LENGTH) known.harmless = value
}

/** Whether `bytes` of `known` stand for `value`; counts it. */
export function repeats(known: RememberedKey, value: unknown): boolean {
  if (known.bytes === undefined || known.value !== value) return false
  if (known.patience < PATIENCE) known.patience++
  return true
}

/** Whether `value` is worth remembering: a scalar that is short, of a key that has not changed all the time. */
export function isWorth(known: RememberedKey, value: unknown): boolean {
  if (known.patience <= 0) return false
  known.patience--
  if (typeof value === 'string') return value.length <= MAX_VALUE_LENGTH
  // Minus zero equals zero, and is written otherwise.
  return typeof value === 'boolean' || (typeof value === 'number' && value > 0)
}
