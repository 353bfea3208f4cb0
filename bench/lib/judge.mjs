/**
 * The judgement of the guard: whether a ratio has become worse than its limit beyond what this run's own noise explains.
 *
 * Invariant: noise alone can only make it milder. A run too noisy to judge passes, and `--prove` shows that it was not.
 */
import { deviation, median } from './statistics.mjs'

/** Fewer rounds say too little about their own noise. */
export const MIN_ROUNDS = 7

/**
 * @param ratios of each round
 * @param limit the highest ratio that is still accepted
 * @returns `{ ratio, noise, limit, worse }`; `noise` is three times the median absolute deviation
 */
export function judgeRatio(ratios, limit) {
  if (ratios.length < MIN_ROUNDS)
    throw new Error(`${ratios.length} rounds; at least ${MIN_ROUNDS} are needed`)
  const ratio = median(ratios)
  const noise = 3 * deviation(ratios)
  return { ratio, noise, limit, worse: ratio - noise > limit }
}

/** Allocation does not depend on the machine, only a little on when V8 grows what it reuses. */
const SLACK_BYTES = 8
const SLACK_SHARE = 0.05

/** @returns one entry for each limit: `{ id, bytes, limit, worse }`; what was not measured is worse */
export function judgeBytes(measured, limits) {
  return Object.entries(limits).map(([id, limit]) => {
    const bytes = measured[id]
    return { id, bytes, limit, worse: !(bytes <= limit + Math.max(SLACK_BYTES, limit * SLACK_SHARE)) }
  })
}

/** What to accept after a change that is meant: a tenth above what was measured, and what is allocated. */
export function acceptedLimits({ ratio }, bytes) {
  return {
    overBare: Number((ratio * 1.1).toFixed(3)),
    bytes,
  }
}
