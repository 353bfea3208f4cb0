/**
 * What the two encodings of Thrift have in common: memory that grows, and the calls that a model is written with.
 *
 * Invariant: structs that were finished apart can be put into another message as they are: no encoding carries
 * anything across the border of a struct.
 */

/** Writes one struct or message; fields in the order of their numbers. */
export interface ThriftWriter {
  /** A call that nobody answers. */
  onewayMessage(name: string): void
  bool(field: number, value: boolean): void
  i32(field: number, value: number): void
  i64(field: number, value: bigint): void
  double(field: number, value: number): void
  string(field: number, value: string): void
  binary(field: number, value: Uint8Array): void
  /** Begins a struct as a field; `end` ends it. */
  struct(field: number): void
  /** Begins a list of so many structs as a field; each follows between `element` and `end`, or finished before. */
  structs(field: number, count: number): void
  element(): void
  end(): void
  /** A whole struct that was finished before, as a field. */
  finishedStruct(field: number, struct: Uint8Array): void
  /** A whole struct that was finished before, as an element of a list. */
  finishedElement(struct: Uint8Array): void
  /** What was written, as bytes of its own; the writer begins anew. */
  finish(): Uint8Array
}

const FIRST_BYTES = 4_096

/** Bytes that are appended. */
export class GrowingBytes {
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES)
  #at = 0

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
  }

  i16BE(value: number): void {
    this.#reserve(2)
    this.#at = this.#bytes.writeInt16BE(value, this.#at)
  }

  i32BE(value: number): void {
    this.#reserve(4)
    this.#at = this.#bytes.writeInt32BE(value, this.#at)
  }

  i64BE(value: bigint): void {
    this.#reserve(8)
    this.#at = this.#bytes.writeBigInt64BE(BigInt.asIntN(64, value), this.#at)
  }

  doubleBE(value: number): void {
    this.#reserve(8)
    this.#at = this.#bytes.writeDoubleBE(value, this.#at)
  }

  doubleLE(value: number): void {
    this.#reserve(8)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
  }

  take(): Uint8Array {
    const taken = Uint8Array.prototype.slice.call(this.#bytes, 0, this.#at)
    this.#at = 0
    return taken
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#at + more, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = grown
  }
}
