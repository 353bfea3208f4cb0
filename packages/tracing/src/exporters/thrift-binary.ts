/** Thrift's binary protocol, in its strict form: thrift-binary-protocol. Numbers are big-endian and of fixed size. */
import { GrowingBytes, type ThriftWriter } from './thrift-writer.ts'

const STOP = 0
const BOOL = 2
const DOUBLE = 4
const I32 = 8
const I64 = 10
const STRING = 11
const STRUCT = 12
const LIST = 15

/** Version 1, and the type of a oneway message. */
const VERSION_AND_ONEWAY = 0x80_01_00_04 | 0

export class BinaryThriftWriter implements ThriftWriter {
  readonly #bytes = new GrowingBytes()

  onewayMessage(name: string): void {
    this.#bytes.i32BE(VERSION_AND_ONEWAY)
    this.#text(Buffer.from(name))
    // Sequence number.
    this.#bytes.i32BE(0)
  }

  bool(field: number, value: boolean): void {
    this.#field(BOOL, field)
    this.#bytes.byte(value ? 1 : 0)
  }

  i32(field: number, value: number): void {
    this.#field(I32, field)
    this.#bytes.i32BE(value)
  }

  i64(field: number, value: bigint): void {
    this.#field(I64, field)
    this.#bytes.i64BE(value)
  }

  double(field: number, value: number): void {
    this.#field(DOUBLE, field)
    this.#bytes.doubleBE(value)
  }

  string(field: number, value: string): void {
    this.binary(field, Buffer.from(value))
  }

  binary(field: number, value: Uint8Array): void {
    this.#field(STRING, field)
    this.#text(value)
  }

  struct(field: number): void {
    this.#field(STRUCT, field)
  }

  structs(field: number, count: number): void {
    this.#field(LIST, field)
    this.#bytes.byte(STRUCT)
    this.#bytes.i32BE(count)
  }

  element(): void {}

  end(): void {
    this.#bytes.byte(STOP)
  }

  finishedStruct(field: number, struct: Uint8Array): void {
    this.#field(STRUCT, field)
    this.#bytes.bytes(struct)
  }

  finishedElement(struct: Uint8Array): void {
    this.#bytes.bytes(struct)
  }

  finish(): Uint8Array {
    return this.#bytes.take()
  }

  #field(type: number, field: number): void {
    this.#bytes.byte(type)
    this.#bytes.i16BE(field)
  }

  #text(bytes: Uint8Array): void {
    this.#bytes.i32BE(bytes.length)
    this.#bytes.bytes(bytes)
  }
}
