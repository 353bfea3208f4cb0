/**
 * Moments of a span: what the OpenTelemetry API takes, and how it becomes seconds and nanoseconds.
 */
import type { HrTime, TimeInput } from '@opentelemetry/api'

/**
 * A given moment, or `undefined` where it is not one. A number up to the monotonic clock's value is a
 * `performance.now()` reading, as in OpenTelemetry's SDK; above, it is milliseconds since 1970.
 * @param offsetMs wall time at monotonic zero
 */
export function fromTimeInput(input: unknown, offsetMs: number, monotonicMs: number): HrTime | undefined {
  if (typeof input === 'number') {
    if (!Number.isFinite(input)) return undefined
    return fromMs(input <= monotonicMs ? input + offsetMs : input)
  }
  try {
    if (Array.isArray(input)) {
      const [seconds, nanos] = input as unknown[]
      const valid = Number.isFinite(seconds) && Number.isFinite(nanos)
      return valid ? [seconds as number, nanos as number] : undefined
    }
    const ms: unknown = isDate(input) ? input.getTime() : undefined
    return typeof ms === 'number' && Number.isFinite(ms) ? fromMs(ms) : undefined
  } catch {
    // A getter or proxy of the app threw: no moment.
    return undefined
  }
}

/** Whether an argument of `addEvent` is a moment rather than attributes. */
export function isTimeInput(value: unknown): value is TimeInput {
  try {
    return typeof value === 'number' || Array.isArray(value) || isDate(value)
  } catch {
    // As above; whoever reads it as attributes finds nothing either.
    return false
  }
}

/** By its method: a date of another realm, a test runner's for instance, is a date too. */
function isDate(value: unknown): value is Date {
  return typeof value === 'object' && value !== null && typeof (value as Date).getTime === 'function'
}

/** Milliseconds since 1970 as seconds and nanoseconds. */
export function fromMs(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1_000)
  const nanos = Math.round((epochMs - seconds * 1_000) * 1e6)
  return nanos === 1e9 ? [seconds + 1, 0] : [seconds, nanos]
}

/** `end - start`, never negative. */
export function between(start: HrTime, end: HrTime): HrTime {
  const seconds = end[0] - start[0]
  const nanos = end[1] - start[1]
  if (seconds < 0 || (seconds === 0 && nanos < 0)) return [0, 0]
  return nanos < 0 ? [seconds - 1, nanos + 1e9] : [seconds, nanos]
}
