/**
 * Starts spans: finds the parent, asks the sampler, makes the span that the decision calls for.
 *
 * Invariant: `startSpan` returns a span whatever it is given; the trace id of the parent is always carried on.
 */
import {
  type Context,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type Tracer,
  type TraceState,
  trace,
} from '@opentelemetry/api'
import { activeContext, contextWithSpan, installContext, isUntraced } from '@triscope/core'
import type { Engine } from './engine.ts'
import { newTraceIdentity, nonZeroWord, randomWord, type TraceIdentity, traceIdentityOf } from './ids.ts'
import { linkedCaller } from './inbound.ts'
import { LocalSpan, UnsampledSpan } from './local-span.ts'
import { DeferredSpanContext } from './propagation-format.ts'
import { isForeignSampler, NOT_RECORD, RECORD_AND_SAMPLED } from './sampler.ts'
import { randomnessOf, stateAfter, stateFollowing } from './sampling-decision.ts'
import type { Scope } from './scope.ts'
import { RecordingSpan } from './span.ts'
import { type ParentIds, SpanRecord, textOf } from './span-record.ts'
import { fromMs, fromTimeInput } from './span-time.ts'
import { isValidSpanContext, RANDOM_FLAG, SAMPLED_FLAG } from './traceparent.ts'

/** Stands where nothing may be traced. */
const NO_SPAN: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)

export class SpanTracer implements Tracer {
  readonly #engine: Engine
  readonly #scope: Scope

  constructor(engine: Engine, scope: Scope) {
    this.#engine = engine
    this.#scope = scope
  }

  startSpan(name: string, options?: SpanOptions, context: Context = activeContext()): Span {
    try {
      return this.#start(name, options, context)
    } catch (error) {
      // Options behind a getter or a proxy that throws.
      this.#engine.diagnostics.dropped('traces', 'VALUE_INVALID')
      this.#engine.diagnostics.failed('TRI_ERR_SPAN_START', error)
      return NO_SPAN
    }
  }

