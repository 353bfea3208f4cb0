/**
 * Records that wait to be sent, bounded in bytes and in number.
 *
 * Invariant: a record counts from `offer` until it is evicted, cleared, or its batch is released; so what is in
 * flight is inside the bound too. Nothing leaves uncounted: an eviction is told to `dropped`.
 */

/** What a queue may hold. */
export interface QueueLimits {
  /** Records, waiting and in flight. */
  readonly maxRecords: number
  /** Bytes of those records. */
  readonly maxBytes: number
}

/** Records that were taken to be sent together; they count until they are released. */
export interface Batch {
  readonly records: readonly Uint8Array[]
  readonly bytes: number
  /** The place in the order of offering of the oldest record in it. */
  readonly firstPlace: number
}

/** A queue of opaque records, in the order of offering. It owns what it was offered. */
export class RecordQueue {
  readonly #limits: QueueLimits
  readonly #dropped: (reason: 'QUEUE_FULL' | 'TOO_LARGE', count: number) => void
  readonly #ordinary = new Ring()
  readonly #kept = new Ring()
  #inFlight: Batch | undefined
  #lastPlace = 0

  constructor(limits: QueueLimits, dropped: (reason: 'QUEUE_FULL' | 'TOO_LARGE', count: number) => void) {
    this.#limits = limits
    this.#dropped = dropped
  }

  /** Records that wait, without those in flight. */
  get waitingRecords(): number {
    return this.#ordinary.size + this.#kept.size
  }

  /** Bytes that wait, without those in flight. */
  get waitingBytes(): number {
    return this.#ordinary.bytes + this.#kept.bytes
  }

  /** Records held, with those in flight. */
  get records(): number {
    return this.waitingRecords + (this.#inFlight?.records.length ?? 0)
  }

  /** Bytes held, with those in flight. */
  get bytes(): number {
    return this.waitingBytes + (this.#inFlight?.bytes ?? 0)
  }

  /** The place of the record offered last; each record that was taken in has the next one. */
  get lastPlace(): number {
    return this.#lastPlace
  }

  /**
   * Takes a record in, or drops it. In a full queue an ordinary record is dropped itself; for one to keep longer the
   * oldest ordinary records that wait are dropped, as many as it needs, unless even all of them would not do.
   */
  offer(record: Uint8Array, keepLonger: boolean): boolean {
    const { maxBytes, maxRecords } = this.#limits
    if (record.length > maxBytes) {
      this.#dropped('TOO_LARGE', 1)
      return false
    }
    if (this.records >= maxRecords || this.bytes + record.length > maxBytes) {
      if (!keepLonger || !this.#makeWay(record.length)) {
        this.#dropped('QUEUE_FULL', 1)
        return false
      }
    }
    const place = ++this.#lastPlace
    // Ordinary records leave in order, and free the slab they share one after the other. One that may outlive its
    // neighbours is copied out, or a hundred bytes would hold the slab's thousands.
    if (keepLonger) this.#kept.push(record.length < record.buffer.byteLength ? record.slice() : record, place)
    else this.#ordinary.push(record, place)
    return true
  }

  /** Takes the oldest records to be sent, one batch at a time: as many as fit into both limits but at least one; `undefined` when none waits. */
  take(maxRecords: number, maxBytes: number): Batch | undefined {
    const firstPlace = this.#oldest()?.firstPlace
    if (firstPlace === undefined) return undefined
    const records: Uint8Array[] = []
    let bytes = 0
    while (records.length < maxRecords) {
      const from = this.#oldest()
      if (from === undefined || (records.length > 0 && bytes + from.firstBytes > maxBytes)) break
      const record = from.shift()
      records.push(record)
      bytes += record.length
    }
    const batch = { records, bytes, firstPlace }
    this.#inFlight = batch
    return batch
  }

  /** The batch taken last is accepted or counted: its room is free again. */
  release(): void {
    this.#inFlight = undefined
  }

  /** Whether a record of this place or an earlier one is still held. */
  holdsUpTo(place: number): boolean {
    const waiting = this.#oldest()?.firstPlace ?? Number.POSITIVE_INFINITY
    return Math.min(waiting, this.#inFlight?.firstPlace ?? Number.POSITIVE_INFINITY) <= place
  }

  /** Forgets all that waits, for the caller to count. */
  clear(): number {
    const count = this.waitingRecords
    this.#ordinary.clear()
    this.#kept.clear()
    return count
  }

  #oldest(): Ring | undefined {
    if (this.#ordinary.size === 0) return this.#kept.size === 0 ? undefined : this.#kept
    if (this.#kept.size === 0) return this.#ordinary
    return this.#ordinary.firstPlace < this.#kept.firstPlace ? this.#ordinary : this.#kept
  }

  #makeWay(bytes: number): boolean {
    const { maxBytes, maxRecords } = this.#limits
    const ordinary = this.#ordinary
    if (ordinary.size === 0 || this.bytes - ordinary.bytes + bytes > maxBytes) return false
    let evicted = 0
    while (this.records >= maxRecords || this.bytes + bytes > maxBytes) {
      ordinary.shift()
      evicted++
    }
    this.#dropped('QUEUE_FULL', evicted)
    return true
  }
}

const NOTHING = new Uint8Array(0)

/** First in, first out, in arrays that are used over again; each record with its place in the order of offering. */
class Ring {
  #records: Uint8Array[] = []
  #places: number[] = []
  #first = 0
  size = 0
  bytes = 0

  get firstPlace(): number {
    return this.#places[this.#first] ?? 0
  }

  get firstBytes(): number {
    return this.#records[this.#first]?.length ?? 0
  }

  push(record: Uint8Array, place: number): void {
    if (this.size === this.#records.length) this.#grow()
    const at = (this.#first + this.size) & (this.#records.length - 1)
    this.#records[at] = record
    this.#places[at] = place
    this.size++
    this.bytes += record.length
  }

  shift(): Uint8Array {
    const record = this.#records[this.#first] ?? NOTHING
    this.#records[this.#first] = NOTHING
    this.#first = (this.#first + 1) & (this.#records.length - 1)
    this.size--
    this.bytes -= record.length
    return record
  }

  clear(): void {
    this.#records = []
    this.#places = []
    this.#first = 0
    this.size = 0
    this.bytes = 0
  }

  /** Doubles the room, so that its size stays a power of two and an index wraps with one mask. */
  #grow(): void {
    const room = Math.max(16, 2 * this.size)
    const records = [...this.#records.slice(this.#first), ...this.#records.slice(0, this.#first)]
    const places = [...this.#places.slice(this.#first), ...this.#places.slice(0, this.#first)]
    this.#records = records.concat(new Array<Uint8Array>(room - this.size).fill(NOTHING))
    this.#places = places.concat(new Array<number>(room - this.size).fill(0))
    this.#first = 0
  }
}
