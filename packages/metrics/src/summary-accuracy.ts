/** What a summary can promise about its quantiles, and the sketch that keeps each promise. */
import { rejectOption } from '@triscope/core'
import type { InstrumentOptions } from './instrument.ts'
import { RankSketch, type Target } from './rank-sketch.ts'
import { SlidingWindow, type WindowClock } from './sliding-window.ts'
import { schemaForError, ValueSketch } from './value-sketch.ts'

/** What a summary takes. */
export interface SummaryOptions<L extends string = never> extends InstrumentOptions<L> {
  /**
   * Quantiles, 0 to 1, and how far each may be off in rank, 0.0001 to 0.5: with `{ 0.99: 0.001 }` what is exposed for
   * 0.99 is some value between the exact 0.989 and 0.991. 0 and 1 are exact. Not together with `relativeError`.
   * @default none: `relativeError` holds
   */
  objectives?: Readonly<Record<number, number>>
  /**
   * How far the value of a quantile may be off, as a part of it, 0.0007 to 0.5: with 0.01 what is exposed for an exact
   * 2 s is between 1.98 and 2.02 s. The fastest, and several times more exact than asked on average. Where values lie
   * more than 32 octaves apart at 0.01, the smallest lose their promise.
   * @default 0.01, unless there are objectives
   */
  relativeError?: number
  /**
   * Which quantiles are exposed with `relativeError`, 0 to 1.
   * @default [0.5, 0.9, 0.95, 0.99]
   */
  quantiles?: readonly number[]
  /**
   * Seconds after which an observation no longer counts for the quantiles, 1 or more; `_sum` and `_count` are of all.
   * @default 600
   */
  maxAgeSeconds?: number
  /**
   * In how many steps that happens, 1 to 60: quantiles are of the last `maxAgeSeconds`, less up to one step of it.
   * @default 5
   */
  ageBuckets?: number
}

/** {@link SummaryOptions}, resolved. */
export interface SummaryShape {
  readonly quantiles: readonly number[]
  readonly maxAgeMs: number
  readonly ageBuckets: number
  /** Either bounds the error of rank, or that of the value. */
  readonly accuracy: { readonly targets: readonly Target[] } | { readonly schema: number }
}

/** The names of the options that a summary has besides those of every instrument. */
export const SUMMARY_KEYS: readonly string[] = [
  'objectives',
  'relativeError',
  'quantiles',
  'maxAgeSeconds',
  'ageBuckets',
]

const MAX_QUANTILES = 50
const MAX_AGE_BUCKETS = 60

const defaults = {
  relativeError: 0.01,
  quantiles: [0.5, 0.9, 0.95, 0.99],
  maxAgeSeconds: 600,
  ageBuckets: 5,
} as const

/** Throws `TRI_ERR_OPTION` naming the field. */
export function checkSummary(owner: string, options: SummaryOptions<string>): SummaryShape {
  const { maxAgeSeconds = defaults.maxAgeSeconds, ageBuckets = defaults.ageBuckets } = options
  if (!(typeof maxAgeSeconds === 'number' && maxAgeSeconds >= 1 && maxAgeSeconds < Infinity)) {
    rejectOption(`${owner}.maxAgeSeconds`, 'a number of seconds, 1 or more', maxAgeSeconds)
  }
  if (!(Number.isSafeInteger(ageBuckets) && ageBuckets >= 1 && ageBuckets <= MAX_AGE_BUCKETS)) {
    rejectOption(`${owner}.ageBuckets`, `a whole number from 1 to ${MAX_AGE_BUCKETS}`, ageBuckets)
  }
  const age = { maxAgeMs: maxAgeSeconds * 1000, ageBuckets }
  if (options.objectives === undefined) {
    const { relativeError = defaults.relativeError, quantiles = defaults.quantiles } = options
    const schema =
      typeof relativeError === 'number' && relativeError < 1 ? schemaForError(relativeError) : undefined
    if (schema === undefined || relativeError > 0.5) {
      return rejectOption(`${owner}.relativeError`, 'a number from 0.0007 to 0.5', relativeError)
    }
    return { ...age, quantiles: checkQuantiles(owner, quantiles), accuracy: { schema } }
  }
  if (options.relativeError !== undefined || options.quantiles !== undefined) {
    rejectOption(owner, 'objectives, or relativeError and quantiles, but not both', options)
  }
  const targets = checkObjectives(owner, options.objectives)
  return { ...age, quantiles: targets.map(({ quantile }) => quantile), accuracy: { targets } }
}

/** Compares definitions. */
export function summaryIdentity(shape: SummaryShape): string {
  return JSON.stringify(shape)
}

/** An empty window with the sketch that keeps the promise. */
export function windowOf(
  { accuracy }: SummaryShape,
  clock: WindowClock,
): SlidingWindow<RankSketch> | SlidingWindow<ValueSketch> {
  return 'schema' in accuracy
    ? new SlidingWindow(clock, () => new ValueSketch(accuracy.schema))
    : new SlidingWindow(clock, () => new RankSketch(accuracy.targets))
}

function checkObjectives(owner: string, given: unknown): readonly Target[] {
  const path = `${owner}.objectives`
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return rejectOption(path, 'an object of quantiles and their errors', given)
  }
  const quantiles = Object.keys(given).map((key) => (key.trim() === '' ? Number.NaN : Number(key)))
  checkQuantiles(owner, quantiles, path)
  return Object.entries(given as Record<string, unknown>)
    .map(([key, error]) => {
      if (typeof error === 'number' && error >= 0.0001 && error <= 0.5)
        return { quantile: Number(key), error }
      return rejectOption(`${path}.${key}`, 'an error from 0.0001 to 0.5', error)
    })
    .sort((a, b) => a.quantile - b.quantile)
}

function checkQuantiles(owner: string, given: unknown, path = `${owner}.quantiles`): readonly number[] {
  if (!Array.isArray(given) || given.length === 0 || given.length > MAX_QUANTILES) {
    return rejectOption(path, `1 to ${MAX_QUANTILES} quantiles`, given)
  }
  const list: readonly unknown[] = given
  for (const quantile of list) {
    if (!(typeof quantile === 'number' && quantile >= 0 && quantile <= 1)) {
      rejectOption(path, 'quantiles from 0 to 1', quantile)
    }
  }
  const sorted = [...new Set(list as readonly number[])].sort((a, b) => a - b)
  return sorted.length === list.length ? sorted : rejectOption(path, 'each quantile once', given)
}
