/**
 * Families as Prometheus protobuf: messages `io.prometheus.client.MetricFamily`, the one format that carries native
 * histograms. Field numbers are those of client_model's `metrics.proto`.
 *
 * Invariant: `take` gives whole fields of the family that was begun; who frames the message counts their bytes.
 */
import { ProtobufWriter } from '@triscope/delivery'
import { type Escaping, escapeLabelName, escapeName } from './escaping.ts'
import type { ShownExemplar } from './exemplar.ts'
import { type FamilyHead, type FamilyType, sampleName } from './family.ts'
import type { FamilyWriter, HistogramPoint, PointLabels, SummaryPoint } from './family-writer.ts'
import { labelValueText } from './label-value.ts'
import { type NativeBuckets, type Spans, toSpans } from './native-buckets.ts'
import type { Room } from './room.ts'

/** `MetricType`; an info is a gauge that is always 1. */
const TYPES: Readonly<Record<FamilyType, number>> = {
  counter: 0,
  gauge: 1,
  info: 1,
  summary: 2,
  unknown: 3,
  histogram: 4,
}
/** The field of a metric that has the value, and in it the value's own. */
const VALUE_FIELDS = { counter: 3, gauge: 2, info: 2, unknown: 5 } as const

/** The fields of `MetricFamily`, of `Metric`, and of what lies in it. */
const FAMILY = { name: 1, help: 2, type: 3, metric: 4, unit: 5 } as const
const METRIC = { label: 1, summary: 4, histogram: 7 } as const
const COUNTER = { value: 1, exemplar: 2, created: 3 } as const
const SUMMARY = { count: 1, sum: 2, quantile: 3, created: 4 } as const
const HISTOGRAM = {
  count: 1,
  sum: 2,
  bucket: 3,
  countFloat: 4,
  schema: 5,
  zeroThreshold: 6,
  zeroCount: 7,
  negativeSpan: 9,
  negativeDelta: 10,
  positiveSpan: 12,
  positiveDelta: 13,
  created: 15,
  exemplar: 16,
} as const
const BUCKET = { cumulativeCount: 1, upperBound: 2, exemplar: 3, cumulativeCountFloat: 4 } as const
const EXEMPLAR = { label: 1, value: 2, timestamp: 3 } as const

/** Writes one exposition. */
export class ProtobufFormat implements FamilyWriter {
  readonly #out = new ProtobufWriter({ slabBytes: 64 * 1024 })
  readonly #escaping: Escaping
  readonly #room: Room
  #type: FamilyType = 'unknown'

  constructor(escaping: Escaping, room: Room) {
    this.#escaping = escaping
    this.#room = room
  }

  get length(): number {
    return this.#out.length
  }

