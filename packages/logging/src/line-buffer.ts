/**
 * Lines on their way to a file descriptor: those of one turn of the event loop leave together, in one write.
 *
 * Invariant: every line is written whole, or counted as dropped. What is left of a line that a full pipe took in part
 * goes out before the next one. A full pipe is waited for only where so much is held that lines would be lost, and
 * nobody waits for a reader that stopped reading.
 */
import type { Clock, Diagnostics, Timer } from '@triscope/core'

export interface LineBufferOptions {
  diagnostics: Diagnostics
  clock: Clock
  /** Writes a part of `bytes`, returns how much, throws like `fs.writeSync`. */
  writeBytes: (bytes: Buffer | string) => number
  /** Each line is written before the call returns; a full pipe is waited for. */
  isSync: boolean
  /** Blocks the thread. @default `Atomics.wait` */
  pause?: (ms: number) => void
  /** Calls back once the event loop has turned. @default `setImmediate` */
  nextTurn?: (fn: () => void) => void
}

/** A write of this many characters costs a tenth, for each line, of a write for each (bench/micro/line). */
const CHUNK = 16_384
/** Characters held while a pipe is full, before somebody waits. */
const MAX_HELD = 4_194_304
/** After this a full pipe is tried again. */
const RETRY_MS = 10
/** The pause between two attempts of somebody who waits. */
const PAUSE_MS = 1
/** A reader that takes nothing for this many pauses (about a second) does not read; a live one is slow by a few. */
const MAX_PAUSES = 1_000
/** Stands where the end of a torn line was lost, so that the next line does not run into it. */
const LINE_END = Buffer.from('\n')
const LF = 10
/** Said in place of a number of bytes: the pipe is full; the bytes are lost; nothing more can be written now. */
const FULL = 0
const FAILED = -1
const STOP = -2

export class LineBuffer {
  readonly #options: LineBufferOptions
  readonly #pause: (ms: number) => void
  readonly #nextTurn: (fn: () => void) => void
  /** Whole lines that nobody has tried to write yet. */
  #text = ''
  /** What is left of lines that were taken in part. */
  #rest: Buffer | undefined
  /** The rest begins within a line. */
  #isTorn = false
  #isScheduled = false
  #isSync: boolean
  #retry: Timer | undefined
  /** The reader closed the pipe; it cannot come back. */
  #isClosed = false
  /** The reader takes nothing, and was waited for. */
  #isStalled = false

  constructor(options: LineBufferOptions) {
    this.#options = options
    this.#isSync = options.isSync
    this.#pause = options.pause ?? pauseThread
    this.#nextTurn = options.nextTurn ?? setImmediate
  }

  write(line: string): void {
    if (this.#isClosed) {
      this.#drop('WRITE_FAILED', 1)
      return
    }
    if (this.#text.length + (this.#rest?.length ?? 0) >= MAX_HELD) {
      this.#out(true)
      if (this.#rest !== undefined) {
        this.#drop('QUEUE_FULL', 1)
        return
      }
    }
    this.#text += line
    if (this.#isSync) this.#out(true)
    else if (this.#text.length >= CHUNK) this.#out(false)
    else if (!this.#isScheduled) {
      this.#isScheduled = true
      this.#nextTurn(this.#turned)
    }
  }

  /** From now on each line is written before the call returns, because the process may end at any moment. */
  writeThrough(): void {
    this.#isSync = true
    this.#out(true)
  }

  /** Writes all that is held, waiting for a slow reader; what one that does not read leaves behind stays held. */
  flushSync(): void {
    this.#out(true)
  }

  /** Whether everything that was given is written or counted. */
  get isEmpty(): boolean {
    return this.#text === '' && this.#rest === undefined
  }

  /** Counts what is held as lost. */
  giveUp(): void {
    this.#retry?.cancel()
    const lost = (this.#rest === undefined ? 0 : linesIn(this.#rest)) + linesIn(this.#text)
    this.#rest = undefined
    this.#text = ''
    if (lost > 0) this.#drop('QUEUE_FULL', lost)
  }

  readonly #turned = (): void => {
    this.#isScheduled = false
    this.#out(false)
  }

  /** Writes until nothing is left or the pipe is full. */
  #out(waits: boolean): void {
    let pauses = 0
    while (!this.isEmpty) {
      const written = this.#rest === undefined ? this.#outText() : this.#outRest(this.#rest)
      if (written > 0) {
        this.#isStalled = false
        pauses = 0
        continue
      }
      if (written === FAILED) continue
      const canWait = written === FULL && waits && !this.#isStalled
      if (canWait && pauses >= MAX_PAUSES) this.#isStalled = true
      if (!canWait || pauses >= MAX_PAUSES) {
        this.#tryLater()
        return
      }
      pauses++
      this.#pause(PAUSE_MS)
    }
  }

  /** Nearly always everything goes at once, without a buffer for it. */
  #outText(): number {
    const text = this.#text
    this.#text = ''
    const written = this.#attempt(text)
    if (written < 0) {
      this.#drop('WRITE_FAILED', linesIn(text))
      return written
    }
    if (written === Buffer.byteLength(text)) return written
    const bytes = Buffer.from(text)
    this.#rest = bytes.subarray(written)
    this.#isTorn = written > 0 && bytes[written - 1] !== LF
    return written
  }

  #outRest(rest: Buffer): number {
    const written = this.#attempt(rest)
    if (written < 0) {
      // Where only its end is missing, the line is not lost.
      const isEnd = this.#isTorn && rest.length <= LINE_END.length
      this.#drop('WRITE_FAILED', isEnd ? 0 : linesIn(rest))
      this.#rest = this.#isTorn && !this.#isClosed ? LINE_END : undefined
      return this.#rest === undefined ? written : this.#stop()
    }
    if (written > 0) {
      this.#isTorn = rest[written - 1] !== LF
      this.#rest = written === rest.length ? undefined : rest.subarray(written)
    }
    return written
  }

  /** A disk that is full now is full at once again: the end of the torn line is tried with the next write. */
  #stop(): number {
    const held = linesIn(this.#text)
    this.#text = ''
    this.#drop('WRITE_FAILED', held)
    return STOP
  }

  #tryLater(): void {
    if (this.#retry !== undefined) return
    this.#retry = this.#options.clock.timer(RETRY_MS, () => {
      this.#retry = undefined
      this.#out(false)
    })
  }

  /** Bytes written, or why there are none. */
  #attempt(bytes: Buffer | string): number {
    try {
      return this.#options.writeBytes(bytes)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'EAGAIN' || code === 'EINTR') return FULL
      this.#isClosed = code === 'EPIPE' || code === 'EBADF'
      this.#isStalled = false
      this.#options.diagnostics.failed('TRI_ERR_LOG_DESTINATION', error)
      return FAILED
    }
  }

  #drop(reason: 'QUEUE_FULL' | 'WRITE_FAILED', lines: number): void {
    if (lines > 0) this.#options.diagnostics.dropped('logs', reason, lines)
  }
}

/** Lines whose end is in it. */
function linesIn(text: string | Buffer): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

/** Nobody ever notifies it: waiting on it is how a thread sleeps. */
let sleeper: Int32Array | undefined

function pauseThread(ms: number): void {
  sleeper ??= new Int32Array(new SharedArrayBuffer(4))
  Atomics.wait(sleeper, 0, 0, ms)
}
