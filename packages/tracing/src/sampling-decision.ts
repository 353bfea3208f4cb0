/**
 * What a sampler answers, and how it is told to others: the threshold `th` in the `ot` member of `tracestate`, from which
 * a backend knows how many traces one stands for (OpenTelemetry specification, "TraceState: Probability Sampling").
 *
 * Invariant: a threshold goes out only with a decision that it explains; where the probability is not known, as behind a
 * rate limit, what stood there is erased. A decision is made once and shared: deciding allocates nothing.
 */
import type { TraceState } from '@opentelemetry/api'
import { type TraceRandomness, wordAt } from './ids.ts'
import { parseTracestate } from './tracestate.ts'

export interface Decision {
  readonly sampled: boolean
  /** `th`; `undefined` where the probability is not known. */
  readonly threshold: string | undefined
  /** The whole `tracestate` of a new trace, made once. */
  readonly state: TraceState | undefined
}

/** Not kept. */
export const DROP: Decision = { sampled: false, threshold: undefined, state: undefined }
/** Kept, and nobody knows with which probability. */
export const KEEP_UNWEIGHTED: Decision = { sampled: true, threshold: undefined, state: undefined }
/** Everything is kept. A new trace says nothing of it: one that has no weight counts as one. */
export const KEEP_ALL: Decision = { sampled: true, threshold: '0', state: undefined }

/** Kept with the probability that this threshold says. @param threshold 1 to 14 hex digits */
export function keptAt(threshold: string): Decision {
  return { sampled: true, threshold, state: parseTracestate(`${OT}=${TH}:${threshold}`) }
}

/** The member of OpenTelemetry in `tracestate`, and its keys for the threshold and for randomness. */
const OT = 'ot'
const TH = 'th'
const RV = 'rv'

/** The trace state of a span: its parent's, with the threshold of this decision in place of the parent's. */
export function stateAfter(parent: TraceState | undefined, decision: Decision): TraceState | undefined {
  if (parent === undefined) return decision.state
  return withThreshold(parent, decision.sampled ? decision.threshold : undefined)
}

/**
 * The parent's state for a span that follows its parent. A threshold that does not explain the parent's decision is
 * erased.
 */
export function stateFollowing(
  parent: TraceState | undefined,
  sampled: boolean,
  trace: TraceRandomness,
): TraceState | undefined {
  const threshold = parent === undefined ? undefined : subKey(parent.get(OT), TH)
  if (parent === undefined || threshold === undefined) return parent
  const isKept = isHex(threshold, 1, 14) && keeps(threshold, randomnessOf(parent, trace))
  return isKept === sampled ? parent : withThreshold(parent, undefined)
}

/** The random bits of a trace: those that its first service has put into `rv`, or those of its id. */
export function randomnessOf(state: TraceState | undefined, trace: TraceRandomness): TraceRandomness {
  const digits = state === undefined ? undefined : subKey(state.get(OT), RV)
  if (digits === undefined || !isHex(digits, 14, 14)) return trace
  const padded = `00${digits}`
  return { word2: wordAt(padded, 0), word3: wordAt(padded, 8) }
}

function keeps(threshold: string, { word2, word3 }: TraceRandomness): boolean {
  const padded = `00${threshold.padEnd(14, '0')}`
  const high = (word2 & 0xff_ff_ff) - wordAt(padded, 0)
  return high > 0 || (high === 0 && word3 >>> 0 >= wordAt(padded, 8) >>> 0)
}

/** Other keys of the member stay as they are. */
function withThreshold(state: TraceState, threshold: string | undefined): TraceState {
  const member = state.get(OT)
  const others = (member ?? '').split(';').filter((pair) => pair !== '' && !pair.startsWith(`${TH}:`))
  if (threshold !== undefined) others.push(`${TH}:${threshold}`)
  const text = others.join(';')
  if (text === (member ?? '')) return state
  return text === '' ? state.unset(OT) : state.set(OT, text)
}

function subKey(member: string | undefined, key: string): string | undefined {
  if (member === undefined) return undefined
  for (const pair of member.split(';')) if (pair.startsWith(`${key}:`)) return pair.slice(key.length + 1)
  return undefined
}

function isHex(text: string, min: number, max: number): boolean {
  return text.length >= min && text.length <= max && /^[0-9a-f]*$/.test(text)
}
