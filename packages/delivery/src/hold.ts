/**
 * Keeps the process alive while somebody waits for a flush. Sockets and timers of telemetry are all unreferenced, so
 * that an app ends when it is done; but an app that awaits `shutdown()` as its last act is not done.
 */

/** The longest delay a timer can have; it is only there to be referenced, and never fires: `release` comes first. */
const NEVER_MS = 0x7f_ff_ff_ff

/** Holds the process until the returned function is called. Every holder is bounded by a deadline of its own. */
export function holdProcess(): () => void {
  const handle = setInterval(() => undefined, NEVER_MS)
  return () => clearInterval(handle)
}
