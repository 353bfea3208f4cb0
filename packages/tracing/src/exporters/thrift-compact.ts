/**
 * Thrift's compact protocol: thrift-compact-protocol. Numbers are zigzag varints, and a field's number is told as the
 * distance from the one before.
 */
import { GrowingBytes, type ThriftWriter } from './thrift-writer.ts'

const STOP = 0
const TRUE = 1
const FALSE = 2
const I32 = 5
const I64 = 6
const DOUBLE = 7
const BINARY = 8
const LIST = 9
const STRUCT = 12

const PROTOCOL = 0x82
/** Version 1, and the type of a oneway message above it. */
const VERSION_AND_ONEWAY = (4 << 5) | 1

export class CompactThriftWriter implements ThriftWriter {
  readonly #bytes = new GrowingBytes()
  /** The number of the field before, for each struct that is open. */
  #last = [0]

  onewayMessage(name: string): void {
    this.#bytes.byte(PROTOCOL)
    this.#bytes.byte(VERSION_AND_ONEWAY)
    // Sequence number.
    this.#varint(0)
    this.#text(Buffer.from(name))
  }

  bool(field: number, value: boolean): void {
    this.#field(value ? TRUE : FALSE, field)
  }

  i32(field: number, value: number): void {
    this.#field(I32, field)
    this.#varint(((value << 1) ^ (value >> 31)) >>> 0)
  }

  i64(field: number, value: bigint): void {
    this.#field(I64, field)
    const signed = BigInt.asIntN(64, value)
    let rest = BigInt.asUintN(64, (signed << 1n) ^ (signed >> 63n))
    while (rest > 0x7fn) {
      this.#bytes.byte(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.#bytes.byte(Number(rest))
  }

  double(field: number, value: number): void {
    this.#field(DOUBLE, field)
    this.#bytes.doubleLE(value)
  }

  string(field: number, value: string): void {
    this.binary(field, Buffer.from(value))
  }

  binary(field: number, value: Uint8Array): void {
    this.#field(BINARY, field)
    this.#text(value)
  }

  struct(field: number): void {
    this.#field(STRUCT, field)
    this.#last.push(0)
  }

  structs(field: number, count: number): void {
    this.#field(LIST, field)
    if (count < 15) {
      this.#bytes.byte((count << 4) | STRUCT)
      return
    }
    this.#bytes.byte(0xf0 | STRUCT)
    this.#varint(count)
  }

  element(): void {
    this.#last.push(0)
  }

  end(): void {
    this.#bytes.byte(STOP)
    this.#last.pop()
  }

  finishedStruct(field: number, struct: Uint8Array): void {
    this.#field(STRUCT, field)
    this.#bytes.bytes(struct)
  }

  finishedElement(struct: Uint8Array): void {
    this.#bytes.bytes(struct)
  }

  finish(): Uint8Array {
    this.#last = [0]
    return this.#bytes.take()
  }

  /** Fields come in the order of their numbers, and those that are left out are few: the distance fits in four bits. */
  #field(type: number, field: number): void {
    const open = this.#last.length - 1
    this.#bytes.byte(((field - (this.#last[open] ?? 0)) << 4) | type)
    this.#last[open] = field
  }

  /** At most 32 bits. */
  #varint(value: number): void {
    let rest = value
    while (rest > 0x7f) {
      this.#bytes.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.#bytes.byte(rest)
  }

  #text(bytes: Uint8Array): void {
    this.#varint(bytes.length)
    this.#bytes.bytes(bytes)
  }
}
