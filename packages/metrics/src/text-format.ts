/**
 * Families in the two text formats: Prometheus text 0.0.4 and 1.0.0, and OpenMetrics 1.0.
 *
 * Invariant: whatever the labels, help texts and values are, each line can be read, and the formats' rules on which
 * samples may stand together are kept.
 */
import { type Escaping, escapeLabelName, escapeName, isLegacyLabel, isLegacyName } from './escaping.ts'
import { exemplarText, type ShownExemplar } from './exemplar.ts'
import { escapeHelp, escapeLabelValue, type FamilyHead, sampleName, TEXT_TYPES } from './family.ts'
import type { FamilyWriter, HistogramPoint, PointLabels, SummaryPoint } from './family-writer.ts'
import { labelValueText, wireText } from './label-value.ts'
import { canonicalFloat, numberText } from './number-text.ts'
import { TextWriter } from './text-writer.ts'

const COMMA = 44
const CLOSE: Uint8Array = Buffer.from('} ')

/** How the lines of one sample name begin. */
class SampleStart {
  /** `name{` or, where the name must be quoted, `{"name",`. */
  readonly withLabels: string
  /** `name ` or `{"name"} `. */
  readonly bare: string

  constructor(name: string) {
    const plain = isLegacyName(name)
    const quoted = wireText(plain ? name : `{"${escapeLabelValue(name)}"`)
    this.withLabels = plain ? `${quoted}{` : `${quoted},`
    this.bare = plain ? `${quoted} ` : `${quoted}} `
  }
}

/** Writes one exposition. */
export class TextFormat implements FamilyWriter {
  readonly #out = new TextWriter()
  readonly #open: boolean
  readonly #escaping: Escaping
  #name: SampleStart = new SampleStart('x')
  #bucket: SampleStart = this.#name
  #sum: SampleStart = this.#name
  #count: SampleStart = this.#name
  #names: readonly string[] | undefined
  /** Whether the scheme leaves `#names` as they are. */
  #areKept = false
  #bounds: ArrayLike<number> | undefined
  /** `le="0.1"} ` for each of `#bounds`, so that a scrape need not write a number twice. */
  #suffixes: readonly Uint8Array[] = []
  #quantiles: readonly number[] | undefined
  #quantileSuffixes: readonly Uint8Array[] = []

  constructor(format: 'text' | 'openmetrics', escaping: Escaping) {
    this.#open = format === 'openmetrics'
    this.#escaping = escaping
  }

  get length(): number {
    return this.#out.length
  }

