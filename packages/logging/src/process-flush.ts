/**
 * What is still held when the process ends is written then: at `process.exit`, after an uncaught error, and at the end of
 * the event loop. Signals are left to who decides what they do; the sdk flushes at them.
 */
import { processSlot } from '@triscope/core'

/** Something that can be written out at once, however long that takes. */
export interface Flushable {
  flushSync(): void
}

/** Flushes `what` at the end of the process. @returns takes it away again */
export function flushAtProcessEnd(what: Flushable): () => void {
  const held = processSlot('logging.flush', watched)
  held.add(what)
  return () => held.delete(what)
}

/** One listener for the process, for its life: lines may be written until the very end. */
function watched(): Set<Flushable> {
  const held = new Set<Flushable>()
  process.on('exit', () => {
    for (const one of held) one.flushSync()
  })
  return held
}
