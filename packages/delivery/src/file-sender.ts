/**
 * Appends bodies to a file, and keeps so many full ones beside it: `spans.jsonl`, `spans.jsonl.1`, `spans.jsonl.2`.
 *
 * Invariant: at most `maxFiles` files of at most `maxBytes` are kept, unless a single body is larger; a body is in the
 * file as a whole, or not at all. One process writes to a path.
 */
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { resolve as absolute, dirname } from 'node:path'
import { messageOf, rejectOption, rejectUnknownKeys } from '@triscope/core'
import { ExportError } from './export-error.ts'
import type { Sender, SendResult } from './sender.ts'

/** Options of `createFileSender`. */
export interface FileSenderOptions {
  /** Where to; its folder is made where it is missing. A relative path is one of the working directory at creation. */
  path: string
  /** Bytes of a file beyond which a new one is begun. @default 10485760 (10 MiB) */
  maxBytes?: number
  /** Files that are kept, the one being written with them. @default 5 */
  maxFiles?: number
}

/** Makes a sender; the file is opened at the first `send`. Throws `TRI_ERR_OPTION`, `TRI_ERR_UNKNOWN_OPTION`. */
export function createFileSender(options: FileSenderOptions): Sender {
  rejectUnknownKeys('', options, ['path', 'maxBytes', 'maxFiles'])
  const { path, maxBytes = 10 * 1024 * 1024, maxFiles = 5 } = options
  if (typeof path !== 'string' || path === '') rejectOption('path', 'the path of a file', path)
  for (const [name, value] of Object.entries({ maxBytes, maxFiles })) {
    if (!Number.isSafeInteger(value) || value < 1) rejectOption(name, 'a whole number, 1 or more', value)
  }
  return new FileSender(absolute(path), maxBytes, maxFiles)
}

/** What may pass by itself; anything else is refused. */
const PASSING: ReadonlySet<unknown> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EMFILE',
  'ENFILE',
  'EAGAIN',
  'EBUSY',
  'EIO',
])

class FileSender implements Sender {
  readonly #path: string
  readonly #maxBytes: number
  readonly #maxFiles: number
  #file: FileHandle | undefined
  #size = 0
  /** Writes go one after the other, also where an earlier one was given up. */
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(path: string, maxBytes: number, maxFiles: number) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#maxFiles = maxFiles
  }

  send(body: Uint8Array): Promise<SendResult> {
    const result = this.#last.then(() => this.#attempt(body))
    this.#last = result
    return result
  }

  close(): void {
    this.#closed = true
    void this.#last.then(() => this.#release())
  }

  async #attempt(body: Uint8Array): Promise<SendResult> {
    try {
      if (this.#closed) throw new Error('the sender is closed')
      if (this.#size > 0 && this.#size + body.length > this.#maxBytes) await this.#rotate()
      const file = await this.#opened()
      if (this.#size > 0 && this.#size + body.length > this.#maxBytes) return await this.#attempt(body)
      try {
        await file.appendFile(body)
      } catch (error) {
        // Half a body is no line; what was there before stays.
        await file.truncate(this.#size)
        throw error
      }
      this.#size += body.length
      return { kind: 'accepted' }
    } catch (error) {
      await this.#release()
      const { code } = error as { code?: unknown }
      const words = `${this.#path} cannot be written: ${messageOf(error)}`
      const cause = new ExportError(typeof code === 'string' ? code : '_OTHER', words, error)
      return { kind: PASSING.has(code) ? 'retry' : 'refused', cause }
    }
  }

  async #opened(): Promise<FileHandle> {
    if (this.#file !== undefined) return this.#file
    await mkdir(dirname(this.#path), { recursive: true })
    this.#file = await open(this.#path, 'a')
    this.#size = (await this.#file.stat()).size
    return this.#file
  }

  async #rotate(): Promise<void> {
    await this.#release()
    await rm(this.#numbered(this.#maxFiles - 1), { force: true })
    for (let number = this.#maxFiles - 2; number >= 0; number--) {
      try {
        await rename(this.#numbered(number), this.#numbered(number + 1))
      } catch (error) {
        // There are not that many yet.
        if ((error as { code?: unknown }).code !== 'ENOENT') throw error
      }
    }
  }

  #numbered(number: number): string {
    return number === 0 ? this.#path : `${this.#path}.${number}`
  }

  async #release(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    this.#size = 0
    try {
      await file?.close()
    } catch {
      // What was appended is with the system already; there is nothing to be done about a handle that cannot be closed.
    }
  }
}
