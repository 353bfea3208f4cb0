/**
 * Attributes as the bytes they had the last time: the spans of one server say the same over and over, the method, the
 * route, the host, the peer.
 *
 * Invariant: bounded in keys and in bytes, and what comes out is what encoding anew would give.
 */
import { ProtobufWriter } from '@triscope/delivery'

/** Names of attributes belong to code; further ones are encoded each time. */
const MAX_KEYS = 256
const MAX_KEY_LENGTH = 64
/** A longer value is hardly the same twice. */
const MAX_VALUE_LENGTH = 128
/** A key whose values kept changing this much more often than not is no longer remembered. */
const PATIENCE = 16

/** What is known of one key. */
export interface RememberedKey {
  /** The field `KeyValue.key`, tag and length included. */
  readonly key: Uint8Array
  value: unknown
  /** The content of the whole `KeyValue` with `value`; `undefined` where it is not known. */
  bytes: Uint8Array | undefined
  /** Falls with each change of the value, rises with each repetition. */
  patience: number
}

export class AttributeMemory {
  readonly #keys = new Map<string, RememberedKey>()
  readonly #writer = new ProtobufWriter({ slabBytes: 4_096 })

  /** `undefined` where there are too many keys already, or this one is too long. */
  of(key: string): RememberedKey | undefined {
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    if (this.#keys.size >= MAX_KEYS || key.length > MAX_KEY_LENGTH) return undefined
    this.#writer.string(1, key)
    const made = {
      key: this.#writer.finish().slice(),
      value: undefined,
      bytes: undefined,
      patience: PATIENCE,
    }
    this.#keys.set(key, made)
    return made
  }
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
