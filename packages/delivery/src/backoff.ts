/** How long to wait between attempts at the same bytes, when the backend did not say. */

/** The longest wait before the first retry; it doubles from there. */
const INITIAL_MS = 1_000
const CAP_MS = 30_000

/**
 * Milliseconds to wait after attempt number `attempt` (1 is the first) has failed: exponential, with full jitter, so
 * that a thousand processes that lost their collector together do not come back together.
 * OTLP 1.10, "Retryable Response Codes": exponential backoff with jitter.
 * @param random from 0 up to, not including, 1
 */
export function backoffMs(attempt: number, random: number): number {
  return random * Math.min(CAP_MS, INITIAL_MS * 2 ** (attempt - 1))
}
