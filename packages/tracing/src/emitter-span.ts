/**
 * A span over a stream, a child process or any other emitter: it ends when that one does.
 *
 * Invariant: the emitter behaves as if nobody watched. An `error` that nobody handles is still thrown, because it is seen
 * through `errorMonitor`; no data is read, and all listeners go with the span.
 */
import { type EventEmitter, errorMonitor } from 'node:events'
import type { SpanEnd } from './span-end.ts'

/** What streams say of themselves; emitters of other kinds say nothing. */
interface Watched extends EventEmitter {
  readonly readable?: boolean
  readonly writable?: boolean
  readonly closed?: boolean
  readonly destroyed?: boolean
  readonly errored?: unknown
}

/** The value where it is an emitter whose end is the end of some work: no server, and not the process. */
export function asEmitter(value: unknown): Watched | undefined {
  if (typeof value !== 'object' || value === null || value === process) return undefined
  try {
    const { on, off, emit, listen } = value as Record<string, unknown>
    const isEmitter = [on, off, emit].every((method) => typeof method === 'function')
    return isEmitter && typeof listen !== 'function' ? (value as Watched) : undefined
  } catch {
    // A getter or proxy that throws is nobody's emitter.
    return undefined
  }
}

/** @returns `false` where it has ended already, or cannot be watched */
export function endWithEmitter(emitter: Watched, end: SpanEnd): boolean {
  try {
    if (emitter.closed === true || emitter.destroyed === true) {
      end.settle(emitter.errored ?? undefined)
      return true
    }
    const listeners: readonly (readonly [event: string | symbol, listener: (error?: unknown) => void])[] = [
      [errorMonitor, (error) => over(error)],
      ['close', () => over()],
      // A stream of two sides ends with the later one.
      ['end', () => void (emitter.writable === true || over())],
      // A request of `node:http` is finished when it is sent; the call is over when its answer was read.
      ['finish', () => void (emitter.readable === true || 'reusedSocket' in emitter || over())],
    ]
    const over = (error?: unknown): void => {
      for (const [event, listener] of listeners) emitter.off(event, listener)
      end.settle(error)
    }
    for (const [event, listener] of listeners) emitter.on(event, listener)
    return true
  } catch {
    // An emitter of another make that refuses: the span ends with the call.
    return false
  }
}
