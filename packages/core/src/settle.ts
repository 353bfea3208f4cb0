/**
 * What a callback of the app returns when it is async after all.
 *
 * Invariant: a rejection that nobody handles ends the process; one of a callback that telemetry called never does.
 */

/** Hears of the rejection of `result`, where that is a promise. Reading it never throws. */
export function settle(result: unknown, onRejected: (error: unknown) => void): void {
  if (typeof result !== 'object' || result === null) return
  try {
    const { then } = result as { then?: unknown }
    if (typeof then === 'function') then.call(result, undefined, onRejected)
  } catch (error) {
    onRejected(error)
  }
}
