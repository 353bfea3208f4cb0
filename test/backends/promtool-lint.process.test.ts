/** Every finding of `promtool check metrics` has one of ours, over a corpus of expositions; skipped where it is missing. */
import { spawnSync } from 'node:child_process'
import { lint } from '@triscope/metrics'
import { describe, expect, it } from 'vitest'

const installed = spawnSync('promtool', ['--version']).status === 0

/** What promtool says in words, and the code it is here. */
const CODES: readonly (readonly [RegExp, string])[] = [
  [/^no help text$/, 'HELP_MISSING'],
  [/^use base unit /, 'UNIT_NOT_BASE'],
  [/^metric names should not contain abbreviated units$/, 'UNIT_ABBREVIATED'],
  [/^counter metrics should have "_total" suffix$/, 'COUNTER_TOTAL'],
  [/^non-counter metrics should not have "_total" suffix$/, 'TOTAL_NOT_COUNTER'],
  [/^non-histogram( and non-summary)? metrics should not have "_(count|sum|bucket)" suffix$/, 'NAME_SUFFIX'],
  [/^non-(histogram|summary) metrics should not have "(le|quantile)" label$/, 'LABEL_RESERVED'],
  [/^metric name should not include type /, 'NAME_TYPE'],
  [/^metric names should not contain ':'$/, 'NAME_COLON'],
  [/^metric names should be written in 'snake_case' not 'camelCase'$/, 'NAME_CASE'],
  [/^label names should be written in 'snake_case' not 'camelCase'$/, 'LABEL_CASE'],
]

interface Said {
  /** `metric code`, of each finding. */
  readonly findings: readonly string[]
  /** What it said when it could not read the exposition. */
  readonly error: string | undefined
}

function promtool(text: string): Said {
  const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  })
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
  if (status === 1) return { findings: [], error: lines.join() }
  const findings = lines.map((line) => {
    const [metric = '', ...words] = line.split(' ')
    const code = CODES.find(([said]) => said.test(words.join(' ')))?.[1]
    if (code === undefined) throw new Error(`promtool says what no code stands for: ${line}`)
    return `${metric} ${code}`
  })
  return { findings, error: undefined }
}

function family(name: string, type: string, labels = '', help = 'Some help'): string {
  const head = `${help === '' ? '' : `# HELP ${name} ${help}\n`}# TYPE ${name} ${type}\n`
  const inner = labels === '' ? '' : `${labels},`
  const outer = labels === '' ? '' : `{${labels}}`
  if (type === 'histogram') {
    return `${head}${name}_bucket{${inner}le="+Inf"} 1\n${name}_sum${outer} 1\n${name}_count${outer} 1\n`
  }
  if (type === 'summary') {
    return `${head}${name}{${inner}quantile="0.5"} 1\n${name}_sum${outer} 1\n${name}_count${outer} 1\n`
  }
  return `${head}${name}${outer} 1\n`
}

const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped']
const PREFIXES = [
  '',
  'pico',
  'nano',
  'micro',
  'milli',
  'centi',
  'deci',
  'deca',
  'hecto',
  'kilo',
  'mega',
  'giga',
  'tera',
  'peta',
  'kibi',
  'mibi',
  'gibi',
  'tebi',
  'pebi',
]
const UNITS = [
  'amperes',
  'bytes',
  'bits',
  'calories',
  'celsius',
  'days',
  'fahrenheit',
  'grams',
  'hours',
  'inches',
  'joules',
  'kelvin',
  'kelvins',
  'meters',
  'metres',
  'miles',
  'minutes',
  'rankine',
  'ratio',
  'seconds',
  'volts',
  'weeks',
  'yards',
  'percent',
  'hertz',
  'items',
]
const SHORT = [
  's',
  'ms',
  'us',
  'ns',
  'sec',
  'b',
  'kb',
  'mb',
  'gb',
  'tb',
  'pb',
  'm',
  'h',
  'd',
  'MS',
  'Kb',
  'kib',
  'min',
  'usec',
]
const WORDS = ['counter', 'gauge', 'histogram', 'summary', 'untyped', 'gauges', 'countersink', 'Counter']
const SUFFIXES = ['_total', '_count', '_sum', '_bucket', '_info', '_created', '_max']

