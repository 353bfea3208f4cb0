/**
 * A ratio of all traces, the same ones in every service: the last 56 bits of the trace id, which are random, are compared
 * with a threshold (OpenTelemetry specification, "TraceState: Probability Sampling").
 */
import type { TraceRandomness } from './ids.ts'
import { type Decision, DROP, KEEP_ALL, keptAt } from './sampling-decision.ts'

/** Thresholds have 56 bits, which are 14 hex digits. */
const DIGITS = 14
/**
 * Digits kept behind the leading `f`s: the ratio is right to 1 in 500 000, and `tracestate` stays short. What is written
 * is what is compared with.
 */
const PRECISION = 5

export class RatioSampler {
  /** The threshold in two parts, because 56 bits do not fit a double. */
  readonly #high: number
  readonly #low: number
  readonly #kept: Decision

  /** @param ratio 0 to 1 */
  constructor(ratio: number) {
    const threshold = toThreshold(ratio)
    this.#high = Number(threshold >> 32n)
    this.#low = Number(threshold & 0xffff_ffffn)
    this.#kept = threshold === 0n ? KEEP_ALL : keptAt(hexOf(threshold))
  }

  decide(trace: TraceRandomness): Decision {
    const high = trace.word2 & 0xff_ff_ff
    const kept = high > this.#high || (high === this.#high && trace.word3 >>> 0 >= this.#low)
    return kept ? this.#kept : DROP
  }
}

/** How many of 2^56 traces are not kept. */
function toThreshold(ratio: number): bigint {
  const all = 1n << 56n
  const exact = all - BigInt(Math.round(ratio * 2 ** 56))
  if (exact === all || exact === 0n) return exact
  const leading = /^f*/.exec(exact.toString(16).padStart(DIGITS, '0'))?.[0].length ?? 0
  const cut = BigInt(4 * Math.max(0, DIGITS - PRECISION - leading))
  const rounded = cut === 0n ? exact : ((exact + (1n << (cut - 1n))) >> cut) << cut
  return rounded === all ? exact : rounded
}

function hexOf(threshold: bigint): string {
  return threshold.toString(16).padStart(DIGITS, '0').replace(/0+$/, '') || '0'
}
