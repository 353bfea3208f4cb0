/** Checks what every kind of instrument is made of: a wrong definition throws where it is written. */
import { rejectOption, rejectUnknownKeys, TriscopeError } from '@triscope/core'
import { baseName, type FamilyType, type InstrumentKind, kindText, TYPE_OF_KIND } from './family.ts'
import type { InstrumentOptions, InstrumentParts } from './instrument.ts'
import { checkLabelNames, checkMetricName, isUnit, type NameRule } from './names.ts'
import { OVERFLOW_LABEL } from './series-table.ts'

/** What every kind of instrument is made of, checked. */
export interface CheckedInstrument extends InstrumentParts {
  /** What messages call it: `histogram "job_seconds"`. */
  readonly owner: string
}

const OPTION_KEYS: readonly string[] = ['name', 'help', 'unit', 'labels', 'maxSeries', 'ttlMs']

/** Labels that the exposition itself writes. */
const RESERVED_LABELS: Partial<Record<FamilyType, string>> = { histogram: 'le', summary: 'quantile' }

/** Sooner than scrapes come there is nothing to gain, and sweeps have their cost. */
const MIN_TTL_MS = 1000

/**
 * Throws what {@link InstrumentOptions} says of each field.
 * @param more the options that the kind has besides
 */
export function checkInstrument(
  kind: InstrumentKind,
  options: InstrumentOptions<string>,
  rule: NameRule,
  more: readonly string[] = [],
): CheckedInstrument {
  const type = TYPE_OF_KIND[kind]
  const word = kindText(kind)
  const base = baseName(checkMetricName(word, options.name, rule), type)
  checkMetricName(word, base, rule)
  const owner = `${word} "${options.name}"`
  rejectUnknownKeys(owner, options, [...OPTION_KEYS, ...more])
  if (typeof options.help !== 'string') rejectOption(`${owner}.help`, 'a text', options.help)
  const reserved = [RESERVED_LABELS[type] ?? OVERFLOW_LABEL, OVERFLOW_LABEL]
  const { maxSeries, ttlMs } = options
  return {
    head: { base, kind, type, help: options.help, unit: checkUnit(owner, base, options.unit) },
    labels: checkLabelNames(owner, options.labels, reserved, rule),
    limits: {
      maxSeries: maxSeries === undefined ? undefined : checkMaxSeries(`${owner}.maxSeries`, maxSeries),
      ttlMs: ttlMs === undefined ? undefined : checkTtl(`${owner}.ttlMs`, ttlMs),
    },
    owner,
  }
}

/** Throws `TRI_ERR_OPTION`. */
export function checkMaxSeries(path: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value
  return rejectOption(path, 'a whole number of 1 or more', value)
}

function checkTtl(path: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= MIN_TTL_MS) return value
  return rejectOption(path, `${MIN_TTL_MS} milliseconds or more`, value)
}

/** OpenMetrics 1.0, "Unit". */
function checkUnit(owner: string, base: string, unit: unknown): string | undefined {
  if (unit === undefined || unit === '') return undefined
  if (typeof unit !== 'string' || !isUnit(unit)) {
    return rejectOption(`${owner}.unit`, 'a word of letters, digits and _', unit)
  }
  if (base.endsWith(`_${unit}`)) return unit
  throw new TriscopeError(
    'TRI_ERR_METRIC_NAME',
    `${owner}: the name of a metric in ${unit} must end with "_${unit}"`,
    { hint: `name it "${base}_${unit}"` },
  )
}
