/**
 * The guard in front of a destination that is not ours: a stream of the app, a transport of pino, a test's array.
 *
 * Invariant: what it throws or rejects with, and the `error` events it sends, stay here, and each line that is known to
 * be lost is counted once.
 */
import { type Clock, type Diagnostics, processSlot, settle } from '@triscope/core'

/** What lines are written to. Streams of Node and of pino are; only `write` must be there. */
export interface LogDestination {
  write(line: string): unknown
  /** Calls back once everything written before is out. */
  flush?(done: (error?: Error | null) => void): unknown
  flushSync?(): unknown
}

/** pino tells destinations with this mark of each line's level and fields before it writes. */
const METADATA = Symbol.for('pino.metadata')

interface Metadata {
  lastLevel: unknown
  lastObj: unknown
  lastMsg: unknown
  lastTime: unknown
  lastLogger: unknown
}

export interface GuardedDestination extends LogDestination {
  /** Waits until everything is out, at most `timeoutMs` milliseconds; `false` where it is not. */
  drained(timeoutMs: number, clock: Clock): Promise<boolean>
  /** Takes our listener away; writing goes on. */
  stop(): void
}

/** Puts the guard in front of `inner`, which stays its owner's: it is never closed. */
export function guardDestination(inner: LogDestination, diagnostics: Diagnostics): GuardedDestination {
  return new Guard(inner, diagnostics, true)
}

/**
 * The same for the standard output of the process, which nobody ever leaves: lines may be written after the shutdown
 * of the logging, and where the reader has gone each of them sends an `error` event, which would end the app.
 */
export function guardStdout(stdout: LogDestination, diagnostics: Diagnostics): LogDestination {
  const guard = new Guard(stdout, diagnostics, false)
  if (!isEmitter(stdout)) return guard
  // One listener for each stream, however many loggers there are: it tells the one that was made last.
  const hearers = processSlot('logging.stdout', () => new WeakMap<object, (error: unknown) => void>())
  if (!hearers.has(stdout)) stdout.on('error', (error) => hearers.get(stdout)?.(error))
  hearers.set(stdout, guard.hear)
  return guard
}

/** Waits until everything that was written to `inner` is out. Never rejects, never takes longer than `timeoutMs`. */
export async function drain(
  inner: LogDestination,
  timeoutMs: number,
  clock: Clock,
  diagnostics: Diagnostics,
): Promise<boolean> {
  return await new Promise((resolve) => {
    const timer = clock.timer(timeoutMs, () => resolve(false))
    const done = (error?: unknown): void => {
      timer.cancel()
      const isFailed = error !== undefined && error !== null
      if (isFailed) diagnostics.failed('TRI_ERR_LOG_DESTINATION', error)
      resolve(!isFailed)
    }
    try {
      startFlush(inner, done)
    } catch (error) {
      done(error)
    }
  })
}

function startFlush(inner: LogDestination, done: (error?: unknown) => void): void {
  if (typeof inner.flush === 'function') {
    settle(inner.flush(done), done)
    return
  }
  const stream = asNodeStream(inner)
  if (stream !== undefined) return void stream.write('', undefined, done)
  inner.flushSync?.()
  done()
}

class Guard implements GuardedDestination, Metadata {
  lastLevel: unknown
  lastObj: unknown
  lastMsg: unknown
  lastTime: unknown
  lastLogger: unknown
  readonly [METADATA]: boolean
  readonly #inner: LogDestination
  /** Where it is a `Writable`, which calls back for each line. */
  readonly #stream: NodeStream | undefined
  readonly #diagnostics: Diagnostics
  /** Lines that callbacks told of since the last `error` event. */
  #told = 0

  constructor(inner: LogDestination, diagnostics: Diagnostics, listens: boolean) {
    this.#inner = inner
    this.#stream = asNodeStream(inner)
    this.#diagnostics = diagnostics
    this[METADATA] = (inner as { [METADATA]?: unknown })[METADATA] === true
    if (listens && isEmitter(inner)) inner.on('error', this.hear)
  }

  write(line: string): void {
    try {
      if (this[METADATA]) this.#tellMetadata()
      const stream = this.#stream
      if (stream === undefined) settle(this.#inner.write(line), this.#lost)
      else if (stream.errored !== undefined && stream.errored !== null) this.#lost(stream.errored)
      else stream.write(line, undefined, this.#written)
    } catch (error) {
      this.#lost(error)
    }
  }

  flushSync(): void {
    try {
      this.#inner.flushSync?.()
    } catch (error) {
      this.#diagnostics.failed('TRI_ERR_LOG_DESTINATION', error)
    }
  }

  drained(timeoutMs: number, clock: Clock): Promise<boolean> {
    return drain(this.#inner, timeoutMs, clock, this.#diagnostics)
  }

  stop(): void {
    if (isEmitter(this.#inner)) this.#inner.off('error', this.hear)
  }

  #tellMetadata(): void {
    const inner = this.#inner as unknown as Metadata
    inner.lastLevel = this.lastLevel
    inner.lastObj = this.lastObj
    inner.lastMsg = this.lastMsg
    inner.lastTime = this.lastTime
    inner.lastLogger = this.lastLogger
  }

  /** A Writable fails with one event, however many lines it loses, and calls back for each of them before. */
  readonly hear = (error: unknown): void => {
    if (this.#told === 0) this.#lost(error)
    this.#told = 0
  }

  readonly #written = (error?: Error | null): void => {
    if (error === undefined || error === null) return
    this.#told++
    this.#lost(error)
  }

  readonly #lost = (error: unknown): void => {
    this.#diagnostics.dropped('logs', 'WRITE_FAILED')
    this.#diagnostics.failed('TRI_ERR_LOG_DESTINATION', error)
  }
}

interface Emitter {
  on(event: 'error', listener: (error: unknown) => void): void
  off(event: 'error', listener: (error: unknown) => void): void
}

function isEmitter(value: object): value is Emitter {
  const { on, off } = value as Partial<Emitter>
  return typeof on === 'function' && typeof off === 'function'
}

interface NodeStream {
  /** Why it failed; where it was not destroyed for that, it keeps lines from then on and writes none. */
  readonly errored?: unknown
  /** The encoding is given, if only as none: who replaces `write` often knows its three parameters by place. */
  write(chunk: string, encoding: undefined, done: (error?: Error | null) => void): unknown
}

/** A `Writable` calls back for an empty chunk once all before it are written. */
function asNodeStream(value: object): NodeStream | undefined {
  const isWritable = typeof (value as { writableLength?: unknown }).writableLength === 'number'
  return isWritable ? (value as NodeStream) : undefined
}
