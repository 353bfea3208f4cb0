/**
 * `getLogger()` anywhere, at any time: before telemetry exists, after it was replaced, in another copy of this package.
 *
 * Invariant: a logger that was handed out writes to the logging in force when the line is made.
 */
import { processSlot } from '@triscope/core'
import type { Logger } from 'pino'
import { delegatingLogger } from './delegating-logger.ts'
import { createLogging, type Logging } from './logging.ts'

interface Slot {
  /** The last one is in force; more than one only while a second telemetry lives beside the first. */
  readonly stack: Logging[]
  /** Serves lines made while none is in force, so that they are not lost. */
  fallback: Logging | undefined
}

const slot = processSlot<Slot>('logging', () => ({ stack: [], fallback: undefined }))

/**
 * Puts `logging` in force.
 * @param logging `undefined` leaves what is in force
 * @returns takes it away again; what was in force before it is so again
 */
export function setCurrentLogging(logging: Logging | undefined): () => void {
  if (logging === undefined) return () => {}
  slot.stack.push(logging)
  return () => {
    const at = slot.stack.lastIndexOf(logging)
    if (at >= 0) slot.stack.splice(at, 1)
  }
}

/**
 * A logger that may be made when a module loads. It writes to the logging in force at each line; while there is none,
 * to standard output with the defaults.
 * @param name written as `logger` on each line; @default no such field
 */
export function getLogger(name?: string): Logger {
  return delegatingLogger(() => current().getLogger(name))
}

function current(): Logging {
  const inForce = slot.stack[slot.stack.length - 1]
  if (inForce !== undefined) return inForce
  slot.fallback ??= createLogging()
  return slot.fallback
}
