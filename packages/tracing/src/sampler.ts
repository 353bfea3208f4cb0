/**
 * Which traces are kept: a trace that came in as its caller decided, a new one by a ratio.
 */
import type { Sampler } from '@opentelemetry/sdk-trace-base'
import { rejectOption } from '@triscope/core'
import { type TraceIdentity, traceIdentityOf } from './ids.ts'

/** `SamplingDecision` of sdk-trace-base, whose code is not loaded for two numbers. */
export const NOT_RECORD = 0
export const RECORD_AND_SAMPLED = 2

/** The decision for new traces. */
export interface RootSampler {
  keeps(trace: TraceIdentity): boolean
}

/** A ratio of new traces; a foreign sampler is asked for every span. */
export type SamplerOption = Sampler | number

/** Checks the option and makes the sampler; throws `TRI_ERR_OPTION`. */
export function resolveSampler(option: SamplerOption): RootSampler | Sampler {
  if (typeof option === 'number') {
    if (!(option >= 0 && option <= 1))
      rejectOption('tracing.sampler', 'a ratio from 0 to 1, or a sampler', option)
    return new RatioSampler(option)
  }
  if (typeof option !== 'object' || option === null || typeof option.shouldSample !== 'function') {
    rejectOption('tracing.sampler', 'a ratio from 0 to 1, or a sampler', option)
  }
  return option
}

/**
 * Keeps this part of all traces, 0 to 1, whatever their caller decided: OpenTelemetry's `always_on`, `always_off` and
 * `traceidratio`. Throws `TRI_ERR_OPTION`.
 */
export function ratioSampler(ratio: number): Sampler {
  const root = resolveSampler(ratio) as RootSampler
  return {
    shouldSample: (_, traceId) => ({
      decision: root.keeps(traceIdentityOf(traceId)) ? RECORD_AND_SAMPLED : NOT_RECORD,
    }),
    toString: () => `RatioSampler{${ratio}}`,
  }
}

/** Whether the sampler wants the whole span, as OpenTelemetry's do. */
export function isForeignSampler(sampler: RootSampler | Sampler): sampler is Sampler {
  return 'shouldSample' in sampler
}

/**
 * Compares the last 56 bits of the trace id with a threshold (OpenTelemetry specification, "TraceState: Probability
 * Sampling"), so that every service that follows it keeps the same traces for the same ratio.
 */
class RatioSampler implements RootSampler {
  /** The threshold in two parts, because 56 bits do not fit a double. */
  readonly #high: number
  readonly #low: number

  constructor(ratio: number) {
    const threshold = Math.round((1 - ratio) * 2 ** 56)
    this.#high = Math.floor(threshold / 2 ** 32)
    this.#low = threshold % 2 ** 32
  }

  keeps(trace: TraceIdentity): boolean {
    const high = trace.word2 & 0xff_ff_ff
    return high > this.#high || (high === this.#high && trace.word3 >>> 0 >= this.#low)
  }
}
