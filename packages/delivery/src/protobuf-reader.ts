/**
 * Reads protobuf wire format: our own records, to say them in another format, and what backends answer.
 *
 * Invariant: no read goes past the end of the message; bytes that are no message throw a `RangeError`, and time is linear
 * in their number.
 */

/** Wire types: Protocol Buffers encoding, "Message Structure". */
const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/**
 * Goes through the fields of one message. After `next()` exactly one of the reads, or `skip()`, takes the value.
 *
 * ```ts
 * for (let field = reader.next(); field !== 0; field = reader.next()) {
 *   if (field === 1) name = reader.string()
 *   else reader.skip()
 * }
 * ```
 */
export class ProtobufReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  #wireType = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** The number of the next field; 0 at the end of the message. */
  next(): number {
    if (this.#at >= this.#bytes.length) return 0
    const tag = this.uint()
    this.#wireType = tag % 8
    const field = Math.floor(tag / 8)
    if (field === 0) throw malformed('a field has the number 0')
    return field
  }

  /** Whether the value at hand has a length: text, bytes or a message. */
  get hasLength(): boolean {
    return this.#wireType === LENGTH_DELIMITED
  }

  /** Whether the value at hand is a varint. */
  get isVarint(): boolean {
    return this.#wireType === VARINT
  }

  /** A varint; inexact above 2^53, where no count, length or enum is. */
  uint(): number {
    let value = 0
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte()
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return value
    }
    throw malformed('a varint has more than ten bytes')
  }

  /** A varint that may be negative: two's complement in 64 bits. */
  int(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, value)
    }
    throw malformed('a varint has more than ten bytes')
  }

  fixed64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true)
  }

  fixed32(): number {
    return this.#view.getUint32(this.#advance(4), true)
  }

  double(): number {
    return this.#view.getFloat64(this.#advance(8), true)
  }

  /** A view of the same memory. */
  bytes(): Uint8Array {
    const length = this.uint()
    const from = this.#advance(length)
    return this.#bytes.subarray(from, from + length)
  }

  /** Bytes that are no UTF-8 become U+FFFD. */
  string(): string {
    return decoder.decode(this.bytes())
  }

  message(): ProtobufReader {
    return new ProtobufReader(this.bytes())
  }

  skip(): void {
    switch (this.#wireType) {
      case VARINT:
        this.uint()
        break
      case FIXED64:
        this.#advance(8)
        break
      case LENGTH_DELIMITED:
        this.bytes()
        break
      case FIXED32:
        this.#advance(4)
        break
      default:
        throw malformed(`there is no wire type ${this.#wireType}`)
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw malformed('it ends inside a field')
    this.#at++
    return byte
  }

  /** Where the next `length` bytes begin. */
  #advance(length: number): number {
    const from = this.#at
    if (length > this.#bytes.length - from) throw malformed('it ends inside a field')
    this.#at = from + length
    return from
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function malformed(why: string): RangeError {
  return new RangeError(`not a protobuf message: ${why}`)
}
