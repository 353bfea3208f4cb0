/**
 * Trace and span ids, drawn from a pool of crypto-random words: one system call gives 170 spans their ids.
 *
 * Invariant: an id is never all zeros (W3C Trace Context §3.2.2.3), and its hex form is made only when somebody
 * reads it: 16 random bytes cost about 15 ns, their 32 hex digits ten times as much.
 */
import { randomFillSync } from 'node:crypto'

/** 4 KiB. Each process and each worker thread loads this module anew, so no two ever share a pool. */
const POOL_WORDS = 1024
const pool = new Int32Array(POOL_WORDS)
let next = POOL_WORDS

/** 32 random bits, as a signed integer. */
export function randomWord(): number {
  if (next === POOL_WORDS) {
    randomFillSync(pool)
    next = 0
  }
  return pool[next++] ?? 0
}

/** The 16 bytes of a trace id as four big-endian words. All spans of a trace in this process share the object. */
export class TraceIdentity implements TraceRandomness {
  readonly word0: number
  readonly word1: number
  readonly word2: number
  readonly word3: number
  #hex: string | undefined

  constructor(word0: number, word1: number, word2: number, word3: number, hex?: string) {
    this.word0 = word0
    this.word1 = word1
    this.word2 = word2
    this.word3 = word3
    this.#hex = hex
  }

  /** 32 lower-case hex digits. */
  get hex(): string {
    this.#hex ??= hexOf(this.word0) + hexOf(this.word1) + hexOf(this.word2) + hexOf(this.word3)
    return this.#hex
  }
}

/** The last eight bytes of a trace id, by which samplers decide. */
export interface TraceRandomness {
  readonly word2: number
  readonly word3: number
}

/**
 * The identity of a new trace. All of its bytes are random, which is what the flag 0x02 says of it.
 * @param drawn its last eight bytes, where they were drawn before; the last four are not zero
 */
export function newTraceIdentity(
  drawn: TraceRandomness = { word2: randomWord(), word3: nonZeroWord() },
): TraceIdentity {
  return new TraceIdentity(randomWord(), randomWord(), drawn.word2, drawn.word3)
}

/** The identity of a trace that came in. @param traceId 32 lower-case hex digits, already checked */
export function traceIdentityOf(traceId: string): TraceIdentity {
  return new TraceIdentity(
    wordAt(traceId, 0),
    wordAt(traceId, 8),
    wordAt(traceId, 16),
    wordAt(traceId, 24),
    traceId,
  )
}

/** A random word that is not zero: with it in front, a span id cannot be all zeros. */
export function nonZeroWord(): number {
  let word = randomWord()
  while (word === 0) word = randomWord()
  return word
}

/** Eight hex digits of one word. */
export function hexOf(word: number): string {
  const table = hexTable()
  return (
    (table[word >>> 24] ?? '') +
    (table[(word >>> 16) & 255] ?? '') +
    (table[(word >>> 8) & 255] ?? '') +
    (table[word & 255] ?? '')
  )
}

/** The word whose eight lower-case hex digits stand in `hex` from `at` on. */
export function wordAt(hex: string, at: number): number {
  let word = 0
  for (let i = at; i < at + 8; i++) {
    const code = hex.charCodeAt(i)
    word = (word << 4) | (code > 57 ? code - 87 : code - 48)
  }
  return word
}

let table: readonly string[] | undefined

/** 256 entries: a table of 65 536 is faster in a loop, and misses the cache in a server. */
function hexTable(): readonly string[] {
  table ??= Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
  return table
}
