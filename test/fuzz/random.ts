/** Random choices from a seed, so that a run can be seen again, and what this run was asked to do. */

/** What `npm run fuzz` was told; what CI asks for where it was told nothing. */
export const fuzz: { readonly seconds: number; readonly seed: number; readonly calls: number } = {
  seconds: Number(process.env['FUZZ_SECONDS'] ?? 5),
  seed: Number(process.env['FUZZ_SEED'] ?? 1),
  calls: Number(process.env['FUZZ_CALLS'] ?? 100_000),
}

/** Choices that are the same for the same seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from 0, below `end`. Mulberry32: 32 bits of state, which is enough to choose with. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end)
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }

  /** Any code units, lone surrogates among them; now and then printable ASCII alone. */
  text(maxLength: number): string {
    const end = this.of([0x80, 0x100, 0x1_0000])
    return Array.from({ length: this.below(maxLength) }, () => String.fromCharCode(this.below(end))).join('')
  }

  bytes(maxLength: number): Uint8Array {
    return Uint8Array.from({ length: this.below(maxLength) }, () => this.below(256))
  }

  /** Near to a grammar: pieces of it put together in any order, then broken in some places. */
  near(pieces: readonly string[]): string {
    let text = ''
    for (let count = this.below(24); count >= 0; count--) {
      text += this.below(8) === 0 ? this.text(6) : this.of(pieces)
    }
    for (let breaks = this.below(4); breaks > 0; breaks--) {
      const at = this.below(text.length + 1)
      text = text.slice(0, at) + this.of(['', this.text(3)]) + text.slice(at + this.below(3))
    }
    return text
  }

  /** As `near`, for bytes. */
  nearBytes(pieces: readonly Uint8Array[]): Uint8Array {
    const parts: Uint8Array[] = []
    for (let count = this.below(12); count >= 0; count--) {
      parts.push(this.below(4) === 0 ? this.bytes(8) : this.of(pieces))
    }
    const bytes = new Uint8Array(Buffer.concat(parts))
    for (let breaks = this.below(4); breaks > 0 && bytes.length > 0; breaks--) {
      bytes[this.below(bytes.length)] = this.below(256)
    }
    return bytes.subarray(0, bytes.length - this.below(3))
  }
}
