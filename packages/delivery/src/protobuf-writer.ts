/**
 * Writes protobuf wire format by hand, for code that runs once per span.
 *
 * Invariant: what `finish` returned is never written to again; the writer goes on behind it in the same slab.
 * A slab shared by many records makes `finish` six times cheaper than an ArrayBuffer of its own for each (0.25 µs
 * against 1.5 µs for 400 bytes on Node 20), and that buffer would cost more than encoding the span did.
 * It is one piece, past 300 lines, because everything in it moves the same position in the same memory.
 */
import { Buffer } from 'node:buffer'

/** Options of `new ProtobufWriter`. */
export interface ProtobufWriterOptions {
  /**
   * Bytes allocated at a time, 64 or more; finished records are cut from it one behind the other.
   * It is also all that the writer itself keeps between two messages, whatever the largest one was.
   * @default 32768
   */
  slabBytes?: number
}

const DEFAULT_SLAB_BYTES = 32_768

/** Wire types: Protocol Buffers encoding, "Message Structure". */
const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** The largest field number, 2^29 - 1, takes five bytes with its wire type. */
const MAX_TAG_BYTES = 5
const MAX_VARINT_BYTES = 10

/**
 * Up to here a string is copied character by character, if it is ASCII; above, one native call wins.
 * Measured on Node 20: 8 characters 48 against 158 ns, 16 characters 99 against 163 ns, 32 characters 187 against 164.
 */
const SHORT_STRING = 24
/** Up to here bytes are copied one by one, above by a native call. Measured on Node 20: 40 bytes 46 against 15 ns. */
const SHORT_COPY = 12
/** From here on it pays to count the UTF-8 bytes first, rather than to reserve three for each UTF-16 unit. */
const LONG_STRING = 1024

/**
 * A growing writer for one message at a time. Each method appends one field; a field is written even where its value
 * is proto3's default, so leave it out by not calling. Nothing throws for any value of the declared type.
 *
 * ```ts
 * writer.string(1, 'http.route')
 * const value = writer.begin(2)
 * writer.string(1, '/users/:id')
 * writer.end(value)
 * const record = writer.finish()
 * ```
 */
export class ProtobufWriter {
  readonly #slabBytes: number
  /** Three views of the same memory: each has the fastest way to write one kind of value. */
  #memory: ArrayBufferLike = new ArrayBuffer(0)
  #bytes: Uint8Array = new Uint8Array(0)
  #text: Buffer = Buffer.alloc(0)
  #numbers: DataView = new DataView(new ArrayBuffer(0))
  /** Where the message being written begins in the slab, and where its next byte goes. */
  #start = 0
  #position = 0

  constructor(options: ProtobufWriterOptions = {}) {
    this.#slabBytes = Math.max(64, Math.trunc(options.slabBytes ?? DEFAULT_SLAB_BYTES))
  }

  /** Bytes of the message being written. */
  get length(): number {
    return this.#position - this.#start
  }

  /** `uint32`, `uint64` or an enum value: 0 to 2^53 - 1; anything else is brought into that range, `NaN` to 0. */
  uint(field: number, value: number): void {
    this.#reserve(MAX_TAG_BYTES + MAX_VARINT_BYTES)
    this.#tag(field, VARINT)
    this.#varint(value)
  }

  /** `int32` or `int64`: a safe integer of either sign; anything else is brought into that range, `NaN` to 0. */
  int(field: number, value: number): void {
    this.#reserve(MAX_TAG_BYTES + MAX_VARINT_BYTES)
    this.#tag(field, VARINT)
    if (value < 0) this.#negativeVarint(value)
    else this.#varint(value)
  }

  /** `bool`. */
  bool(field: number, value: boolean): void {
    this.#reserve(MAX_TAG_BYTES + 1)
    this.#tag(field, VARINT)
    this.#bytes[this.#position++] = value ? 1 : 0
  }

  /** `fixed32`: the low 32 bits of `value`. */
  fixed32(field: number, value: number): void {
    this.#reserve(MAX_TAG_BYTES + 4)
    this.#tag(field, FIXED32)
    this.#numbers.setUint32(this.#position, value, true)
    this.#position += 4
  }

  /** `fixed64`, as two unsigned 32-bit halves. */
  fixed64(field: number, low: number, high: number): void {
    this.#reserve(MAX_TAG_BYTES + 8)
    this.#tag(field, FIXED64)
    this.#numbers.setUint32(this.#position, low, true)
    this.#numbers.setUint32(this.#position + 4, high, true)
    this.#position += 8
  }

  /** `double`. */
  double(field: number, value: number): void {
    this.#reserve(MAX_TAG_BYTES + 8)
    this.#tag(field, FIXED64)
    this.#numbers.setFloat64(this.#position, value, true)
    this.#position += 8
  }

