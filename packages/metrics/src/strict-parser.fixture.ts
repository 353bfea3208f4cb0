/**
 * A strict reader of both text formats for tests, written from their grammar. It refuses what a scraper refuses, and
 * what the specifications forbid besides: a family in two groups, a series twice, a histogram whose parts disagree.
 */

/** One line. */
interface ParsedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly exemplar: string | undefined
}

/** One family. */
export interface ParsedFamily {
  readonly name: string
  type: string
  help: string
  readonly samples: ParsedSample[]
}

const SUFFIXES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  text: {
    counter: [''],
    gauge: [''],
    histogram: ['_bucket', '_sum', '_count'],
    summary: ['', '_sum', '_count'],
    untyped: [''],
  },
  openmetrics: {
    counter: ['_total'],
    gauge: [''],
    info: ['_info'],
    histogram: ['_bucket', '_sum', '_count'],
    summary: ['', '_sum', '_count'],
    unknown: [''],
  },
}

/** Throws an error with the line at fault. */
export function parseStrictly(text: string, format: 'text' | 'openmetrics'): ParsedFamily[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line does not end')
  const lines = text.split('\n').slice(0, -1)
  if (format === 'openmetrics' && lines.pop() !== '# EOF') throw new Error('no # EOF at the end')
  const families = new Map<string, ParsedFamily>()
  const seen = new Set<string>()
  let current: ParsedFamily | undefined
  for (const line of lines) {
    const comment = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*|"(?:[^"\\]|\\.)*")(?: (.*))?$/s.exec(line)
    if (comment !== null) {
      const [, kind, shown = '', rest = ''] = comment
      const name = shown.startsWith('"') ? quotedName(shown, line) : shown
      if (rest === '') throw new Error(`nothing said: ${line}`)
      if (current?.name !== name) {
        if (families.has(name)) throw new Error(`family twice: ${line}`)
        current = { name, type: '', help: '', samples: [] }
        families.set(name, current)
      }
      if (current.samples.length > 0) throw new Error(`comment after samples: ${line}`)
      if (kind === 'TYPE') current.type = rest
      if (kind === 'HELP') current.help = unescaped(rest, format === 'openmetrics' ? '\\"n' : '\\n', line)
      continue
    }
    const sample = parseSample(line, format)
    if (current === undefined) throw new Error(`sample without family: ${line}`)
    const { name } = current
    const suffixes = SUFFIXES[format]?.[current.type] ?? []
    if (!suffixes.some((suffix) => name + suffix === sample.name)) throw new Error(`not of ${name}: ${line}`)
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
    if (seen.has(key)) throw new Error(`series twice: ${line}`)
    seen.add(key)
    current.samples.push(sample)
  }
  for (const family of families.values()) if (family.type === 'histogram') checkHistogram(family)
  return [...families.values()]
}

function parseSample(line: string, format: string): ParsedSample {
  const [start = '', shown = '', , end = ''] =
    /^(?:([a-zA-Z_:][a-zA-Z0-9_:]*)|\{("(?:[^"\\]|\\.)*")(,|(?=\})))/s.exec(line)?.slice(0, 4) ?? []
  if (start === '') throw new Error(`no sample: ${line}`)
  const isQuoted = start.startsWith('{')
  const name = isQuoted ? quotedName(start.slice(1, start.length - end.length), line) : shown
  const labels: Record<string, string> = Object.create(null) as Record<string, string>
  let rest = isQuoted ? `{${line.slice(start.length)}` : line.slice(start.length)
  if (rest.startsWith('{')) {
    rest = rest.slice(1)
    while (!rest.startsWith('}')) {
      const pair = /^([a-zA-Z_][a-zA-Z0-9_]*|"(?:[^"\\]|\\.)*")="((?:[^"\\]|\\.)*)"(,?)/s.exec(rest)
      const [whole = '', found = '', value = '', comma] = pair ?? []
      const label = found.startsWith('"') ? quotedName(found, line) : found
      if (pair === null || label in labels) throw new Error(`bad label: ${line}`)
      if (comma === '' && rest[whole.length] !== '}') throw new Error(`no comma: ${line}`)
      labels[label] = unescaped(value, '\\"n', line)
      rest = rest.slice(whole.length)
    }
    rest = rest.slice(1)
  }
  const exemplar = format === 'openmetrics' ? '(?: # (\\{.*\\} \\S+ \\d+(?:\\.\\d+)?))?' : ''
  const [, value = '', found] = new RegExp(`^ (\\S+)${exemplar}$`).exec(rest) ?? []
  return { name, labels, value: parseNumber(value, line), exemplar: found }
}

/** Text format 1.0.0: a name in quotes is one that would not be legal without. */
function quotedName(shown: string, line: string): string {
  const name = unescaped(shown.slice(1, -1), '\\"n', line)
  if (/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name) && !name.includes(':'))
    throw new Error(`needless quotes: ${line}`)
  return name
}

function parseNumber(text: string, line: string): number {
  if (text === 'NaN') return Number.NaN
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  if (text === '-Inf') return Number.NEGATIVE_INFINITY
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) throw new Error(`no number: ${line}`)
  return Number(text) + 0
}

function unescaped(text: string, marks: string, line: string): string {
  return text.replace(/\\(.?)/gs, (_, mark: string) => {
    if (mark === '' || !marks.includes(mark)) throw new Error(`bad escape: ${line}`)
    return mark === 'n' ? '\n' : mark
  })
}

/** Bounds increase, counts do not fall, and the last bucket, `+Inf`, equals the count. */
function checkHistogram({ name, samples }: ParsedFamily): void {
  const before = new Map<string, { bound: number; count: number }>()
  for (const { name: sampleName, labels, value } of samples) {
    const { le, ...set } = labels
    const key = JSON.stringify(Object.entries(set).sort())
    const last = before.get(key)
    if (sampleName === `${name}_bucket`) {
      const bound = parseNumber(le ?? '', name)
      if (last !== undefined && (bound <= last.bound || value < last.count))
        throw new Error(`buckets of ${name}`)
      before.set(key, { bound, count: value })
    } else if (sampleName === `${name}_count` && (last?.bound !== Infinity || last.count !== value)) {
      throw new Error(`count of ${name} is not its +Inf bucket`)
    }
  }
}
