/** The two ways to choose some of many traces: a ratio of them, or so many a second. */
import { type Clock, rejectOption } from '@triscope/core'
import type { TraceRandomness } from './ids.ts'
import { RateLimit } from './rate-limit.ts'
import { type Decision, DROP, KEEP_UNWEIGHTED } from './sampling-decision.ts'
import { RatioSampler } from './sampling-ratio.ts'

/** One of `ratio` and `perSecond`. */
export interface ChoiceSettings {
  /** The part that is kept, 0 to 1: the same traces in every service that keeps this part or more. */
  ratio?: number
  /**
   * So many are kept a second, above 0. Their weight is not known, and not exported.
   * @see burst
   */
  perSecond?: number
  /** How many of `perSecond` may be saved up, 1 or more. @default `perSecond`, at least 1 */
  burst?: number
}

export interface Choice {
  decide(trace: TraceRandomness): Decision
}

/** Throws `TRI_ERR_OPTION` where neither or both are given. */
export function choiceOf(path: string, { ratio, perSecond, burst }: ChoiceSettings, clock: Clock): Choice {
  if (ratio !== undefined && perSecond === undefined && burst === undefined) {
    return new RatioSampler(aRatio(`${path}.ratio`, ratio))
  }
  if (perSecond === undefined || ratio !== undefined) {
    return rejectOption(path, 'one of ratio and perSecond', { ratio, perSecond })
  }
  if (!(perSecond > 0 && Number.isFinite(perSecond))) {
    rejectOption(`${path}.perSecond`, 'a number above 0', perSecond)
  }
  if (burst !== undefined && !(burst >= 1 && Number.isFinite(burst))) {
    rejectOption(`${path}.burst`, 'a number of 1 or more', burst)
  }
  return limited(perSecond, burst ?? Math.max(1, perSecond), clock)
}

/** So many a second. */
export function limited(perSecond: number, burst: number, clock: Clock): Choice {
  const limit = new RateLimit(perSecond, burst, clock)
  return { decide: () => (limit.take() ? KEEP_UNWEIGHTED : DROP) }
}

/** Throws `TRI_ERR_OPTION`. */
export function aRatio(path: string, value: unknown): number {
  return typeof value === 'number' && value >= 0 && value <= 1
    ? value
    : rejectOption(path, 'a ratio from 0 to 1', value)
}
