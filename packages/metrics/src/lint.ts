/** Lints a whole exposition, whoever wrote it: each family by itself, its series, and its labels against all others'. */
import { type ReadFamily, type ReadSample, readExposition } from './exposition-reader.ts'
import type { FamilyType } from './family.ts'
import { type LintFinding, lintFamily } from './lint-rules.ts'
import { OVERFLOW_LABEL } from './series-table.ts'

/**
 * Everything that is wrong with an exposition in text 0.0.4 or OpenMetrics 1.0, in the order of its families; an empty
 * list when nothing is. It never throws. Every finding of `promtool check metrics` has one here.
 */
export function lint(exposition: string): readonly LintFinding[] {
  const { families, problems, isOpenMetrics } = readExposition(exposition)
  const findings: LintFinding[] = problems.map(({ name, message, line }) => ({
    code: 'SYNTAX',
    metric: name,
    message,
    fix: 'mend the line: a scraper drops the whole target over it',
    line,
  }))
  const styles = new LabelStyles()
  for (const family of families) {
    // A family without lines of its own is a HELP or TYPE that nothing follows: its name still matters.
    const labels = labelsOf(family)
    const name = isOpenMetrics && family.type === 'counter' ? `${family.name}_total` : family.name
    const type = typeOf(family)
    findings.push(...lintFamily({ name, type, help: family.help ?? '', labels }))
    if (type === undefined && family.samples.length > 0) {
      findings.push({
        code: 'TYPE_MISSING',
        metric: family.name,
        message: 'nothing says of which type it is',
        fix: `write "# TYPE ${family.name} gauge" above it, or what else it is`,
      })
    }
    findings.push(...styles.clashes(name, labels), ...lintSeries(family))
    styles.keep(name, labels)
  }
  return findings
}

/** Which way each label is written first, over all families or instruments. */
export class LabelStyles {
  readonly #first = new Map<string, { label: string; metric: string }>()

  /** What of these labels is written otherwise by a metric that is kept. */
  clashes(metric: string, labels: Iterable<string>): LintFinding[] {
    const findings: LintFinding[] = []
    for (const label of labels) {
      const first = this.#first.get(styleless(label))
      if (first === undefined || first.label === label) continue
      findings.push({
        code: 'LABEL_STYLES',
        metric,
        message: `label "${label}" is "${first.label}" in "${first.metric}"`,
        fix: 'write it one way, or queries cannot join the two',
      })
    }
    return findings
  }

  keep(metric: string, labels: Iterable<string>): void {
    for (const label of labels) {
      const key = styleless(label)
      if (!this.#first.has(key)) this.#first.set(key, { label, metric })
    }
  }
}

function styleless(label: string): string {
  return label.toLowerCase().replace(/[^a-z0-9]/g, '')
}

const KNOWN_TYPES = ['counter', 'gauge', 'histogram', 'summary', 'info']

function typeOf({ type }: ReadFamily): FamilyType | undefined {
  if (type === undefined) return undefined
  return KNOWN_TYPES.includes(type) ? (type as FamilyType) : 'unknown'
}

function labelsOf({ type, samples }: ReadFamily): ReadonlySet<string> {
  const labels = new Set<string>()
  for (const sample of samples) for (const label of sample.labels.keys()) labels.add(label)
  if (type === 'histogram' || type === 'gaugehistogram') labels.delete('le')
  if (type === 'summary') labels.delete('quantile')
  return labels
}

function lintSeries(family: ReadFamily): LintFinding[] {
  const findings: LintFinding[] = []
  const say = (code: LintFinding['code'], message: string, fix: string, line?: number): void => {
    findings.push({ code, metric: family.name, message, fix, ...(line === undefined ? {} : { line }) })
  }
  const seen = new Set<string>()
  for (const sample of family.samples) {
    const key = JSON.stringify([sample.name, [...sample.labels].sort()])
    if (seen.has(key)) say('SERIES_TWICE', 'a series stands twice', 'give each label set once', sample.line)
    seen.add(key)
    if (countsUp(family, sample) && !(sample.value >= 0)) {
      say(
        'VALUE_INVALID',
        `a count is ${sample.value}`,
        'count up from 0; what can fall is a gauge',
        sample.line,
      )
    }
  }
  const odd = differingLabels(family)
  if (odd !== undefined) {
    say(
      'LABELS_DIFFER',
      `some series have labels ${odd[0]}, others ${odd[1]}`,
      'give all series of a metric the same labels',
    )
  }
  if (family.type === 'histogram') lintHistogram(family, say)
  return findings
}

function countsUp({ type }: ReadFamily, { name }: ReadSample): boolean {
  return type === 'counter'
    ? !name.endsWith('_created')
    : type === 'histogram' && /_(bucket|count)$/.test(name)
}

/** Two sets of labels neither of which is part of the other: a label that is missing is the same as an empty one. */
function differingLabels({ type, samples }: ReadFamily): readonly [string, string] | undefined {
  const sets = new Map<string, ReadonlySet<string>>()
  for (const { labels } of samples) {
    const names = new Set(labels.keys())
    if (names.has(OVERFLOW_LABEL)) continue
    if (type === 'histogram') names.delete('le')
    if (type === 'summary') names.delete('quantile')
    sets.set([...names].sort().join(', '), names)
  }
  // A hundred shapes are enough to find two that differ, and few enough to compare each with each.
  const all = [...sets].slice(0, 100)
  for (const [text, names] of all) {
    const odd = all.find(([, other]) => !isPart(names, other) && !isPart(other, names))
    if (odd !== undefined) return [text, odd[0]]
  }
  return undefined
}

function isPart(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  for (const name of part) if (!whole.has(name)) return false
  return true
}

type SayOfSeries = (code: LintFinding['code'], message: string, fix: string, line?: number) => void

interface Parts {
  readonly buckets: { bound: number; count: number; line: number }[]
  count: number | undefined
  line: number
}

function lintHistogram({ name, samples }: ReadFamily, say: SayOfSeries): void {
  const bySet = new Map<string, Parts>()
  for (const sample of samples) {
    const { le, ...rest } = Object.fromEntries(sample.labels)
    const key = JSON.stringify(Object.entries(rest).sort())
    const parts = bySet.get(key) ?? { buckets: [], count: undefined, line: sample.line }
    bySet.set(key, parts)
    if (sample.name === `${name}_count`) parts.count = sample.value
    if (sample.name !== `${name}_bucket`) continue
    const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le ?? Number.NaN)
    parts.buckets.push({ bound, count: sample.value, line: sample.line })
  }
  const fix = 'write buckets by increasing "le", each with all below it, and "+Inf" equal to the count'
  for (const { buckets, count, line } of bySet.values()) {
    const bad = buckets.find(({ bound, count: upTo }, i) => {
      const before = buckets[i - 1]
      return Number.isNaN(bound) || (before !== undefined && (bound <= before.bound || upTo < before.count))
    })
    if (bad !== undefined) say('HISTOGRAM_INVALID', 'its buckets do not add up', fix, bad.line)
    const last = buckets.at(-1)
    if (
      last === undefined
        ? count !== undefined && count > 0
        : last.bound !== Number.POSITIVE_INFINITY || (count !== undefined && last.count !== count)
    ) {
      say('HISTOGRAM_INVALID', 'its last bucket is not "+Inf" with the count', fix, line)
    }
  }
}
