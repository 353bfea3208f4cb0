/**
 * A metric family: what stands above its samples, and which names it takes for itself.
 *
 * Invariant: two families whose names meet in any format are never exposed together.
 * OpenMetrics 1.0, "MetricFamily"; Prometheus text format 0.0.4, "Comments, help text, and type information".
 */

/** The kinds of families that can be exposed. */
export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'info' | 'unknown'

/** The formats an exposition can have. */
export type Format = 'text' | 'openmetrics' | 'protobuf'

/** The kinds of instruments: several are exposed as one type. */
export type InstrumentKind =
  | 'counter'
  | 'upDownCounter'
  | 'gauge'
  | 'histogram'
  | 'summary'
  | 'info'
  | 'observableCounter'
  | 'observableUpDownCounter'
  | 'observableGauge'

/** What messages call an instrument. */
const KIND_WORDS: Readonly<Record<InstrumentKind, string>> = {
  counter: 'counter',
  upDownCounter: 'up-down counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  info: 'info',
  observableCounter: 'observable counter',
  observableUpDownCounter: 'observable up-down counter',
  observableGauge: 'observable gauge',
}

/** The type that the samples of a kind of instrument have. */
export const TYPE_OF_KIND: Readonly<Record<InstrumentKind, FamilyType>> = {
  counter: 'counter',
  upDownCounter: 'gauge',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  info: 'info',
  observableCounter: 'counter',
  observableUpDownCounter: 'gauge',
  observableGauge: 'gauge',
}

/** What messages call a kind, or an instrument by its name: `histogram "job_seconds"`. */
export function kindText(kind: InstrumentKind): string {
  return KIND_WORDS[kind]
}

/** What messages call the owner of a family. */
export function ownerText({ base, kind, type }: FamilyHead): string {
  return `${kind === undefined ? type : kindText(kind)} "${base}"`
}

/** What stands above the samples of a family. */
export interface FamilyHead {
  /** Of an instrument; `undefined` for the families of a source. */
  readonly kind: InstrumentKind | undefined
  /** The name without `_total` or `_info`: OpenMetrics calls the family so. */
  readonly base: string
  readonly type: FamilyType
  readonly help: string
  /** In OpenMetrics a line of its own; the name must end with it. */
  readonly unit: string | undefined
}

/** The name without the suffix that its type adds to every sample. */
export function baseName(name: string, type: FamilyType): string {
  const suffix = ownSuffix(type)
  return suffix !== '' && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name
}

/** What the samples of a type without parts are called: a counter's end in `_total`, an info's in `_info`. */
export function sampleName({ base, type }: FamilyHead): string {
  return base + ownSuffix(type)
}

/** Every name that the family's lines use in any format, or that OpenMetrics reserves for them. */
export function claimedNames(base: string, type: FamilyType): readonly string[] {
  return CLAIMED_SUFFIXES[type].map((suffix) => base + suffix)
}

/** Escapes a label value, an exemplar's, and in OpenMetrics the help text: backslash, double quote, line feed. */
export function escapeLabelValue(text: string): string {
  return /[\\"\n]/.test(text) ? text.replace(/[\\"\n]/g, escaped) : text
}

/** Text format 0.0.4 escapes the backslash and the line feed in help texts, and leaves quotes alone. */
export function escapeHelp(text: string): string {
  return text.replace(/[\\\n]/g, escaped)
}

function escaped(mark: string): string {
  return mark === '\n' ? '\\n' : `\\${mark}`
}

function ownSuffix(type: FamilyType): string {
  return type === 'counter' ? '_total' : type === 'info' ? '_info' : ''
}

const CLAIMED_SUFFIXES: Readonly<Record<FamilyType, readonly string[]>> = {
  counter: ['', '_total', '_created'],
  gauge: [''],
  histogram: ['', '_bucket', '_sum', '_count', '_created'],
  summary: ['', '_sum', '_count', '_created'],
  info: ['', '_info'],
  unknown: [''],
}

/** The text format knows fewer types: an info is a gauge that is always 1. */
export const TEXT_TYPES: Readonly<Record<FamilyType, string>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  info: 'gauge',
  unknown: 'untyped',
}
