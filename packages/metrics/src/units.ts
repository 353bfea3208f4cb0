/** Words for units in names, and the base unit of each. Prometheus, "Metric and label naming", "Base units". */

const BASES = [
  'amperes',
  'bytes',
  'celsius',
  'grams',
  'joules',
  'kelvin',
  'meters',
  'metres',
  'seconds',
  'volts',
]

/** For messages. */
export const BASE_UNITS = 'seconds, bytes, ratio, meters, grams, volts, amperes, joules or celsius'

const OTHERS: ReadonlyMap<string, string> = new Map([
  ['bits', 'bytes'],
  ['calories', 'joules'],
  ['fahrenheit', 'celsius'],
  ['rankine', 'celsius'],
  ['kelvins', 'kelvin'],
  ['inches', 'meters'],
  ['yards', 'meters'],
  ['miles', 'meters'],
  ['minutes', 'seconds'],
  ['hours', 'seconds'],
  ['days', 'seconds'],
  ['weeks', 'seconds'],
])

/** Not `percent`: it has no base unit of another name, and is found by what it should be, `ratio`. */
const PREFIX =
  /^(?:pico|nano|micro|milli|centi|deci|deca|hecto|kilo|mega|giga|tera|peta|exa|kibi|mebi|mibi|gibi|tebi|pebi)(?=.)/

const ABBREVIATED = new Set([
  's',
  'ms',
  'us',
  'ns',
  'sec',
  'secs',
  'msec',
  'b',
  'kb',
  'mb',
  'gb',
  'tb',
  'pb',
  'kib',
  'mib',
  'gib',
  'm',
  'h',
  'd',
])

/** The base unit that a lower-case word is, or is a multiple of; `undefined` for what is no unit. */
export function baseUnitOf(word: string): string | undefined {
  if (word === 'percent' || word === 'percentage') return 'ratio'
  const plain = word.replace(PREFIX, '')
  if (BASES.includes(plain)) return plain
  return OTHERS.get(plain)
}

/** Whether a lower-case word is short for a unit. */
export function isAbbreviatedUnit(word: string): boolean {
  return ABBREVIATED.has(word)
}
