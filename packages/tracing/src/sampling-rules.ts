/**
 * Rules for new traces, by what is known when their first span starts. The first rule that fits decides.
 *
 * Invariant: what a rule asks is put together once; asking it runs no code of the app and no regular expression.
 */
import { type Context, SpanKind, type SpanOptions } from '@opentelemetry/api'
import { type Clock, HTTP_ATTRIBUTE, rejectOption, rejectUnknownKeys } from '@triscope/core'
import type { TraceRandomness } from './ids.ts'
import { type ChoiceSettings, choiceOf } from './sampling-choice.ts'
import type { Decision } from './sampling-decision.ts'
import { samplingHeader } from './sampling-headers.ts'
import { ATTRIBUTE } from './semconv.ts'
import { routePattern, textPattern } from './text-pattern.ts'

/** All conditions of a rule must hold; `*` in a text stands for any characters. */
export interface SamplingRule extends ChoiceSettings {
  /**
   * The route of a request: `/users/:id`, `/health*`. It is compared with the path that was sent, because no framework has
   * chosen a route yet when the span starts; of a longer path, the first 1 024 characters.
   */
  route?: string
  /** The method of a request, in any case: `GET`. */
  method?: string
  /** Headers of the request or the message: `{ 'x-debug': '1' }`. Names in any case; `*` for any value. */
  header?: Readonly<Record<string, string>>
  /** The name that the span starts with. A server span starts as its method, and gets its route at the end. */
  name?: string
  /** What kind of span begins the trace. */
  kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
}

const KINDS: Record<NonNullable<SamplingRule['kind']>, SpanKind> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
}

type Condition = (name: string, options: SpanOptions | undefined, context: Context) => boolean

interface Rule {
  readonly conditions: readonly Condition[]
  readonly choice: { decide(trace: TraceRandomness): Decision }
}

export class RuleSampler {
  readonly #rules: readonly Rule[]
  readonly #otherwise: Rule['choice']
  /** Names of the headers that rules ask for, in lower case. */
  readonly headers: readonly string[]

  /** Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
  constructor(rules: readonly SamplingRule[], otherwise: Rule['choice'], clock: Clock) {
    if (!Array.isArray(rules)) rejectOption('tracing.sampler.rules', 'a list of rules', rules)
    this.#rules = rules.map((rule, index) => ruleOf(`tracing.sampler.rules[${index}]`, rule, clock))
    this.#otherwise = otherwise
    const names = rules.flatMap(({ header }) => Object.keys(header ?? {}))
    this.headers = [...new Set(names.map((name) => name.toLowerCase()))]
  }

  decide(trace: TraceRandomness, name: string, options: SpanOptions | undefined, context: Context): Decision {
    for (const rule of this.#rules) {
      if (rule.conditions.every((holds) => holds(name, options, context))) return rule.choice.decide(trace)
    }
    return this.#otherwise.decide(trace)
  }
}

function ruleOf(path: string, rule: SamplingRule, clock: Clock): Rule {
  if (typeof rule !== 'object' || rule === null) rejectOption(path, 'a rule', rule)
  const { route, method, header, name, kind, ...choice } = rule
  const conditions: Condition[] = []
  if (route !== undefined) {
    const fits = routePattern(aText(`${path}.route`, route))
    conditions.push((_, options) => {
      const template = options?.attributes?.[ATTRIBUTE.httpRoute]
      const sent = options?.attributes?.[ATTRIBUTE.urlPath]
      return template === route || (typeof sent === 'string' && fits(sent))
    })
  }
  if (method !== undefined) {
    const wanted = aText(`${path}.method`, method).toUpperCase()
    conditions.push((_, options) => options?.attributes?.[HTTP_ATTRIBUTE.requestMethod] === wanted)
  }
  if (header !== undefined) {
    if (typeof header !== 'object' || header === null)
      rejectOption(`${path}.header`, 'names and values', header)
    for (const [key, value] of Object.entries(header)) {
      const lowerKey = key.toLowerCase()
      const fits = textPattern(aText(`${path}.header.${key}`, value))
      conditions.push((_name, _options, context) => {
        const text = samplingHeader(context, lowerKey)
        return text !== undefined && fits(text)
      })
    }
  }
  if (name !== undefined) {
    const fits = textPattern(aText(`${path}.name`, name))
    conditions.push((spanName) => typeof spanName === 'string' && fits(spanName))
  }
  if (kind !== undefined) {
    if (!Object.hasOwn(KINDS, kind))
      rejectOption(`${path}.kind`, `one of ${Object.keys(KINDS).join(', ')}`, kind)
    const wanted = KINDS[kind]
    conditions.push((_, options) => (options?.kind ?? SpanKind.INTERNAL) === wanted)
  }
  rejectUnknownKeys(path, choice, [
    'ratio',
    'perSecond',
    'burst',
    'route',
    'method',
    'header',
    'name',
    'kind',
  ])
  return { conditions, choice: choiceOf(path, choice, clock) }
}

function aText(path: string, value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : rejectOption(path, 'some text', value)
}
