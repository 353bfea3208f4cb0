/**
 * What is wrong with a family of metrics by itself, by what it is called and which labels it has.
 *
 * The rules are those of Prometheus' "Metric and label naming" and "Writing client libraries" and of OpenMetrics 1.0,
 * "MetricFamily"; every one of `promtool check metrics` is among them. `docs/lint.md` lists the codes.
 */
import type { FamilyType } from './family.ts'
import { BASE_UNITS, baseUnitOf, isAbbreviatedUnit } from './units.ts'

/** Each is explained in `docs/lint.md`. */
export type LintCode =
  | 'SYNTAX'
  | 'NAME_CASE'
  | 'NAME_COLON'
  | 'NAME_TYPE'
  | 'NAME_SUFFIX'
  | 'UNIT_ABBREVIATED'
  | 'UNIT_NOT_BASE'
  | 'COUNTER_TOTAL'
  | 'TOTAL_NOT_COUNTER'
  | 'HELP_MISSING'
  | 'TYPE_MISSING'
  | 'LABEL_CASE'
  | 'LABEL_RESERVED'
  | 'LABEL_OF_TARGET'
  | 'LABEL_STYLES'
  | 'LABELS_DIFFER'
  | 'SERIES_TWICE'
  | 'VALUE_INVALID'
  | 'HISTOGRAM_INVALID'

/** One thing to mend. */
export interface LintFinding {
  readonly code: LintCode
  /** The family it is about; what could be read of it where it breaks the format. */
  readonly metric: string
  /** What is wrong, as one sentence without a full stop. */
  readonly message: string
  /** What to do about it. */
  readonly fix: string
  /** Line of the exposition, from 1; `undefined` for a family or an instrument as a whole. */
  readonly line?: number
}

/** A family as its readers see it. */
export interface LintedFamily {
  /** As the text format writes it: a counter's with `_total`. */
  readonly name: string
  /** `undefined` where nothing says. */
  readonly type: FamilyType | undefined
  readonly help: string
  /** Of all its series, without those of the format: `le` of a histogram, `quantile` of a summary. */
  readonly labels: Iterable<string>
}

type Say = (code: LintCode, message: string, fix: string) => void

/** Everything that is wrong with one family by itself. */
export function lintFamily(family: LintedFamily): LintFinding[] {
  const findings: LintFinding[] = []
  const say: Say = (code, message, fix) => findings.push({ code, metric: family.name, message, fix })
  lintName(family, say)
  lintUnits(family, say)
  lintSuffixes(family, say)
  if (family.help.trim() === '')
    say('HELP_MISSING', 'there is no help text', 'say in one sentence what is measured')
  for (const label of family.labels) lintLabel(label, family, say)
  return findings
}

function lintName({ name }: LintedFamily, say: Say): void {
  if (/[a-z][A-Z]/.test(name)) {
    say('NAME_CASE', 'the name is in camelCase', `write it in snake_case: "${snakeCase(name)}"`)
  }
  if (name.includes(':')) {
    say(
      'NAME_COLON',
      'the name has a colon, which is for recording rules',
      `name it "${name.replace(/:+/g, '_')}"`,
    )
  }
  const lower = name.toLowerCase()
  const type = ['counter', 'gauge', 'histogram', 'summary'].find((each) => lower.includes(`_${each}`))
  if (type !== undefined) {
    say(
      'NAME_TYPE',
      `the name says its type, "${type}"`,
      'leave it out: readers of the name see the type too',
    )
  }
}

function lintUnits({ name }: LintedFamily, say: Say): void {
  const words = name.toLowerCase().split(/[_.]/)
  for (const [index, word] of words.entries()) {
    if (index > 0 && isAbbreviatedUnit(word)) {
      say(
        'UNIT_ABBREVIATED',
        `the name has the abbreviated unit "${word}"`,
        `spell it out, in a base unit: ${BASE_UNITS}`,
      )
    }
    const base = baseUnitOf(word)
    if (base !== undefined && base !== word) {
      const better = name.split('_').map((each) => (each.toLowerCase() === word ? base : each))
      say(
        'UNIT_NOT_BASE',
        `the name has the unit "${word}", which is no base unit`,
        `measure in ${base}, and name it "${better.join('_')}"`,
      )
    }
  }
}

function lintSuffixes({ name, type }: LintedFamily, say: Say): void {
  if (type === 'counter' && !name.endsWith('_total')) {
    say('COUNTER_TOTAL', 'the name of a counter does not end in "_total"', `name it "${name}_total"`)
  }
  if (type !== 'counter' && name.endsWith('_total')) {
    say(
      'TOTAL_NOT_COUNTER',
      '"_total" ends the name of what is no counter',
      `make it a counter, or name it "${name.slice(0, -6)}"`,
    )
  }
  for (const suffix of ['_count', '_sum', '_bucket', '_info', '_created']) {
    if (!name.endsWith(suffix) || (suffix === '_info' && isInfo(type))) continue
    say(
      'NAME_SUFFIX',
      `the name ends in "${suffix}", which histograms, summaries and infos give to their parts`,
      `name it "${name.slice(0, -suffix.length)}", or say what is counted: "…s"`,
    )
  }
}

/** In text an info is a gauge, and cannot be told from one. */
function isInfo(type: FamilyType | undefined): boolean {
  return type === 'info' || type === 'gauge'
}

function lintLabel(label: string, { type }: LintedFamily, say: Say): void {
  if (/[a-z][A-Z]/.test(label)) {
    say('LABEL_CASE', `label "${label}" is in camelCase`, `write it in snake_case: "${snakeCase(label)}"`)
  }
  if (label === 'le' && type !== 'histogram') {
    say('LABEL_RESERVED', 'label "le" is for the buckets of histograms', 'give it another name')
  }
  if (label === 'quantile' && type !== 'summary') {
    say('LABEL_RESERVED', 'label "quantile" is for summaries', 'give it another name')
  }
  if (label.startsWith('__')) {
    say(
      'LABEL_RESERVED',
      `label "${label}" begins with "__", which is for the scraper`,
      `name it "${label.replace(/^_+/, '')}"`,
    )
  }
  if (label === 'job' || label === 'instance') {
    say(
      'LABEL_OF_TARGET',
      `label "${label}" is what the scraper calls the target; it will be stored as "exported_${label}"`,
      'give it another name, or leave it to the scraper',
    )
  }
}

/** `userID` becomes `user_id`. */
function snakeCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
}
