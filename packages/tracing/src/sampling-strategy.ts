/**
 * What a Jaeger server says about sampling: `SamplingStrategyResponse` as JSON (jaeger-idl, `sampling.proto`), with all
 * three strategies.
 *
 * Invariant: an answer is taken as a whole or not at all, and holds a bounded number of operations.
 */
import { SpanKind, type SpanOptions } from '@opentelemetry/api'
import { type Clock, HTTP_ATTRIBUTE } from '@triscope/core'
import type { TraceRandomness } from './ids.ts'
import { type Choice, limited } from './sampling-choice.ts'
import type { Decision } from './sampling-decision.ts'
import { RatioSampler } from './sampling-ratio.ts'
import { ATTRIBUTE } from './semconv.ts'
import { routePattern } from './text-pattern.ts'

/** What decides once an answer was taken. */
export interface Strategy {
  decide(trace: TraceRandomness, name: string, options: SpanOptions | undefined): Decision
}

/** As many as Jaeger's clients keep; further ones are sampled as the default says. */
const MAX_OPERATIONS = 2_000

/** Reads an answer. Throws an `Error` that says what is wrong with it. */
export function parseStrategy(answer: unknown, clock: Clock): Strategy {
  const { operationSampling, probabilisticSampling, rateLimitingSampling } = anObject(answer, 'the answer')
  if (operationSampling !== undefined && operationSampling !== null) {
    return new OperationStrategy(anObject(operationSampling, 'operationSampling'), clock)
  }
  if (probabilisticSampling !== undefined && probabilisticSampling !== null) {
    return new RatioSampler(ratioIn(probabilisticSampling, 'probabilisticSampling'))
  }
  const { maxTracesPerSecond } = anObject(rateLimitingSampling, 'rateLimitingSampling')
  const perSecond = aNumber(maxTracesPerSecond, 0, Number.MAX_SAFE_INTEGER, 'maxTracesPerSecond')
  return limited(perSecond, perSecond === 0 ? 0 : Math.max(1, perSecond), clock)
}

/**
 * A ratio for each operation, and for each so many a second at least. An operation is named as its span starts; that of a
 * request may also be `GET /users/:id`, because the span of one starts as `GET`.
 */
class OperationStrategy implements Strategy {
  readonly #named = new Map<string, Choice>()
  readonly #routes: { readonly fits: (request: string) => boolean; readonly choice: Choice }[] = []
  readonly #others: Choice

  constructor(sampling: Record<string, unknown>, clock: Clock) {
    const { perOperationStrategies, defaultSamplingProbability, defaultLowerBoundTracesPerSecond } = sampling
    const lowerBound = aNumber(
      defaultLowerBoundTracesPerSecond ?? 0,
      0,
      Number.MAX_SAFE_INTEGER,
      'defaultLowerBoundTracesPerSecond',
    )
    const ratio = aNumber(defaultSamplingProbability ?? 0, 0, 1, 'defaultSamplingProbability')
    this.#others = atLeast(lowerBound, ratio, clock)
    const list = perOperationStrategies ?? []
    if (!Array.isArray(list)) throw new Error('perOperationStrategies is no list')
    for (const entry of list.slice(0, MAX_OPERATIONS) as unknown[]) {
      const { operation, probabilisticSampling } = anObject(entry, 'an operation')
      if (typeof operation !== 'string') throw new Error('an operation has no name')
      const choice = atLeast(lowerBound, ratioIn(probabilisticSampling, operation), clock)
      this.#named.set(operation, choice)
      if (/[:*]/.test(operation)) this.#routes.push({ fits: routePattern(operation), choice })
    }
  }

  decide(trace: TraceRandomness, name: string, options: SpanOptions | undefined): Decision {
    return (this.#ofRequest(options) ?? this.#named.get(name) ?? this.#others).decide(trace)
  }

  #ofRequest(options: SpanOptions | undefined): Choice | undefined {
    if (options?.kind !== SpanKind.SERVER) return undefined
    const path = options.attributes?.[ATTRIBUTE.urlPath]
    if (typeof path !== 'string') return undefined
    const request = `${String(options.attributes?.[HTTP_ATTRIBUTE.requestMethod])} ${path}`
    return this.#named.get(request) ?? this.#routes.find(({ fits }) => fits(request))?.choice
  }
}

/** The bound is used up by what the ratio keeps too: it adds only where the ratio keeps too few. */
function atLeast(perSecond: number, ratio: number, clock: Clock): Choice {
  const sampler = new RatioSampler(ratio)
  if (perSecond === 0) return sampler
  const bound = limited(perSecond, Math.max(1, perSecond), clock)
  return {
    decide(trace) {
      const byRatio = sampler.decide(trace)
      const byBound = bound.decide(trace)
      return byRatio.sampled ? byRatio : byBound
    },
  }
}

function ratioIn(value: unknown, what: string): number {
  return aNumber(anObject(value, what)['samplingRate'] ?? 0, 0, 1, `samplingRate of ${what}`)
}

function anObject(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw new Error(`${what} is no object`)
}

function aNumber(value: unknown, min: number, max: number, what: string): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw new Error(`${what}: expected a number from ${min} to ${max}`)
}
