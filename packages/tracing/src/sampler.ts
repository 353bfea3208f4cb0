/**
 * Which traces are kept: one that came in as its caller decided, a new one as the option says.
 *
 * Invariant: a span below another one of this process follows it, so that no trace is torn; only a sampler written for
 * OpenTelemetry is asked for every span.
 */
import type { Context, SpanOptions } from '@opentelemetry/api'
import type { Sampler } from '@opentelemetry/sdk-trace-base'
import { rejectOption, rejectUnknownKeys } from '@triscope/core'
import type { TraceRandomness } from './ids.ts'
import { type Choice, type ChoiceSettings, choiceOf } from './sampling-choice.ts'
import { type Decision, KEEP_ALL } from './sampling-decision.ts'
import { RatioSampler } from './sampling-ratio.ts'
import { type JaegerRemoteOptions, type RemoteParts, RemoteSampler } from './sampling-remote.ts'
import { RuleSampler, type SamplingRule } from './sampling-rules.ts'

/** `SamplingDecision` of sdk-trace-base, whose code is not loaded for two numbers. */
export const NOT_RECORD = 0
export const RECORD_AND_SAMPLED = 2

/** The decision for the first span of a trace in this process. */
export interface TraceSampler {
  decide(trace: TraceRandomness, name: string, options: SpanOptions | undefined, context: Context): Decision
  /** Headers it wants to see, in lower case. */
  readonly headers?: readonly string[]
  shutdown?(): void
}

/** One of `ratio`, `perSecond`, `rules` and `jaegerRemote`. */
export interface SamplerSettings extends ChoiceSettings {
  /** The first rule that fits decides. */
  rules?: readonly SamplingRule[]
  /** What decides where no rule fits. @default 1, everything is kept */
  default?: number | ChoiceSettings
  /** As a Jaeger server says. */
  jaegerRemote?: JaegerRemoteOptions
  /**
   * `true`: a trace that came in stays as its caller decided. `false`: it is decided anew, also where its caller has
   * dropped it.
   * @default true
   */
  parentBased?: boolean
}

/** A ratio of new traces, settings, or a sampler written for OpenTelemetry, which is then asked for every span. */
export type SamplerOption = Sampler | SamplerSettings | number

/** What all code reads. */
export interface ResolvedSampler {
  readonly sampler: TraceSampler | Sampler
  readonly parentBased: boolean
}

const KEYS: readonly string[] = [
  'ratio',
  'perSecond',
  'burst',
  'rules',
  'default',
  'jaegerRemote',
  'parentBased',
]
const PATH = 'tracing.sampler'

/** Checks the option and makes the sampler. Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function resolveSampler(option: SamplerOption, parts: RemoteParts): ResolvedSampler {
  if (typeof option === 'number' && option >= 0 && option <= 1) {
    return { sampler: new RatioSampler(option), parentBased: true }
  }
  if (typeof option !== 'object' || option === null) {
    return rejectOption(PATH, 'a ratio from 0 to 1, settings, or a Sampler', option)
  }
  if (isForeignSampler(option)) return { sampler: option, parentBased: true }
  rejectUnknownKeys(PATH, option, KEYS)
  const { parentBased = true } = option
  if (typeof parentBased !== 'boolean') rejectOption(`${PATH}.parentBased`, 'true or false', parentBased)
  return { sampler: samplerOf(option, parts), parentBased }
}

function samplerOf(settings: SamplerSettings, parts: RemoteParts): TraceSampler {
  const { rules, default: otherwise, jaegerRemote, ratio, perSecond, burst } = settings
  const choice = {
    ...(ratio === undefined ? {} : { ratio }),
    ...(perSecond === undefined ? {} : { perSecond }),
    ...(burst === undefined ? {} : { burst }),
  }
  const given = [rules, jaegerRemote, ratio ?? perSecond].filter((one) => one !== undefined)
  if (given.length !== 1 || (otherwise !== undefined && rules === undefined)) {
    return rejectOption(PATH, 'one of ratio, perSecond, rules (with default) and jaegerRemote', settings)
  }
  if (jaegerRemote !== undefined) return new RemoteSampler(`${PATH}.jaegerRemote`, jaegerRemote, parts)
  if (rules === undefined) return choiceOf(PATH, choice, parts.clock)
  return new RuleSampler(rules, otherwiseOf(otherwise, parts), parts.clock)
}

function otherwiseOf(otherwise: SamplerSettings['default'], { clock }: RemoteParts): Choice {
  if (otherwise === undefined) return EVERYTHING
  const settings = typeof otherwise === 'number' ? { ratio: otherwise } : otherwise
  if (typeof settings !== 'object' || settings === null) {
    return rejectOption(`${PATH}.default`, 'a ratio from 0 to 1, or { perSecond }', otherwise)
  }
  rejectUnknownKeys(`${PATH}.default`, settings, ['ratio', 'perSecond', 'burst'])
  return choiceOf(`${PATH}.default`, settings, clock)
}

const EVERYTHING: Choice = { decide: () => KEEP_ALL }

/** Whether the sampler wants the whole span, as OpenTelemetry's do. */
export function isForeignSampler(sampler: TraceSampler | Sampler | SamplerSettings): sampler is Sampler {
  return 'shouldSample' in sampler && typeof sampler.shouldSample === 'function'
}