  startActiveSpan<F extends (span: Span) => unknown>(name: string, fn: F): ReturnType<F>
  startActiveSpan<F extends (span: Span) => unknown>(name: string, options: SpanOptions, fn: F): ReturnType<F>
  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    options: SpanOptions,
    context: Context,
    fn: F,
  ): ReturnType<F>
  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    ...rest: [F] | [SpanOptions, F] | [SpanOptions, Context, F]
  ): ReturnType<F> {
    const fn = rest[rest.length - 1] as F
    const options = rest.length > 1 ? (rest[0] as SpanOptions) : undefined
    const parent = rest.length > 2 ? (rest[1] as Context) : activeContext()
    const span = this.startSpan(name, options, parent)
    return installContext().run(contextWithSpan(parent, span), () => fn(span)) as ReturnType<F>
  }

  #start(name: string, options: SpanOptions | undefined, context: Context): Span {
    const engine = this.#engine
    // The root context carries nothing, and most spans without a parent are started in it.
    if (context !== ROOT_CONTEXT && isUntraced(context)) return NO_SPAN
    const parentSpan = options?.root === true ? undefined : trace.getSpan(context)
    // Spans of another copy of this class, or of another SDK, take the longer way to the same result.
    const local = parentSpan instanceof LocalSpan ? parentSpan : undefined
    const foreign = local === undefined ? validContext(parentSpan) : undefined
    const parent: LocalSpan | SpanContext | undefined = local ?? foreign
    const randomFlag = parent === undefined ? RANDOM_FLAG : parent.traceFlags & RANDOM_FLAG
    let traceState: TraceState | undefined = parent?.traceState
    let sampled: boolean
    let recorded: boolean
    const { sampler } = engine
    let samplerAttributes: SpanOptions['attributes']
    let identity: TraceIdentity | undefined =
      local?.trace ?? (foreign === undefined ? undefined : traceIdentityOf(foreign.traceId))
    if (identity === undefined) drawRandomness()
    if (engine.closed) {
      sampled = recorded = false
    } else if (isForeignSampler(sampler)) {
      identity ??= newTraceIdentity(random)
      const parentContext = options?.root === true ? trace.deleteSpan(context) : context
      const kind = options?.kind ?? SpanKind.INTERNAL
      const result = sampler.shouldSample(
        parentContext,
        identity.hex,
        name,
        kind,
        options?.attributes ?? {},
        options?.links ?? [],
      )
      sampled = result.decision === RECORD_AND_SAMPLED
      recorded = result.decision !== NOT_RECORD
      traceState = result.traceState ?? traceState
      samplerAttributes = result.attributes
    } else {
      if (identity === undefined) {
        // A context that somebody made, by `continueTrace` for instance, is none that was lost.
        if (engine.watch !== undefined && context === ROOT_CONTEXT && options?.root !== true) {
          engine.watch.detached(name, kindOf(options?.kind))
        }
        const decision = sampler.decide(random, name, options, context)
        sampled = recorded = decision.sampled
        traceState = decision.state
      } else if (foreign !== undefined && decidesAnew(foreign, engine.parentBased)) {
        const decision = sampler.decide(randomnessOf(traceState, identity), name, options, context)
        sampled = recorded = decision.sampled
        traceState = stateAfter(traceState, decision)
      } else {
        sampled = recorded = ((parent?.traceFlags ?? 0) & SAMPLED_FLAG) !== 0
        if (foreign !== undefined) traceState = stateFollowing(traceState, sampled, identity)
      }
    }
    const traceFlags = randomFlag | (sampled ? SAMPLED_FLAG : 0)
    if (!recorded) {
      if (engine.closed) engine.countClosed()
      else engine.countUnsampled()
      return new UnsampledSpan(identity, random, traceFlags, traceState)
    }
    identity ??= newTraceIdentity(random)
    const record = this.#record(name, options, local, foreign)
    const span = new RecordingSpan(engine, record, identity, traceFlags, traceState)
    if (options?.attributes !== undefined) span.setAttributes(options.attributes)
    if (samplerAttributes !== undefined) span.setAttributes(samplerAttributes)
    if (options?.links !== undefined) span.addLinks(options.links)
    const caller = parent === undefined && engine.linksCallers ? linkedCaller(context) : undefined
    if (caller !== undefined) span.addLink({ context: caller })
    engine.spanStarted(span, context)
    return span
  }

  #record(
    name: string,
    options: SpanOptions | undefined,
    local: LocalSpan | undefined,
    foreign: SpanContext | undefined,
  ): SpanRecord {
    const engine = this.#engine
    const monotonicMs = engine.monotonicMs()
    const known = local instanceof RecordingSpan ? local.offsetMs : undefined
    const offsetMs = known ?? engine.offsetMs(monotonicMs)
    const given = options?.startTime
    const startTime = given === undefined ? undefined : fromTimeInput(given, offsetMs, monotonicMs)
    return new SpanRecord(
      typeof name === 'string' ? name : textOf(name),
      kindOf(options?.kind),
      this.#scope,
      parentIds(local, foreign),
      offsetMs,
      startTime ?? fromMs(offsetMs + monotonicMs),
    )
  }
}

/** Of the trace that may begin next. One object for all: most of the traces of a busy service are never made. */
const random = { word2: 0, word3: 0 }

function drawRandomness(): void {
  random.word2 = randomWord()
  // Not zero, so that no trace id is all zeros.
  random.word3 = nonZeroWord()
}

/** A caller's trace is decided here where the caller has left it to us, or where we do not follow. */
function decidesAnew(caller: SpanContext, parentBased: boolean): boolean {
  return caller instanceof DeferredSpanContext || (!parentBased && caller.isRemote === true)
}

function validContext(span: Span | undefined): SpanContext | undefined {
  const context = span?.spanContext()
  return context !== undefined && isValidSpanContext(context) ? context : undefined
}

/** A copy of the parent's ids: holding the parent itself would hold the whole chain above it. */
function parentIds(local: LocalSpan | undefined, foreign: SpanContext | undefined): ParentIds | undefined {
  if (local !== undefined) {
    const { idWord0, idWord1, traceFlags } = local
    return { idWord0, idWord1, traceFlags, foreign: undefined }
  }
  if (foreign === undefined) return undefined
  return { idWord0: 0, idWord1: 0, traceFlags: foreign.traceFlags, foreign }
}

function kindOf(kind: unknown): SpanKind {
  return typeof kind === 'number' && kind >= SpanKind.INTERNAL && kind <= SpanKind.CONSUMER
    ? kind
    : SpanKind.INTERNAL
}
