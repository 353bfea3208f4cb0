/**
 * Reads an exposition back, text 0.0.4 or OpenMetrics 1.0: every family and sample there is, and what is wrong where.
 *
 * Invariant: it never throws, and goes on after a line that cannot be read, so that one mistake hides no other.
 */

/** One line with a value. */
export interface ReadSample {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
  readonly exemplar: ReadExemplar | undefined
  readonly line: number
}

export interface ReadExemplar {
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
  readonly timestampSeconds: number | undefined
}

export interface ReadFamily {
  readonly name: string
  /** As it is written; `undefined` where no TYPE line says. */
  type: string | undefined
  help: string | undefined
  /** Where it is first met, from 1. */
  readonly line: number
  readonly samples: ReadSample[]
}

/** A line that breaks the format. */
export interface ReadProblem {
  readonly line: number
  /** The family or sample in question, as far as it could be read. */
  readonly name: string
  readonly message: string
}

export interface ReadExposition {
  readonly families: readonly ReadFamily[]
  readonly problems: readonly ReadProblem[]
  readonly isOpenMetrics: boolean
}

/** Reads a whole exposition; it is OpenMetrics when it ends with `# EOF`. */
export function readExposition(text: string): ReadExposition {
  return new Reader(text).read()
}

const METRIC_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y
const NUMBER = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)$/i
const TEXT_TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped']
const OPENMETRICS_TYPES = [
  'counter',
  'gauge',
  'histogram',
  'summary',
  'info',
  'stateset',
  'gaugehistogram',
  'unknown',
]
/** What the samples of a type may add to the name of the family. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total', '_created'],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  gaugehistogram: ['_bucket', '_gsum', '_gcount'],
  summary: ['_sum', '_count', '_created'],
  info: ['_info'],
}

class Reader {
  readonly #lines: readonly string[]
  readonly #isOpenMetrics: boolean
  readonly #families = new Map<string, ReadFamily>()
  readonly #problems: ReadProblem[] = []
  #current: ReadFamily | undefined
  #line = 0

  constructor(text: string) {
    this.#lines = text.split('\n')
    this.#isOpenMetrics = /(^|\n)# EOF\n?$/.test(text)
  }

  read(): ReadExposition {
    const last = this.#lines.length - 1
    for (let i = 0; i < last; i++) this.#readLine(this.#lines[i] as string, i + 1)
    if (this.#lines[last] !== '') {
      this.#readLine(this.#lines[last] as string, last + 1)
      this.#problem('', 'the last line does not end with a line feed')
    }
    return {
      families: [...this.#families.values()],
      problems: this.#problems,
      isOpenMetrics: this.#isOpenMetrics,
    }
  }

  #problem(name: string, message: string): void {
    this.#problems.push({ line: this.#line, name, message })
  }

  #readLine(raw: string, line: number): void {
    this.#line = line
    const text = this.#isOpenMetrics ? raw : raw.replace(/^[ \t]+/, '')
    if (text === '') {
      if (this.#isOpenMetrics) this.#problem('', 'OpenMetrics has no empty lines')
    } else if (text.startsWith('#')) this.#readComment(text)
    else this.#readSample(text)
  }

  #readComment(text: string): void {
    const [, kind, name = '', rest = ''] =
      /^#[ \t]*(HELP|TYPE|UNIT)(?:[ \t]+(\S+))?(?:[ \t](.*))?$/.exec(text) ?? []
    if (kind === undefined) {
      if (this.#isOpenMetrics && text !== '# EOF') this.#problem('', 'OpenMetrics has no free comments')
      return
    }
    METRIC_NAME.lastIndex = 0
    if (METRIC_NAME.exec(name)?.[0] !== name || name === '') {
      this.#problem(name, `${kind} has no metric name that is legal`)
      return
    }
    const family = this.#family(name)
    if (kind === 'HELP') {
      if (family.help !== undefined) this.#problem(name, 'a second HELP line')
      if (!/^(?:[^\\]|\\[\\n"])*$/.test(rest))
        this.#problem(name, 'HELP has a backslash that escapes nothing')
      family.help = rest
    } else if (kind === 'TYPE') {
      const type = rest.trim()
      if (family.type !== undefined || family.samples.length > 0) {
        this.#problem(name, 'a second TYPE line, or one behind its samples')
      } else if (!(this.#isOpenMetrics ? OPENMETRICS_TYPES : TEXT_TYPES).includes(type)) {
        this.#problem(name, `there is no type ${JSON.stringify(type.slice(0, 100))}`)
      }
      family.type ??= type
    }
  }

  #family(name: string): ReadFamily {
    let family = this.#families.get(name)
    if (family === undefined) {
      family = { name, type: undefined, help: undefined, line: this.#line, samples: [] }
      this.#families.set(name, family)
    } else if (family !== this.#current) {
      this.#problem(name, 'its lines are not in one group')
    }
    this.#current = family
    return family
  }

  /** The family a sample of that name is in, by the suffixes of its type. */
  #familyOf(name: string): ReadFamily {
    for (const suffix of ['_bucket', '_sum', '_count', '_total', '_created', '_info', '_gsum', '_gcount']) {
      if (!name.endsWith(suffix)) continue
      const family = this.#families.get(name.slice(0, -suffix.length))
      if (family?.type !== undefined && SUFFIXES[family.type]?.includes(suffix) === true) {
        if (family.name === this.#current?.name) return family
        return this.#family(family.name)
      }
    }
    return this.#family(name)
  }

  #readSample(text: string): void {
    METRIC_NAME.lastIndex = 0
    const name = METRIC_NAME.exec(text)?.[0]
    if (name === undefined) {
      this.#problem(text.slice(0, 100), 'no metric name at the start of a line')
      return
    }
    try {
      const labels = new Map<string, string>()
      const at = skipBlanks(text, name.length)
      const end = text[at] === '{' ? readLabels(text, at + 1, labels) : at
      const [numbers = '', exemplarText] = this.#isOpenMetrics
        ? split(text.slice(end), ' # ')
        : [text.slice(end)]
      const [value, timestamp, ...more] = numbers.trim().split(/[ \t]+/)
      if (more.length > 0) throw new Error('more behind the value than a timestamp')
      if (timestamp !== undefined) numberOf(timestamp)
      const exemplar = exemplarText === undefined ? undefined : readExemplar(exemplarText)
      const family = this.#familyOf(name)
      checkBound(family, name, labels)
      family.samples.push({ name, labels, value: numberOf(value ?? ''), exemplar, line: this.#line })
    } catch (error) {
      this.#problem(name, (error as Error).message)
    }
  }
}