  /**
   * A moment as `fixed64` nanoseconds since 1970, from milliseconds with fractions: exact to the nanosecond that the
   * double stands for. Moments before 1970 and `NaN` become 0; moments after 2554 become the largest there is.
   */
  timeMs(field: number, epochMs: number): void {
    const wholeMs = Math.floor(epochMs)
    this.#time(field, wholeMs, 1e6, Math.round((epochMs - wholeMs) * 1e6))
  }

  /** A moment as `fixed64` nanoseconds since 1970, from whole seconds and nanoseconds (OpenTelemetry's `HrTime`). */
  time(field: number, seconds: number, nanos: number): void {
    this.#time(field, seconds, 1e9, nanos)
  }

  /** `bytes`, or a nested message that is encoded already; copied. */
  bytes(field: number, value: Uint8Array): void {
    this.#reserve(MAX_TAG_BYTES + MAX_VARINT_BYTES + value.length)
    this.#tag(field, LENGTH_DELIMITED)
    this.#varint(value.length)
    this.#bytes.set(value, this.#position)
    this.#position += value.length
  }

  /** `bytes`, eight of them, as two big-endian words: a span id. */
  words2(field: number, word0: number, word1: number): void {
    this.#reserve(MAX_TAG_BYTES + 9)
    this.#tag(field, LENGTH_DELIMITED)
    const position = this.#position
    this.#bytes[position] = 8
    this.#numbers.setInt32(position + 1, word0)
    this.#numbers.setInt32(position + 5, word1)
    this.#position = position + 9
  }

  /** `bytes`, sixteen of them, as four big-endian words: a trace id. */
  words4(field: number, word0: number, word1: number, word2: number, word3: number): void {
    this.#reserve(MAX_TAG_BYTES + 17)
    this.#tag(field, LENGTH_DELIMITED)
    const position = this.#position
    const numbers = this.#numbers
    this.#bytes[position] = 16
    numbers.setInt32(position + 1, word0)
    numbers.setInt32(position + 5, word1)
    numbers.setInt32(position + 9, word2)
    numbers.setInt32(position + 13, word3)
    this.#position = position + 17
  }

  /** `bytes` given as an even number of hexadecimal digits of either case, as ids are. */
  hex(field: number, digits: string): void {
    const count = digits.length >> 1
    this.#reserve(MAX_TAG_BYTES + MAX_VARINT_BYTES + count)
    this.#tag(field, LENGTH_DELIMITED)
    this.#varint(count)
    const bytes = this.#bytes
    let position = this.#position
    for (let i = 0; i < count; i++) {
      bytes[position++] = (nibble(digits.charCodeAt(2 * i)) << 4) | nibble(digits.charCodeAt(2 * i + 1))
    }
    this.#position = position
  }