  begin(head: FamilyHead): void {
    const { base, type, help, unit } = head
    const sample = escapeName(sampleName(head), this.#escaping)
    const suffix = sampleName(head).slice(base.length)
    // Escaped with its suffix, as the sample is, so that the family's name is the beginning of it.
    const family = this.#open ? sample.slice(0, sample.length - suffix.length) : sample
    this.#name = new SampleStart(sample)
    if (type === 'histogram' || type === 'summary') {
      this.#bucket = new SampleStart(`${family}_bucket`)
      this.#sum = new SampleStart(`${family}_sum`)
      this.#count = new SampleStart(`${family}_count`)
    }
    this.#bounds = undefined
    this.#quantiles = undefined
    const name = isLegacyName(family) ? family : `"${escapeLabelValue(family)}"`
    // In the order in which the specification of each format shows them. An empty help has no line: Prometheus fails
    // an OpenMetrics scrape over one.
    if (this.#open) {
      const unitLine = unit === undefined ? '' : `# UNIT ${name} ${unit}\n`
      const helpLine = help === '' ? '' : `# HELP ${name} ${escapeLabelValue(help)}\n`
      this.#out.text(`# TYPE ${name} ${type}\n${unitLine}${helpLine}`)
    } else {
      const helpLine = help === '' ? '' : `# HELP ${name} ${escapeHelp(help)}\n`
      this.#out.text(`${helpLine}# TYPE ${name} ${TEXT_TYPES[type]}\n`)
    }
  }

  value(names: readonly string[], at: PointLabels, value: number, exemplar: ShownExemplar | undefined): void {
    this.#sample(this.#name, this.#labelsOf(names, at), value)
    if (this.#open && exemplar !== undefined) this.#out.text(exemplarText(exemplar))
    this.#out.endLine()
  }

  histogram(names: readonly string[], at: PointLabels, point: HistogramPoint): void {
    const { bounds, counts, exemplars, sum } = point
    if (bounds !== this.#bounds) this.#useBounds(bounds)
    const suffixes = this.#suffixes
    const labels = this.#labelsOf(names, at)
    const out = this.#out
    const from = out.length
    out.wire(this.#bucket.withLabels)
    if (labels !== '') {
      out.wire(labels)
      out.byte(COMMA)
    }
    // The beginning of a bucket's line is written once, and copied for the others.
    const size = out.length - from
    let total = 0
    for (let i = 0; i < bounds.length; i++) {
      if (i > 0) out.again(from, size)
      total += counts[i] as number
      out.bytes(suffixes[i] as Uint8Array)
      out.number(total)
      const exemplar = this.#open ? exemplars?.[i] : undefined
      if (exemplar !== undefined) out.text(exemplarText(exemplar))
      out.endLine()
    }
    // OpenMetrics 1.0, "Histogram": a sum that can fall is no counter and must be left out, and the count with it.
    if (this.#open && (sum === undefined || sum < 0 || (bounds[0] as number) < 0)) return
    if (sum !== undefined) this.#line(this.#sum, labels, sum)
    this.#line(this.#count, labels, total)
  }

  summary(names: readonly string[], at: PointLabels, point: SummaryPoint): void {
    const { count, quantiles, sum, values } = point
    if (quantiles !== this.#quantiles) this.#useQuantiles(quantiles)
    const labels = this.#labelsOf(names, at)
    const out = this.#out
    for (let i = 0; i < quantiles.length; i++) {
      const value = values[i] as number
      // OpenMetrics 1.0, "Summary": the value of a quantile must not be negative.
      if (this.#open && value < 0) continue
      out.wire(this.#name.withLabels)
      if (labels !== '') {
        out.wire(labels)
        out.byte(COMMA)
      }
      out.bytes(this.#quantileSuffixes[i] as Uint8Array)
      out.number(value)
      out.endLine()
    }
    // OpenMetrics 1.0, "Summary": a sum of what may be negative is no counter.
    if (sum !== undefined && !(this.#open && sum < 0)) this.#line(this.#sum, labels, sum)
    if (count !== undefined) this.#line(this.#count, labels, count)
  }

  /** Ends the exposition. */
  end(): void {
    if (this.#open) this.#out.text('# EOF\n')
  }

  take(): Uint8Array {
    return this.#out.take()
  }

  clear(): void {
    this.#out.clear()
  }

  #line(start: SampleStart, labels: string, value: number): void {
    this.#sample(start, labels, value)
    this.#out.endLine()
  }

  #sample(start: SampleStart, labels: string, value: number): void {
    const out = this.#out
    if (labels === '') {
      out.wire(start.bare)
    } else {
      out.wire(start.withLabels)
      out.wire(labels)
      out.bytes(CLOSE)
    }
    out.number(value)
  }

  /** What the series keeps is its text with underscores; other schemes write it anew. */
  #labelsOf(names: readonly string[], at: PointLabels): string {
    if (this.#escaping === 'underscores') return at.labels
    if (names !== this.#names) {
      this.#names = names
      this.#areKept = this.#escaping !== 'dots' && names.every(isLegacyLabel)
    }
    if (this.#areKept) return at.labels
    const pairs: string[] = []
    for (const [i, name] of names.entries()) {
      const text = labelValueText(at.values[i]) ?? ''
      const shown = escapeLabelName(name, this.#escaping)
      const label = isLegacyLabel(shown) ? shown : `"${escapeLabelValue(shown)}"`
      if (text !== '') pairs.push(`${label}="${escapeLabelValue(text)}"`)
    }
    return wireText(pairs.join(','))
  }

  #useBounds(bounds: ArrayLike<number>): void {
    this.#bounds = bounds
    this.#suffixes = this.#suffixesOf('le', Array.from(bounds))
  }

  #useQuantiles(quantiles: readonly number[]): void {
    this.#quantiles = quantiles
    this.#quantileSuffixes = this.#suffixesOf('quantile', quantiles)
  }

  #suffixesOf(name: string, numbers: readonly number[]): readonly Uint8Array[] {
    const write = this.#open ? canonicalFloat : numberText
    return numbers.map((number) => Buffer.from(`${name}="${write(number)}"} `))
  }
}
