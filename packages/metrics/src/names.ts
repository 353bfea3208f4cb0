/**
 * What names are legal, checked once, when an instrument is made.
 *
 * Invariant: a name that passed here can be written into an exposition as it is. One bad name would cost a scraper
 * the whole target, not one series.
 */
import { TriscopeError } from '@triscope/core'
import { escapeLabelName } from './escaping.ts'

/** Longer names are accidents: a value that was put where a name belongs. */
const MAX_NAME_LENGTH = 256

/** Prometheus data model, "Metric names and labels". */
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/**
 * Which names are legal: those that every Prometheus server knows, or any text in UTF-8, which is escaped for readers
 * that did not ask for it. Prometheus 3, "UTF-8 names".
 */
export type NameRule = 'legacy' | 'utf8'

const NAME_RULES: Readonly<Record<NameRule, { metric: string; label: string }>> = {
  legacy: {
    metric: `a metric name has 1 to ${MAX_NAME_LENGTH} of the characters a-z, A-Z, 0-9, _ and :, and does not begin with a digit`,
    label: 'a label name has the characters a-z, A-Z, 0-9 and _, does not begin with a digit, nor with __',
  },
  utf8: {
    metric: `a metric name has 1 to ${MAX_NAME_LENGTH} characters, and does not begin with U__`,
    label: `a label name has 1 to ${MAX_NAME_LENGTH} characters, and does not begin with __ or U__`,
  },
}

/** Whether `name` can be a metric's. */
function isMetricName(name: unknown, rule: NameRule): name is string {
  return isName(name, rule, METRIC_NAME)
}

/** Whether `name` can be a label that a user chose; names that begin with `__` belong to the scraper. */
export function isLabelName(name: unknown, rule: NameRule = 'legacy'): name is string {
  return isName(name, rule, LABEL_NAME) && !name.startsWith('__')
}

/** Whether `unit` can stand at the end of a line and of a name. */
export function isUnit(unit: string): boolean {
  return /^[a-zA-Z0-9_:]+$/.test(unit)
}

function isName(name: unknown, rule: NameRule, legacy: RegExp): name is string {
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_LENGTH) return false
  // `U__` begins names that were escaped: one given so could be taken for another's.
  return legacy.test(name)
    ? rule === 'legacy' || !name.startsWith('U__')
    : rule === 'utf8' && isPlainName(name)
}

/** No half of a character, and nothing that would end a line. */
function isPlainName(name: string): boolean {
  return !/[\uD800-\uDFFF]/u.test(name) && !name.startsWith('U__')
}

/** Throws `TRI_ERR_METRIC_NAME`; returns the name. */
export function checkMetricName(kind: string, name: unknown, rule: NameRule): string {
  if (isMetricName(name, rule)) return name
  throw new TriscopeError(
    'TRI_ERR_METRIC_NAME',
    `${kind} ${shown(name)}: ${NAME_RULES[rule].metric}`,
    hintFor(
      name,
      (text) => text.replace(/[^a-zA-Z0-9_:]/g, '_'),
      (repaired) => isMetricName(repaired, 'legacy'),
    ),
  )
}

/**
 * Throws `TRI_ERR_METRIC_LABELS` for a name that is not legal, is reserved, or stands twice; returns a copy.
 * @param reserved the labels this kind of instrument writes itself
 */
export function checkLabelNames(
  owner: string,
  names: unknown,
  reserved: readonly string[],
  rule: NameRule,
): readonly string[] {
  if (names === undefined) return []
  if (!Array.isArray(names)) {
    throw new TriscopeError(
      'TRI_ERR_METRIC_LABELS',
      `${owner}: labels must be a list of names, got ${shown(names)}`,
    )
  }
  const checked: string[] = []
  const seen = new Set<string>()
  for (const name of names as readonly unknown[]) {
    if (!isLabelName(name, rule)) {
      throw new TriscopeError(
        'TRI_ERR_METRIC_LABELS',
        `${owner}: label ${shown(name)} is not allowed; ${NAME_RULES[rule].label}`,
        hintFor(
          name,
          (text) => text.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^__+/, ''),
          (repaired) => isLabelName(repaired),
        ),
      )
    }
    const escaped = escapeLabelName(name, 'underscores')
    if (reserved.includes(escaped)) {
      throw new TriscopeError(
        'TRI_ERR_METRIC_LABELS',
        `${owner}: label "${name}" is written by the exposition itself and cannot be chosen`,
      )
    }
    if (seen.has(escaped)) {
      const twice = checked.includes(name)
      throw new TriscopeError(
        'TRI_ERR_METRIC_LABELS',
        twice
          ? `${owner}: label "${name}" stands twice in the list`
          : `${owner}: label "${name}" becomes "${escaped}" for readers without UTF-8 names, as another one does`,
      )
    }
    seen.add(escaped)
    checked.push(name)
  }
  return checked
}

function shown(value: unknown): string {
  if (typeof value !== 'string') return Array.isArray(value) ? 'a list' : String(value)
  return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value)
}

function hintFor(
  name: unknown,
  repair: (text: string) => string,
  isLegal: (name: unknown) => boolean,
): { hint?: string } {
  if (typeof name !== 'string') return {}
  const repaired = repair(name)
  return isLegal(repaired) ? { hint: `name it "${repaired}"` } : {}
}
