/** What every room that sends has in common: it can be emptied, and it can be ended. */

/** Both calls resolve, never reject: `false` means that time ran out, and that what was left has been counted. */
export interface Pipeline {
  /**
   * Sends what has been recorded so far.
   * @param timeoutMs milliseconds, at most this long
   */
  flush(timeoutMs?: number): Promise<boolean>
  /**
   * Flushes, then lets go of every timer, socket and listener. Safe twice; what is recorded later is counted as
   * dropped with reason `SHUTDOWN`.
   * @param timeoutMs milliseconds; 5 000 where nothing is said
   */
  shutdown(timeoutMs?: number): Promise<boolean>
}