/** A bucket or a quantile whose place is no number cannot be stored. */
function checkBound(family: ReadFamily, name: string, labels: ReadonlyMap<string, string>): void {
  const isBucket = family.type === 'histogram' && name === `${family.name}_bucket`
  const isQuantile = family.type === 'summary' && name === family.name
  if (!isBucket && !isQuantile) return
  const label = isBucket ? 'le' : 'quantile'
  const bound = labels.get(label)
  if (bound === undefined) throw new Error(`label "${label}" is missing`)
  numberOf(bound)
}

function split(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)]
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (text[at] === ' ' || text[at] === '\t') at++
  return at
}

/** Reads from behind `{` into `labels`; returns the place behind `}`. Throws what is wrong. */
function readLabels(text: string, from: number, labels: Map<string, string>): number {
  let at = skipBlanks(text, from)
  while (text[at] !== '}') {
    LABEL_NAME.lastIndex = at
    const name = LABEL_NAME.exec(text)?.[0]
    if (name === undefined) throw new Error('a label name that is not legal, or labels that do not end')
    at = skipBlanks(text, at + name.length)
    if (text[at] !== '=') throw new Error(`label "${name}" has no =`)
    at = skipBlanks(text, at + 1)
    if (text[at] !== '"') throw new Error(`the value of label "${name}" has no quotes`)
    const close = closingQuote(text, at + 1, name)
    if (labels.has(name)) throw new Error(`label "${name}" stands twice`)
    labels.set(name, unescaped(text.slice(at + 1, close)))
    at = skipBlanks(text, close + 1)
    if (text[at] === ',') at = skipBlanks(text, at + 1)
    else if (text[at] !== '}') throw new Error(`no comma behind label "${name}"`)
  }
  return at + 1
}

function closingQuote(text: string, from: number, name: string): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '"') return at
    if (text[at] !== '\\') continue
    at++
    if (!'\\"n'.includes(text[at] ?? ' '))
      throw new Error(`label "${name}" has a backslash that escapes nothing`)
  }
  throw new Error(`the value of label "${name}" does not end`)
}

function unescaped(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\(.)/g, (_, mark: string) => (mark === 'n' ? '\n' : mark))
    : text
}

function readExemplar(text: string): ReadExemplar {
  if (text[0] !== '{') throw new Error('an exemplar without labels')
  const labels = new Map<string, string>()
  const [value = '', timestamp, ...more] = text
    .slice(readLabels(text, 1, labels))
    .trim()
    .split(' ')
  if (more.length > 0) throw new Error('more behind the exemplar than a timestamp')
  return {
    labels,
    value: numberOf(value),
    timestampSeconds: timestamp === undefined ? undefined : numberOf(timestamp),
  }
}

function numberOf(text: string): number {
  if (!NUMBER.test(text)) throw new Error(`${JSON.stringify(text.slice(0, 100))} is no number`)
  const infinity = /^([+-]?)inf/i.exec(text)
  if (infinity !== null) return infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return Number(text)
}
