/**
 * The guard in front of a destination that is not ours: a stream of the app, a transport of pino, a test's array.
 *
 * Invariant: what it throws, and the `error` events it sends, stay here and are counted.
 */
import type { Clock, Diagnostics } from '@triscope/core'

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
  return new Guard(inner, diagnostics)
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

function startFlush(inner: LogDestination, done: (error?: Error | null) => void): void {
  if (typeof inner.flush === 'function') return void inner.flush(done)
  const stream = asNodeStream(inner)
  if (stream !== undefined) return void stream.write('', done)
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
  readonly #diagnostics: Diagnostics

  constructor(inner: LogDestination, diagnostics: Diagnostics) {
    this.#inner = inner
    this.#diagnostics = diagnostics
    this[METADATA] = (inner as { [METADATA]?: unknown })[METADATA] === true
    if (isEmitter(inner)) inner.on('error', this.#lost)
  }

  write(line: string): void {
    try {
      if (this[METADATA]) this.#tellMetadata()
      this.#inner.write(line)
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
    if (isEmitter(this.#inner)) this.#inner.off('error', this.#lost)
  }

  #tellMetadata(): void {
    const inner = this.#inner as unknown as Metadata
    inner.lastLevel = this.lastLevel
    inner.lastObj = this.lastObj
    inner.lastMsg = this.lastMsg
    inner.lastTime = this.lastTime
    inner.lastLogger = this.lastLogger
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
  write(chunk: string, done: (error?: Error | null) => void): unknown
}

/** A `Writable` calls back for an empty chunk once all before it are written. */
function asNodeStream(value: object): NodeStream | undefined {
  const isWritable = typeof (value as { writableLength?: unknown }).writableLength === 'number'
  return isWritable ? (value as NodeStream) : undefined
}
