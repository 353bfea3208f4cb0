/**
 * What names are legal, checked once, when an instrument is made.
 *
 * Invariant: a name that passed here can be written into an exposition as it is. One bad name would cost a scraper
 * the whole target, not one series.
 */
import { TriscopeError } from '@triscope/core'

/** Longer names are accidents: a value that was put where a name belongs. */
const MAX_NAME_LENGTH = 256

/** Prometheus data model, "Metric names and labels". */
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** Whether `name` can stand in an exposition without escaping. */
function isMetricName(name: unknown): name is string {
  return typeof name === 'string' && name.length <= MAX_NAME_LENGTH && METRIC_NAME.test(name)
}

/** Whether `name` can be a label that a user chose; names that begin with `__` belong to the scraper. */
export function isLabelName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name.length <= MAX_NAME_LENGTH &&
    LABEL_NAME.test(name) &&
    !name.startsWith('__')
  )
}

/** Throws `TRI_ERR_METRIC_NAME`; returns the name. */
export function checkMetricName(kind: string, name: unknown): string {
  if (isMetricName(name)) return name
  throw new TriscopeError(
    'TRI_ERR_METRIC_NAME',
    `${kind} ${shown(name)}: a metric name has 1 to ${MAX_NAME_LENGTH} of the characters a-z, A-Z, 0-9, _ and :, and does not begin with a digit`,
    hintFor(name, (text) => text.replace(/[^a-zA-Z0-9_:]/g, '_'), isMetricName),
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
): readonly string[] {
  if (names === undefined) return []
  if (!Array.isArray(names)) {
    throw new TriscopeError(
      'TRI_ERR_METRIC_LABELS',
      `${owner}: labels must be a list of names, got ${shown(names)}`,
    )
  }
  const seen = new Set<string>()
  for (const name of names as readonly unknown[]) {
    if (!isLabelName(name)) {
      throw new TriscopeError(
        'TRI_ERR_METRIC_LABELS',
        `${owner}: label ${shown(name)} is not allowed; a label name has the characters a-z, A-Z, 0-9 and _, does not begin with a digit, nor with __`,
        hintFor(name, (text) => text.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^__+/, ''), isLabelName),
      )
    }
    if (reserved.includes(name)) {
      throw new TriscopeError(
        'TRI_ERR_METRIC_LABELS',
        `${owner}: label "${name}" is written by the exposition itself and cannot be chosen`,
      )
    }
    if (seen.has(name)) {
      throw new TriscopeError('TRI_ERR_METRIC_LABELS', `${owner}: label "${name}" stands twice in the list`)
    }
    seen.add(name)
  }
  return [...seen]
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
