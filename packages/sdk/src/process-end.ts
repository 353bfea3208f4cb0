/**
 * Sends what is queued when the process ends, without changing how it ends.
 *
 * - SIGTERM, SIGINT, SIGHUP: where nobody else listens, the signal would have ended the process at once. It still does,
 *   after requests in flight have ended and a shutdown, which counts and tells what could not be sent. Where the app
 *   listens, ending is the app's own affair: from the signal on what is recorded is sent as soon as possible, for the app
 *   may call `process.exit()` at any moment. Listeners that wait for everybody else to be gone are nobody: see
 *   `bystanders`.
 * - As process 1 of a container, signals have no default action: there the process exits with the code that a shell would
 *   tell of such an end, 143 for SIGTERM.
 * - The end of the event loop: the flush keeps the process for as long as it takes, at most five seconds.
 * - `process.exit()` leaves no time for a network: what is queued is lost, as it is at SIGKILL.
 *
 * Invariant: the second signal of its kind is never held up.
 */

import { constants } from 'node:os'

/** Ends the watch; the process is then as if it had never been watched. */
export type StopWatching = () => void

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
type Signal = (typeof SIGNALS)[number]

/** On each listener of ours, so that two telemetries of one process, or two copies of this file, know each other. */
const WATCHER = Symbol.for('triscope.1.signal-watcher')

/** Milliseconds between two looks at what an app that ends by itself has recorded meanwhile. */
const AFTER_SIGNAL_MS = 200

/** What happens before telemetry is shut down. */
export interface BeforeEnd {
  /** Called at the first signal, whoever else listens: from now on the process is not ready. */
  announce(): void
  /** Called where ending is ours: resolves when requests in flight have ended, within `drainMs`. */
  drain(): Promise<void>
  readonly drainMs: number
  /** Milliseconds for what is queued to be sent. @default 5000 */
  readonly flushMs?: number
}

const NOTHING: BeforeEnd = { announce() {}, drain: async () => {}, drainMs: 0 }

/**
 * Watches the end of the process.
 * @param flush sends what is queued, and resolves within the given milliseconds
 * @param shutdown the same, and the last: what is left is counted and told
 * @param before what comes before both
 * @param recorded how much has been recorded so far: the end of the loop comes again after each flush, and one that has
 *   nothing new to send must let the process go
 */
export function watchProcessEnd(
  flush: (timeoutMs: number) => Promise<boolean>,
  shutdown: (timeoutMs: number) => Promise<boolean>,
  recorded: () => number,
  before: BeforeEnd = NOTHING,
): StopWatching {
  const { flushMs = 5_000 } = before
  let flushing = false
  let flushedUpTo = 0
  let watching: NodeJS.Timeout | undefined

  async function held(work: (timeoutMs: number) => Promise<boolean>, moreMs = 0): Promise<boolean> {
    flushing = true
    flushedUpTo = recorded()
    // Timers and sockets of telemetry never keep a process alive; for the time of this flush something must.
    const hold = setTimeout(() => {}, moreMs + flushMs + 1_000)
    try {
      return await work(flushMs)
    } finally {
      clearTimeout(hold)
      flushing = false
    }
  }

  function onSignal(signal: Signal): void {
    const alone = process.listenerCount(signal) === watchersOf(signal) + bystanders()
    if (flushing) {
      if (alone) endBy(signal)
      return
    }
    // An app that listens to SIGHUP reads its settings anew, and goes on.
    const ends = alone || signal !== 'SIGHUP'
    if (ends) before.announce()
    if (alone) void held(drainAndShutdown, before.drainMs).then(() => endBy(signal))
    else void held(flush).then(ends ? flushOften : undefined)
  }

  async function drainAndShutdown(timeoutMs: number): Promise<boolean> {
    await before.drain()
    return await shutdown(timeoutMs)
  }

  /** The app is ending by itself, and does not say when. */
  function flushOften(): void {
    // Not `flushedUpTo`: the end of the loop must wait for what is under way here.
    let upTo = flushedUpTo
    watching ??= setInterval(() => {
      if (flushing || recorded() === upTo) return
      upTo = recorded()
      void flush(flushMs)
    }, AFTER_SIGNAL_MS).unref()
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
    // An app that began to listen meanwhile ends by itself; another telemetry, when it is done.
    if (process.listenerCount(signal) !== bystanders()) return
    if (process.pid === 1) process.exit(128 + constants.signals[signal])
    process.kill(process.pid, signal)
  }

  function stop(): void {
    clearInterval(watching)
    for (const signal of SIGNALS) process.off(signal, onSignal)
    process.off('beforeExit', onBeforeExit)
  }

  Object.defineProperty(onSignal, WATCHER, { value: true })
  for (const signal of SIGNALS) process.on(signal, onSignal)
  process.on('beforeExit', onBeforeExit)
  return stop
}

function watchersOf(signal: Signal): number {
  return process.listeners(signal).filter((listener) => WATCHER in listener).length
}

/**
 * Listeners for each signal of the package `signal-exit`, which hundreds of others load: they do nothing while anybody else
 * listens, and end the process when the signal comes to them alone. The places are those where its versions 4 and 3 find
 * each other.
 */
function bystanders(): number {
  const current = (globalThis as { [SIGNAL_EXIT]?: { count?: unknown } })[SIGNAL_EXIT]?.count
  const older = (process as { __signal_exit_emitter__?: { count?: unknown } }).__signal_exit_emitter__?.count
  return (typeof current === 'number' ? current : 0) + (typeof older === 'number' ? older : 0)
}

const SIGNAL_EXIT = Symbol.for('signal-exit emitter')
