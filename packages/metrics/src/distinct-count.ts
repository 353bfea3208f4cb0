/**
 * How many different texts there were, about, in one kilobyte however many come.
 *
 * HyperLogLog over 1024 registers: the standard error is 1.04 / sqrt(1024), 3.3 %. Up to a few thousand, where the
 * limit on series lies, the empty registers are counted instead, which is nearer. Flajolet et al., "HyperLogLog", 2007.
 */

/** Bits of the hash that choose the register. */
const INDEX_BITS = 10
const REGISTERS = 1 << INDEX_BITS
/** Flajolet et al., figure 3: the bias of the mean, for 128 registers and more. */
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS)

/** One for each label of an instrument that overflowed. */
export class DistinctCount {
  readonly #registers = new Uint8Array(REGISTERS)

  /** Adding a text again changes nothing. */
  add(text: string): void {
    const hash = hashOf(text)
    const index = hash >>> (32 - INDEX_BITS)
    // The rest of the hash, with a bit below it, so that the rank ends there.
    const rank = Math.clz32((hash << INDEX_BITS) | (1 << (INDEX_BITS - 1))) + 1
    if (rank > (this.#registers[index] as number)) this.#registers[index] = rank
  }

  /** A whole number; 0 for nothing. */
  estimate(): number {
    let sum = 0
    let empty = 0
    for (const rank of this.#registers) {
      sum += 2 ** -rank
      if (rank === 0) empty++
    }
    const raw = (ALPHA * REGISTERS * REGISTERS) / sum
    const linear = raw <= 2.5 * REGISTERS && empty > 0 ? REGISTERS * Math.log(REGISTERS / empty) : raw
    return Math.round(linear)
  }
}

/** FNV-1a over UTF-16 units, then the finalizer of MurmurHash3, without which similar texts share their high bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