  /** `string` in UTF-8; a lone surrogate becomes U+FFFD. */
  string(field: number, value: string): void {
    const mostBytes = value.length > LONG_STRING ? Buffer.byteLength(value) : 3 * value.length
    this.#reserve(MAX_TAG_BYTES + 2 * MAX_VARINT_BYTES + mostBytes)
    this.#tag(field, LENGTH_DELIMITED)
    if (value.length > SHORT_STRING || !this.#shortAscii(value)) this.#utf8(value)
  }

  /** Bytes as they are: fields that were encoded before. */
  raw(fields: Uint8Array): void {
    const { length } = fields
    this.#reserve(length)
    const bytes = this.#bytes
    if (length > SHORT_COPY) bytes.set(fields, this.#position)
    else {
      const from = this.#position
      for (let i = 0; i < length; i++) bytes[from + i] = fields[i] as number
    }
    this.#position += length
  }

  /** A copy of what was written of this message from its byte `start` on. */
  copyFrom(start: number): Uint8Array {
    return this.#bytes.slice(this.#start + start, this.#position)
  }

  /** Opens a nested message; hand the result to `end`. Nested messages end in the reverse order of their beginning. */
  begin(field: number): number {
    this.#reserve(MAX_TAG_BYTES + 1)
    this.#tag(field, LENGTH_DELIMITED)
    return ++this.#position - this.#start
  }

  /**
   * Closes a nested message: its length goes in front of it.
   * One byte is kept for the length, and what follows moves up if that is too little. Attributes, the bulk of nested
   * messages, are shorter than 128 bytes and never move. Lengths of a fixed four bytes (non-minimal varints) would
   * make a span of six attributes 12 % larger, 327 against 291 bytes, to save one move of 400 bytes in 75 ns.
   */
  end(mark: number): void {
    const from = this.#start + mark
    const length = this.#position - from
    if (length < 0x80) {
      this.#bytes[from - 1] = length
      return
    }
    const more = varintBytes(length) - 1
    this.#reserve(more)
    // Reserving may have moved the message to another slab.
    const moved = this.#start + mark
    this.#bytes.copyWithin(moved + more, moved, moved + length)
    this.#position = moved - 1
    this.#varint(length)
    this.#position += length
  }

  /**
   * The message, and the writer is ready for the next one. The array is exactly as long as the message and belongs to
   * the caller, but its `buffer` holds other messages too: never transfer or rewrite that.
   */
  finish(): Uint8Array {
    const bytes = this.#bytes
    const start = this.#start
    const length = this.#position - start
    if (bytes.length > this.#slabBytes) {
      // Grown for this one message: what is handed out is no larger than it, and nothing of it is kept.
      const message = bytes.slice(start, this.#position)
      this.#useSlab(0)
      return message
    }
    this.#start = this.#position
    // 13 ns, where `subarray` takes 27.
    return new Uint8Array(this.#memory, start, length)
  }

  /** Forgets the message being written. */
  reset(): void {
    if (this.#bytes.length > this.#slabBytes) this.#useSlab(0)
    else this.#position = this.#start
  }

  #reserve(count: number): void {
    if (this.#position + count > this.#bytes.length) this.#grow(count)
  }

  /** Moves the message being written to the front of a slab with room for `count` bytes more. */
  #grow(count: number): void {
    const length = this.#position - this.#start
    const written = this.#bytes.subarray(this.#start, this.#position)
    const needed = length + count
    this.#useSlab(needed <= this.#slabBytes ? this.#slabBytes : needed * 2)
    this.#bytes.set(written)
    this.#position = length
  }

  #useSlab(size: number): void {
    // Not filled with zeros, because nobody sees a byte before it was written: that is 25 ns less for each span.
    const text = Buffer.allocUnsafeSlow(size)
    const memory = text.buffer
    this.#memory = memory
    this.#bytes = new Uint8Array(memory)
    this.#text = text
    this.#numbers = new DataView(memory)
    this.#start = 0
    this.#position = 0
  }

  #tag(field: number, wireType: number): void {
    if (field < 16) this.#bytes[this.#position++] = (field << 3) | wireType
    else this.#varint(field * 8 + wireType)
  }

  #varint(value: number): void {
    const bytes = this.#bytes
    let rest = value < 0x80_00_00_00 ? value : Math.min(value, Number.MAX_SAFE_INTEGER)
    if (!(rest > 0)) rest = 0
    while (rest > 0x7f_ff_ff_ff) {
      bytes[this.#position++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    while (rest > 0x7f) {
      bytes[this.#position++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[this.#position++] = rest
  }

  /** Two's complement of 64 bits, always ten bytes: Protocol Buffers encoding, "Signed Integers". */
  #negativeVarint(value: number): void {
    const bytes = this.#bytes
    const exact = Math.max(Math.trunc(value), Number.MIN_SAFE_INTEGER)
    let low = exact >>> 0
    let high = Math.floor(exact / 0x1_00_00_00_00) >>> 0
    for (let i = 0; i < 9; i++) {
      bytes[this.#position++] = (low & 0x7f) | 0x80
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    bytes[this.#position++] = low
  }

  /** `count * unit + nanos` in 64 bits, where the product may pass 2^53: it is built from parts that do not. */
  #time(field: number, count: number, unit: number, nanos: number): void {
    if (!(count >= 0)) {
      this.fixed64(field, 0, 0)
      return
    }
    const upper = Math.floor(count / 0x10_00_00) * unit
    const lower = modulo(upper, 0x10_00) * 0x10_00_00 + modulo(count, 0x10_00_00) * unit + nanos
    const high = Math.floor(upper / 0x10_00) + Math.floor(lower / 0x1_00_00_00_00)
    if (high <= 0xff_ff_ff_ff) this.fixed64(field, modulo(lower, 0x1_00_00_00_00), high)
    else this.fixed64(field, 0xff_ff_ff_ff, 0xff_ff_ff_ff)
  }

  /** Writes length and text and returns `true`, or leaves the position alone when a character is not ASCII. */
  #shortAscii(value: string): boolean {
    const bytes = this.#bytes
    const from = this.#position + 1
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) return false
      bytes[from + i] = code
    }
    bytes[this.#position] = value.length
    this.#position = from + value.length
    return true
  }

  #utf8(value: string): void {
    const from = this.#position
    // Right for ASCII; other text is written once more, further on, where the length needs more room.
    const width = varintBytes(value.length)
    const length = this.#text.write(value, from + width)
    const moreWidth = varintBytes(length)
    if (moreWidth !== width) this.#bytes.copyWithin(from + moreWidth, from + width, from + width + length)
    this.#varint(length)
    this.#position += length
  }
}

/** `value % power` of a positive double, exact for powers of two: V8 calls C's `fmod` for the operator. */
function modulo(value: number, power: number): number {
  return value - Math.floor(value / power) * power
}

function varintBytes(value: number): number {
  let count = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) count++
  return count
}

/** The value of one hexadecimal digit; other characters are the caller's mistake and give some value from 0 to 15. */
function nibble(code: number): number {
  return ((code & 0x0f) + (code >> 6) * 9) & 0x0f
}
