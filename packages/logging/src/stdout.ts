/**
 * Standard output, written synchronously: when a log call returns, its line has left the process, so that neither
 * `process.exit` nor a crash loses one.
 *
 * Invariant: every line is written whole, or counted as dropped. What is left of a line that a full pipe took in part
 * goes out before the next one. Waiting for a slow reader is bounded, and nobody waits for one that stopped reading.
 */
import { writeSync } from 'node:fs'
import type { Diagnostics } from '@triscope/core'

/** The pause between two attempts at a full pipe. */
const PAUSE_MS = 1
/** A reader that takes nothing for this many pauses (about a second) does not read; a live one is slow by a few. */
const MAX_PAUSES = 1_000

export interface StdoutOptions {
  diagnostics: Diagnostics
  /** Writes a part of `bytes`, returns how much, throws like `fs.writeSync`. @default to file descriptor 1 */
  writeBytes?: (bytes: Buffer | string) => number
  /** Blocks the thread. @default `Atomics.wait` */
  pause?: (ms: number) => void
}

/** Standard output as a destination that never throws. */
export function createStdout(options: StdoutOptions): { write(line: string): void } {
  return new Stdout(options)
}

/** Stands where the end of a torn line was lost, so that the next line does not run into it. */
const LINE_END = Buffer.from('\n')

class Stdout {
  readonly #diagnostics: Diagnostics
  readonly #writeBytes: (bytes: Buffer | string) => number
  readonly #pause: (ms: number) => void
  /** What is left of one line. */
  #rest: Buffer | undefined
  /** Some of that line is written already. */
  #torn = false
  /** The reader closed the pipe; it cannot come back. */
  #closed = false
  #stalled = false

  constructor(options: StdoutOptions) {
    this.#diagnostics = options.diagnostics
    this.#writeBytes = options.writeBytes ?? writeToStdout
    this.#pause = options.pause ?? pauseThread
  }

  write(line: string): void {
    if (this.#rest !== undefined) this.#drain()
    if (this.#closed || this.#rest !== undefined) {
      this.#drop(this.#stalled ? 'QUEUE_FULL' : 'WRITE_FAILED')
      return
    }
    // Nearly always the whole line goes at once, without a buffer for it.
    const written = this.#attempt(line)
    if (written === Buffer.byteLength(line)) return
    if (written < 0) {
      this.#drop('WRITE_FAILED')
      return
    }
    this.#rest = Buffer.from(line).subarray(written)
    this.#torn = written > 0
    this.#drain()
    if (this.#rest === undefined || this.#torn) return
    this.#rest = undefined
    this.#drop('QUEUE_FULL')
  }

  /** Writes the rest, waiting for the reader; it stays where the reader has stopped. */
  #drain(): void {
    for (let pauses = 0; this.#rest !== undefined; ) {
      const written = this.#attempt(this.#rest)
      if (written < 0) {
        // Where only its end is missing, the line is not lost.
        if (this.#rest.length > LINE_END.length) this.#drop('WRITE_FAILED')
        this.#rest = this.#torn ? LINE_END : undefined
        return
      }
      if (written > 0) {
        this.#torn = true
        this.#stalled = false
        pauses = 0
        this.#rest = written === this.#rest.length ? undefined : this.#rest.subarray(written)
      } else if (this.#stalled || ++pauses > MAX_PAUSES) {
        this.#stalled = true
        return
      } else {
        this.#pause(PAUSE_MS)
      }
    }
  }

  /** Bytes written; 0 where the pipe is full, negative where writing failed. */
  #attempt(bytes: Buffer | string): number {
    try {
      return this.#writeBytes(bytes)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'EAGAIN' || code === 'EINTR') return 0
      this.#closed = code === 'EPIPE' || code === 'EBADF'
      this.#stalled = false
      this.#diagnostics.failed('TRI_ERR_LOG_DESTINATION', error)
      return -1
    }
  }

  #drop(reason: 'QUEUE_FULL' | 'WRITE_FAILED'): void {
    this.#diagnostics.dropped('logs', reason)
  }
}

function writeToStdout(bytes: Buffer | string): number {
  return typeof bytes === 'string' ? writeSync(1, bytes) : writeSync(1, bytes)
}

/** Nobody ever notifies it: waiting on it is how a thread sleeps. */
let sleeper: Int32Array | undefined

function pauseThread(ms: number): void {
  sleeper ??= new Int32Array(new SharedArrayBuffer(4))
  Atomics.wait(sleeper, 0, 0, ms)
}
