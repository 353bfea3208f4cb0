/**
 * Sends what is queued when the process ends, without changing how it ends.
 *
 * - SIGTERM, SIGINT: where nobody else listens, the signal would have ended the process at once. It still does, after
 *   the flush. Where the app listens, ending is the app's own affair, and only the flush is ours.
 * - The end of the event loop: the flush keeps the process for as long as it takes, at most five seconds.
 * - `process.exit()` leaves no time for a network: what is queued is lost, as it is at SIGKILL.
 *
 * Invariant: the second signal of its kind is never held up.
 */

/** Ends the watch; the process is then as if it had never been watched. */
export type StopWatching = () => void

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
type Signal = (typeof SIGNALS)[number]

/**
 * Watches the end of the process.
 * @param flush sends what is queued, and resolves within the given milliseconds
 * @param recorded how much has been recorded so far: the end of the loop comes again after each flush, and one that has
 *   nothing new to send must let the process go
 */
export function watchProcessEnd(
  flush: (timeoutMs: number) => Promise<unknown>,
  recorded: () => number,
  timeoutMs = 5_000,
): StopWatching {
  let flushing = false
  let flushedUpTo = 0

  async function flushHeld(): Promise<void> {
    flushing = true
    flushedUpTo = recorded()
    // Timers and sockets of telemetry never keep a process alive; for the time of this flush something must.
    const hold = setTimeout(() => {}, timeoutMs + 1_000)
    try {
      await flush(timeoutMs)
    } finally {
      clearTimeout(hold)
      flushing = false
    }
  }

  function onSignal(signal: Signal): void {
    const alone = process.listenerCount(signal) === 1
    if (flushing) {
      if (alone) endBy(signal)
      return
    }
    void flushHeld().then(() => {
      if (alone && process.listenerCount(signal) === 1) endBy(signal)
    })
  }

  function onBeforeExit(): void {
    if (!flushing && recorded() !== flushedUpTo) void flushHeld()
  }

  function endBy(signal: Signal): void {
    stop()
    process.kill(process.pid, signal)
  }

  function stop(): void {
    for (const signal of SIGNALS) process.off(signal, onSignal)
    process.off('beforeExit', onBeforeExit)
  }

  for (const signal of SIGNALS) process.on(signal, onSignal)
  process.on('beforeExit', onBeforeExit)
  return stop
}
