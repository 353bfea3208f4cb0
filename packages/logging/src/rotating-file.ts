/**
 * A file of lines that starts anew when it has grown, and keeps some of the old: `app.log`, `app.log.1`, `app.log.2`.
 *
 * Invariant: a line is in one file, whole. What cannot be written, because the disk is full or the folder is gone, is
 * counted, and tried again with the next line; the app lives.
 */
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { type Clock, type Diagnostics, rejectOption, rejectUnknownKeys } from '@triscope/core'
import { LineBuffer } from './line-buffer.ts'
import { flushAtProcessEnd } from './process-flush.ts'

/** Where lines go instead of standard output. */
export interface LogFileOptions {
  /** Its folder is made where it is missing. */
  path: string
  /** Bytes after which a file starts anew; `Infinity` never does, for files that somebody else rotates. @default 67108864 (64 MiB) */
  maxBytes?: number
  /** Files kept, the one that is written included; the oldest is deleted. 1 to 1000. @default 5 */
  maxFiles?: number
  /**
   * Opens the file again at SIGHUP; then that signal ends the process no more. Without, a file that was moved or deleted
   * is noticed within a second.
   * @default false
   */
  reopenOnSighup?: boolean
}

/** The file at work. */
export interface RotatingFile {
  readonly buffer: LineBuffer
  /** Lets go of the file and the signal; a line that comes later opens the file again. */
  close(): void
}

const defaults = { maxBytes: 67_108_864, maxFiles: 5 } as const
/** How often somebody looks whether the file still is the one at its path. */
const LOOK_MS = 1_000

/** Opens nothing before the first line. Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function createRotatingFile(
  given: string | LogFileOptions,
  clock: Clock,
  diagnostics: Diagnostics,
  isSync: boolean,
): RotatingFile {
  const options = typeof given === 'string' ? { path: given } : given
  rejectUnknownKeys('logging.file', options, ['path', 'maxBytes', 'maxFiles', 'reopenOnSighup'])
  const { path, maxBytes = defaults.maxBytes, maxFiles = defaults.maxFiles, reopenOnSighup = false } = options
  if (typeof path !== 'string' || path === '') rejectOption('logging.file.path', 'the path of a file', path)
  if (!(maxBytes >= 1)) rejectOption('logging.file.maxBytes', 'a number of bytes, 1 or more', maxBytes)
  if (!Number.isInteger(maxFiles) || maxFiles < 1 || maxFiles > 1_000) {
    rejectOption('logging.file.maxFiles', 'a whole number from 1 to 1000', maxFiles)
  }
  const file = new OpenFile(path, maxBytes, maxFiles, clock)
  const buffer = new LineBuffer({ clock, diagnostics, isSync, writeBytes: (bytes) => file.write(bytes) })
  const reopen = (): void => {
    buffer.flushSync()
    file.close()
  }
  const unflush = flushAtProcessEnd(buffer)
  if (reopenOnSighup) process.on('SIGHUP', reopen)
  return {
    buffer,
    close() {
      reopen()
      // A line that comes later is still written: then each by itself.
      buffer.writeThrough()
      unflush()
      process.off('SIGHUP', reopen)
    },
  }
}

class OpenFile {
  readonly #path: string
  readonly #maxBytes: number
  readonly #maxFiles: number
  readonly #clock: Clock
  #descriptor: number | undefined
  #inode = 0
  #size = 0
  #lookAtMs = 0

  constructor(path: string, maxBytes: number, maxFiles: number, clock: Clock) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#maxFiles = maxFiles
    this.#clock = clock
  }

  /** @param bytes text begins with a line; a buffer is the rest of what was taken in part */
  write(bytes: Buffer | string): number {
    if (typeof bytes === 'string') this.#makeReady(Buffer.byteLength(bytes))
    const descriptor = this.#descriptor ?? this.#open()
    const written = typeof bytes === 'string' ? writeSync(descriptor, bytes) : writeSync(descriptor, bytes)
    this.#size += written
    return written
  }

  close(): void {
    if (this.#descriptor === undefined) return
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    closeSync(descriptor)
  }

  #makeReady(bytes: number): void {
    const nowMs = this.#clock.monotonicMs()
    if (this.#descriptor !== undefined && nowMs >= this.#lookAtMs) {
      this.#lookAtMs = nowMs + LOOK_MS
      if (inodeAt(this.#path) !== this.#inode) this.close()
    }
    if (this.#descriptor === undefined) this.#open()
    if (this.#size > 0 && this.#size + bytes > this.#maxBytes) this.#rotate()
  }

  #open(): number {
    makeFolder(dirname(this.#path))
    // Only its owner and group read it: lines are not for everybody.
    const descriptor = openSync(this.#path, 'a', 0o640)
    const { ino, size } = fstatSync(descriptor)
    this.#descriptor = descriptor
    this.#inode = ino
    this.#size = size
    this.#lookAtMs = this.#clock.monotonicMs() + LOOK_MS
    return descriptor
  }

  #rotate(): void {
    this.close()
    if (this.#maxFiles === 1) unlinkSync(this.#path)
    for (let number = this.#maxFiles - 1; number >= 1; number--) {
      const from = number === 1 ? this.#path : `${this.#path}.${number - 1}`
      if (inodeAt(from) !== undefined) renameSync(from, `${this.#path}.${number}`)
    }
    this.#open()
  }
}

/** One by one: node's own recursive way never ends below `/proc`. */
function makeFolder(path: string): void {
  if (inodeAt(path) !== undefined) return
  makeFolder(dirname(path))
  mkdirSync(path)
}

function inodeAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}
