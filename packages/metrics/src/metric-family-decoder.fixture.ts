/**
 * Reads delimited `io.prometheus.client.MetricFamily` messages with a protobuf reader that is not ours. The fields are
 * those of client_model's `metrics.proto`; one that is not in it fails the test.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire'

type Read = (reader: BinaryReader) => unknown
interface Field {
  readonly name: string
  readonly read: Read
  readonly isList?: boolean
}

/** A message as an object: fields by name, repeated ones as lists. */
export type Message = Record<string, unknown>

export interface DecodedFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly unit: string | undefined
  readonly metrics: readonly DecodedMetric[]
}

export interface DecodedMetric {
  readonly labels: Readonly<Record<string, string>>
  /** `gauge`, `counter`, `summary`, `untyped` or `histogram`. */
  readonly kind: string
  readonly point: Message
}

const text = (name: string): Field => ({ name, read: (r) => r.string() })
const double = (name: string): Field => ({ name, read: (r) => r.double() })
const whole = (name: string): Field => ({ name, read: (r) => Number(r.uint64()) })
const int = (name: string): Field => ({ name, read: (r) => Number(r.int64()) })
const signed = (name: string): Field => ({ name, read: (r) => Number(r.sint64()) })
const list = (field: Field): Field => ({ ...field, isList: true })
const message = (name: string, fields: () => Record<number, Field>): Field => ({
  name,
  read: (r) => decoded(r.bytes(), fields()),
})

const LABEL = { 1: text('name'), 2: text('value') }
const TIME = { 1: int('seconds'), 2: int('nanos') }
const EXEMPLAR: Record<number, Field> = {
  1: list(message('label', () => LABEL)),
  2: double('value'),
  3: message('timestamp', () => TIME),
}
const created = message('created', () => TIME)
const exemplar = message('exemplar', () => EXEMPLAR)
const SPAN = { 1: signed('offset'), 2: whole('length') }
const span = (name: string): Field => list(message(name, () => SPAN))
const BUCKET = { 1: whole('count'), 2: double('bound'), 3: exemplar, 4: double('countFloat') }
const QUANTILE = { 1: double('quantile'), 2: double('value') }
const HISTOGRAM = {
  1: whole('count'),
  2: double('sum'),
  3: list(message('bucket', () => BUCKET)),
  4: double('countFloat'),
  5: signed('schema'),
  6: double('zeroThreshold'),
  7: whole('zeroCount'),
  9: span('negativeSpan'),
  10: list(signed('negativeDelta')),
  12: span('positiveSpan'),
  13: list(signed('positiveDelta')),
  15: created,
  16: list(message('exemplars', () => EXEMPLAR)),
}
const METRIC = {
  1: list(message('label', () => LABEL)),
  2: message('gauge', () => ({ 1: double('value') })),
  3: message('counter', () => ({ 1: double('value'), 2: exemplar, 3: created })),
  4: message('summary', () => ({
    1: whole('count'),
    2: double('sum'),
    3: list(message('quantile', () => QUANTILE)),
    4: created,
  })),
  5: message('untyped', () => ({ 1: double('value') })),
  7: message('histogram', () => HISTOGRAM),
}
const FAMILY = {
  1: text('name'),
  2: text('help'),
  3: whole('type'),
  4: list(message('metric', () => METRIC)),
  5: text('unit'),
}
const TYPES = ['counter', 'gauge', 'summary', 'untyped', 'histogram']

/** All families; throws on a field that is unknown, a name that stands twice, and a series that does. */
export function decodeFamilies(bytes: Uint8Array): DecodedFamily[] {
  const reader = new BinaryReader(bytes)
  const families: DecodedFamily[] = []
  const seen = new Set<string>()
  while (reader.pos < reader.len) {
    const family = decoded(reader.bytes(), FAMILY)
    const { name, help = '', type, unit, metric = [] } = family as { name: string } & Message
    if (seen.has(name)) throw new Error(`family twice: ${name}`)
    seen.add(name)
    const metrics = (metric as Message[]).map((each) => metricOf(name, each, seen))
    families.push({
      name,
      help: help as string,
      type: TYPES[type as number] ?? 'unknown',
      unit: unit as string | undefined,
      metrics,
    })
  }
  return families
}

/** Counts by bucket index, from spans and deltas. */
export function bucketsOf(spans: unknown = [], deltas: unknown = []): Record<number, number> {
  const counts: Record<number, number> = {}
  const rest = [...(deltas as number[])]
  let index = 0
  let count = 0
  for (const { offset, length } of spans as { offset: number; length: number }[]) {
    index += offset
    for (let i = 0; i < length; i++) {
      count += rest.shift() ?? Number.NaN
      if (count !== 0) counts[index] = count
      index++
    }
  }
  if (rest.length > 0) throw new Error('more deltas than buckets')
  return counts
}

function metricOf(name: string, metric: Message, seen: Set<string>): DecodedMetric {
  const { label = [], ...points } = metric
  const pairs = (label as { name: string; value: string }[]).map((pair) => [pair.name, pair.value] as const)
  const labels = Object.fromEntries(pairs)
  if (Object.keys(labels).length !== pairs.length) throw new Error(`label twice: ${name}`)
  const key = JSON.stringify([name, ...pairs.map((pair) => pair.join('=')).sort()])
  if (seen.has(key)) throw new Error(`series twice: ${key}`)
  seen.add(key)
  const [found, ...others] = Object.entries(points)
  if (found === undefined || others.length > 0) throw new Error(`not one point: ${name}`)
  return { labels, kind: found[0], point: found[1] as Message }
}

function decoded(bytes: Uint8Array, fields: Record<number, Field>): Message {
  const reader = new BinaryReader(bytes)
  const result: Message = {}
  while (reader.pos < reader.len) {
    const [number] = reader.tag()
    const field = fields[number]
    if (field === undefined) throw new Error(`unknown field ${number}`)
    const value = field.read(reader)
    if (field.isList === true) result[field.name] = [...((result[field.name] as unknown[]) ?? []), value]
    else if (field.name in result) throw new Error(`field twice: ${field.name}`)
    else result[field.name] = value
  }
  return result
}
