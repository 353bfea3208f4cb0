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

/**
 * The least of each `size` values in a row: a round of several turns, of which what else runs on the machine can only have
 * made some dearer. What is left over at the end is left out.
 */
export function leastOfTurns(values, size) {
  const found = []
  for (let from = 0; from + size <= values.length; from += size)
    found.push(Math.min(...values.slice(from, from + size)))
  return found
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

/** A tenth of a request, or of half of one where less is added. */
const MARGIN_SHARE = 0.1
const LEAST_RATIO = 0.5

/** The ratio to accept after a change that is meant: somewhat above what was measured. */
export function acceptedRatio({ ratio }) {
  return Number((ratio + MARGIN_SHARE * Math.max(ratio, LEAST_RATIO)).toFixed(3))
}
