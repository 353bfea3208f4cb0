/**
 * Sends what is queued when the process ends, without changing how it ends.
 *
 * - SIGTERM, SIGINT: where nobody else listens, the signal would have ended the process at once. It still does, after
 *   a shutdown, which counts and tells what could not be sent. Where the app listens, ending is the app's own affair,
 *   and only a flush is ours.
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
 * @param shutdown the same, and the last: what is left is counted and told
 * @param recorded how much has been recorded so far: the end of the loop comes again after each flush, and one that has
 *   nothing new to send must let the process go
 */
export function watchProcessEnd(
  flush: (timeoutMs: number) => Promise<boolean>,
  shutdown: (timeoutMs: number) => Promise<boolean>,
  recorded: () => number,
  timeoutMs = 5_000,
): StopWatching {
  let flushing = false
  let flushedUpTo = 0

  async function held(work: (timeoutMs: number) => Promise<boolean>): Promise<boolean> {
    flushing = true
    flushedUpTo = recorded()
    // Timers and sockets of telemetry never keep a process alive; for the time of this flush something must.
    const hold = setTimeout(() => {}, timeoutMs + 1_000)
    try {
      return await work(timeoutMs)
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
    if (alone) void held(shutdown).then(() => endBy(signal))
    else void held(flush)
  }

  function onBeforeExit(): void {
    if (flushing || recorded() === flushedUpTo) return
    void held(flush).then((sent) => {
      // Nothing comes after this: what could not be sent is told now, or never.
      if (!sent) void shutdown(0)
    })
  }

  function endBy(signal: Signal): void {
    stop()
    // An app that began to listen meanwhile ends by itself.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  }

  function stop(): void {
    for (const signal of SIGNALS) process.off(signal, onSignal)
    process.off('beforeExit', onBeforeExit)
  }

  for (const signal of SIGNALS) process.on(signal, onSignal)
  process.on('beforeExit', onBeforeExit)
  return stop
}