  begin(head: FamilyHead): void {
    this.#type = head.type
    const out = this.#out
    out.string(FAMILY.name, escapeName(sampleName(head), this.#escaping))
    if (head.help !== '') out.string(FAMILY.help, head.help)
    out.uint(FAMILY.type, TYPES[head.type])
    if (head.unit !== undefined) out.string(FAMILY.unit, head.unit)
  }

  value(
    names: readonly string[],
    at: PointLabels,
    value: number,
    exemplar: ShownExemplar | undefined,
    bornMs: number | undefined,
  ): void {
    const out = this.#out
    const metric = this.#beginMetric(names, at)
    const type = this.#type
    const point = out.begin(VALUE_FIELDS[type as keyof typeof VALUE_FIELDS] ?? VALUE_FIELDS.unknown)
    out.double(COUNTER.value, value)
    if (type === 'counter') {
      if (exemplar !== undefined) this.#exemplar(COUNTER.exemplar, exemplar)
      this.#created(COUNTER.created, bornMs)
    }
    out.end(point)
    out.end(metric)
  }

  histogram(
    names: readonly string[],
    at: PointLabels,
    { bounds, counts, exemplars, native, sum }: HistogramPoint,
    bornMs: number | undefined,
  ): void {
    const out = this.#out
    const metric = this.#beginMetric(names, at)
    const histogram = out.begin(METRIC.histogram)
    let total = 0
    // A histogram that is native alone has no bound but infinity, which its count tells.
    const classic = native === undefined || bounds.length > 1
    for (let i = 0; i < bounds.length; i++) {
      total += counts[i] as number
      if (!classic) continue
      const bucket = out.begin(HISTOGRAM.bucket)
      // Ours are whole; those of a source need not be.
      if (Number.isSafeInteger(total)) out.uint(BUCKET.cumulativeCount, total)
      else out.double(BUCKET.cumulativeCountFloat, total)
      out.double(BUCKET.upperBound, bounds[i] as number)
      const exemplar = exemplars?.[i]
      if (exemplar !== undefined) this.#exemplar(BUCKET.exemplar, exemplar)
      out.end(bucket)
    }
    if (Number.isSafeInteger(total)) out.uint(HISTOGRAM.count, total)
    else out.double(HISTOGRAM.countFloat, total)
    if (sum !== undefined) out.double(HISTOGRAM.sum, sum)
    if (native !== undefined) this.#native(native)
    for (const exemplar of native === undefined ? [] : (exemplars ?? [])) {
      if (exemplar !== undefined) this.#exemplar(HISTOGRAM.exemplar, exemplar)
    }
    this.#created(HISTOGRAM.created, bornMs)
    out.end(histogram)
    out.end(metric)
  }

  summary(
    names: readonly string[],
    at: PointLabels,
    { count, quantiles, sum, values }: SummaryPoint,
    bornMs: number | undefined,
  ): void {
    const out = this.#out
    const metric = this.#beginMetric(names, at)
    const summary = out.begin(METRIC.summary)
    if (count !== undefined) out.uint(SUMMARY.count, count)
    if (sum !== undefined) out.double(SUMMARY.sum, sum)
    for (const [i, quantile] of quantiles.entries()) {
      const mark = out.begin(SUMMARY.quantile)
      out.double(1, quantile)
      out.double(2, values[i] as number)
      out.end(mark)
    }
    this.#created(SUMMARY.created, bornMs)
    out.end(summary)
    out.end(metric)
  }

  take(): Uint8Array {
    return this.#out.finish()
  }

  #beginMetric(names: readonly string[], { values }: PointLabels): number {
    const mark = this.#out.begin(FAMILY.metric)
    for (let i = 0; i < names.length; i++) {
      const text = labelValueText(values[i]) ?? ''
      if (text !== '') this.#label(METRIC.label, escapeLabelName(names[i] as string, this.#escaping), text)
    }
    return mark
  }

  #label(field: number, name: string, value: string): void {
    const mark = this.#out.begin(field)
    this.#out.string(1, name)
    this.#out.string(2, value)
    this.#out.end(mark)
  }

  #native(native: NativeBuckets): void {
    const out = this.#out
    out.uint(HISTOGRAM.schema, zigzag(native.schema))
    out.double(HISTOGRAM.zeroThreshold, native.zeroThreshold)
    out.uint(HISTOGRAM.zeroCount, native.zeroCount)
    this.#spans(HISTOGRAM.negativeSpan, HISTOGRAM.negativeDelta, toSpans(native.negative))
    const positive = toSpans(native.positive)
    this.#spans(HISTOGRAM.positiveSpan, HISTOGRAM.positiveDelta, positive)
    // Without any bucket it would be taken for a classic one: an empty span says that it is native.
    if (positive.spans.length === 0) this.#spans(HISTOGRAM.positiveSpan, HISTOGRAM.positiveDelta, NO_BUCKETS)
  }

  #spans(spanField: number, deltaField: number, { spans, deltas }: Spans): void {
    const out = this.#out
    for (const [offset, length] of spans) {
      const mark = out.begin(spanField)
      out.uint(1, zigzag(offset))
      out.uint(2, length)
      out.end(mark)
    }
    for (const delta of deltas) out.uint(deltaField, zigzag(delta))
  }

  #exemplar(field: number, { labels, value, atMs }: ShownExemplar): void {
    const out = this.#out
    const mark = out.begin(field)
    for (const [name, text] of labels) this.#label(EXEMPLAR.label, name, text)
    out.double(EXEMPLAR.value, value)
    this.#time(EXEMPLAR.timestamp, atMs)
    out.end(mark)
  }

  #created(field: number, bornMs: number | undefined): void {
    if (bornMs !== undefined) this.#time(field, this.#room.wallMsOf(bornMs))
  }

  /** `google.protobuf.Timestamp`. */
  #time(field: number, epochMs: number | undefined): void {
    if (epochMs === undefined) return
    const mark = this.#out.begin(field)
    const seconds = Math.floor(epochMs / 1000)
    this.#out.int(1, seconds)
    this.#out.int(2, Math.floor((epochMs - seconds * 1000) * 1e6))
    this.#out.end(mark)
  }
}

const NO_BUCKETS: Spans = { spans: [[0, 0]], deltas: [] }

/** Protocol Buffers encoding, "Signed Integers", of `sint32` and `sint64`; exact below 2^52. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

/** The length that stands before a delimited message. */
export function lengthPrefix(length: number): Uint8Array {
  const bytes: number[] = []
  let rest = length
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