const corpus: Readonly<Record<string, string>> = {
  units: PREFIXES.flatMap((prefix) => UNITS.map((unit) => family(`x_${prefix}${unit}`, 'gauge'))).join(''),
  'units anywhere in a name': UNITS.flatMap((unit) =>
    ['milli', ''].flatMap((prefix) => [
      family(`${prefix}${unit}`, 'gauge'),
      family(`a_${prefix}${unit}_total`, 'counter'),
      family(`a_${prefix}${unit}_b_c`, 'gauge'),
      family(`a_seconds_${prefix}${unit}`, 'histogram'),
    ]),
  ).join(''),
  abbreviations: SHORT.flatMap((word) => [
    family(`a_${word}`, 'gauge'),
    family(`a_${word}_x`, 'summary'),
    family(word, 'gauge'),
    family(`${word}_a`, 'gauge'),
    family(`c_${word}_total`, 'counter'),
  ]).join(''),
  'types in names': TYPES.flatMap((type) =>
    WORDS.flatMap((word) =>
      [`${word}_a_${type}z`, `b_${word}_${type}y`, `c${type}_${word}`, `d_${type}w${word}`].map((name) =>
        family(name, type),
      ),
    ),
  ).join(''),
  suffixes: TYPES.flatMap((type) => SUFFIXES.map((suffix) => family(`x_${type[0]}${suffix}`, type))).join(''),
  case: ['camelCase', 'Upper', 'UPPER_CASE', 'aB_c', 'a_bC', 'a1B', 'x:y', ':x', 'a::b']
    .map((name) => family(name, 'gauge'))
    .join(''),
  labels: [
    'le="1"',
    'quantile="0.5"',
    'userId="1"',
    'UserId="1"',
    'user_ID="1"',
    'a1B="1"',
    'job="x"',
    'le="1",quantile="1"',
  ]
    .map((labels, i) => family(`a${i}`, 'gauge', labels))
    .join(''),
  'labels of histograms and summaries':
    family('h', 'histogram', 'quantile="1"') +
    family('s', 'summary', 'le="1"') +
    family('t', 'histogram', 'userId="1"'),
  'missing help': TYPES.map((type) => family(`x_${type[0]}`, type, '', '')).join(''),
  'no type': 'a 1\n# HELP b B\nb{userId="1"} 2\nc_ms 1\nd_total 1\n',
  'two at once': family('fooBar_ms_count', 'counter', 'le="1",userId="2"', ''),
  nothing: '',
}

const broken = [
  '# TYPE a gauge\n# TYPE a gauge\na 1\n',
  'a 1\n# TYPE a gauge\n',
  '# HELP a A\n# HELP a A\na 1\n',
  '# TYPE a thing\na 1\n',
  '# TYPE 1a gauge\n1a 1\n',
  'a{x="1} 1\n',
  'a{x=1} 1\n',
  'a{x="\\q"} 1\n',
  'a{x="1" y="2"} 1\n',
  'a{x="1",x="2"} 1\n',
  'a{1x="1"} 1\n',
  'a\n',
  'a 1 2 3\n',
  'a one\n',
  'a 1 x\n',
  '1a 1\n',
  'a 1',
  'a{x="1"\n',
  '# TYPE h histogram\nh_bucket{le="x"} 1\n',
  '# TYPE s summary\ns{quantile="x"} 1\n',
  'a 1 # {x="1"} 2\n',
  'a-b 1\n',
  '"a" 1\n',
  'a{__name__="b"} 1\n',
]

describe.skipIf(!installed)('promtool check metrics', () => {
  it.each(Object.entries(corpus))('finds nothing in "%s" that lint does not find', (_, text) => {
    const theirs = promtool(text)
    expect(theirs.error).toBeUndefined()
    const ours = new Set(lint(text).map(({ metric, code }) => `${metric} ${code}`))
    expect(theirs.findings.filter((finding) => !ours.has(finding))).toEqual([])
  })

  it('is understood in all its rules by the corpus', () => {
    const found = new Set(
      Object.values(corpus).flatMap((text) => promtool(text).findings.map((each) => each.split(' ')[1])),
    )
    expect([...found].sort()).toEqual([...new Set(CODES.map(([, code]) => code))].sort())
  })

  it.each(broken)('cannot read %j where lint finds fault with it', (text) => {
    const { error, findings } = promtool(text)
    const serious = lint(text).filter(({ code }) =>
      ['SYNTAX', 'HISTOGRAM_INVALID', 'LABEL_RESERVED', 'VALUE_INVALID'].includes(code),
    )
    if (error !== undefined) expect(serious).not.toEqual([])
    else expect(Array.isArray(findings)).toBe(true)
  })
})

it.skipIf(installed)('promtool is not installed: lint is not compared with it', () => {})
