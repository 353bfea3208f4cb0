import { createDiagnostics } from '@triscope/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRegistry, lint, startRuntimeMetrics } from './index.ts'

const codes = (text: string): string[] => lint(text).map(({ code }) => code)
const gauge = (name: string, labels = ''): string =>
  `# HELP ${name} Some help\n# TYPE ${name} gauge\n${name}${labels} 1\n`

describe('lint', () => {
  it.each([
    ['NAME_CASE', gauge('queueSize'), 'write it in snake_case: "queue_size"'],
    ['NAME_COLON', gauge('job:size'), 'name it "job_size"'],
    ['NAME_TYPE', gauge('queue_gauge'), 'leave it out: readers of the name see the type too'],
    ['NAME_SUFFIX', gauge('queue_count'), 'name it "queue", or say what is counted: "…s"'],
    ['NAME_SUFFIX', gauge('queue_sum'), 'name it "queue", or say what is counted: "…s"'],
    ['NAME_SUFFIX', gauge('queue_bucket'), 'name it "queue", or say what is counted: "…s"'],
    ['NAME_SUFFIX', gauge('queue_created'), 'name it "queue", or say what is counted: "…s"'],
    [
      'UNIT_ABBREVIATED',
      gauge('wait_ms'),
      'spell it out, in a base unit: seconds, bytes, ratio, meters, grams, volts, amperes, joules or celsius',
    ],
    ['UNIT_NOT_BASE', gauge('wait_milliseconds'), 'measure in seconds, and name it "wait_seconds"'],
    ['UNIT_NOT_BASE', gauge('disk_used_percent'), 'measure in ratio, and name it "disk_used_ratio"'],
    ['COUNTER_TOTAL', '# HELP a A\n# TYPE a counter\na 1\n', 'name it "a_total"'],
    ['TOTAL_NOT_COUNTER', gauge('a_total'), 'make it a counter, or name it "a"'],
    ['HELP_MISSING', '# TYPE a gauge\na 1\n', 'say in one sentence what is measured'],
    ['TYPE_MISSING', '# HELP a A\na 1\n', 'write "# TYPE a gauge" above it, or what else it is'],
    ['LABEL_CASE', gauge('a', '{userId="1"}'), 'write it in snake_case: "user_id"'],
    ['LABEL_RESERVED', gauge('a', '{le="1"}'), 'give it another name'],
    ['LABEL_RESERVED', gauge('a', '{quantile="1"}'), 'give it another name'],
    ['LABEL_RESERVED', gauge('a', '{__name__="1"}'), 'name it "name__"'],
    ['LABEL_OF_TARGET', gauge('a', '{job="x"}'), 'give it another name, or leave it to the scraper'],
    ['LABEL_OF_TARGET', gauge('a', '{instance="x"}'), 'give it another name, or leave it to the scraper'],
    [
      'LABEL_STYLES',
      gauge('a', '{user_id="1"}') + gauge('b', '{userid="1"}'),
      'write it one way, or queries cannot join the two',
    ],
    ['LABELS_DIFFER', `${gauge('a', '{x="1"}')}a{y="1"} 1\n`, 'give all series of a metric the same labels'],
    ['SERIES_TWICE', `${gauge('a', '{x="1",y="2"}')}a{y="2",x="1"} 1\n`, 'give each label set once'],
    [
      'VALUE_INVALID',
      '# HELP a_total A\n# TYPE a_total counter\na_total -1\n',
      'count up from 0; what can fall is a gauge',
    ],
    [
      'VALUE_INVALID',
      '# HELP a_total A\n# TYPE a_total counter\na_total NaN\n',
      'count up from 0; what can fall is a gauge',
    ],
    ['SYNTAX', `${gauge('a')}a b c\n`, 'mend the line: a scraper drops the whole target over it'],
  ])('finds %s in %j, and nothing else', (code, text, fix) => {
    const findings = lint(text)
    expect(findings.map((finding) => finding.code)).toEqual([code])
    expect(findings[0]?.fix).toBe(fix)
    expect(findings[0]?.metric).not.toBe('')
    expect(findings[0]?.message).toMatch(/^\S.*[^.]$/)
  })

  it.each([
    ['h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n', 3],
    ['h_bucket{le="2"} 1\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_count 1\n', 4],
    ['h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n', 3],
    ['h_bucket{le="+Inf"} 2\nh_sum 1\nh_count 1\n', 3],
  ])('finds a histogram whose parts disagree: %j', (samples, line) => {
    const found = lint(`# HELP h H\n# TYPE h histogram\n${samples}`)
    expect(found[0]).toMatchObject({ code: 'HISTOGRAM_INVALID', metric: 'h', line: expect.any(Number) })
    expect(found[0]?.line).toBeGreaterThanOrEqual(line)
  })

  it.each([
    '# TYPE a gauge\n# TYPE a gauge\na 1\n',
    'a 1\n# TYPE a gauge\n',
    '# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na{x="1"} 1\n',
    '# TYPE a thing\na 1\n',
    '# HELP a A\n# HELP a A\na 1\n',
    'a{x="1} 1\n',
    'a{x=1} 1\n',
    'a{x="\\q"} 1\n',
    'a{x="1" y="2"} 1\n',
    'a{x="1",x="2"} 1\n',
    'a{1x="1"} 1\n',
    'a\n',
    'a 1 2 3\n',
    'a one\n',
    '1a 1\n',
    'a 1',
    '# TYPE a gauge\na 1 # {x="1"} 2\n',
    '# TYPE a counter\na_total 1 # {x="1" 2\n# EOF\n',
    '# TYPE a counter\n\na_total 1\n# EOF\n',
    '# TYPE h histogram\nh_bucket{le="x"} 1\n',
    '# TYPE h histogram\nh_bucket 1\n',
    '# TYPE s summary\ns{quantile="x"} 1\n',
    '# TYPE s summary\ns 1\n',
  ])('tells that %j breaks the format', (text) => {
    expect(codes(text)).toContain('SYNTAX')
  })

  it('reads OpenMetrics too, with units, exemplars and suffixes', () => {
    const text = `# TYPE a_seconds counter
# UNIT a_seconds seconds
# HELP a_seconds A "quoted" \\\\ help
a_seconds_total{x="\\"\\n\\\\"} 1 # {trace_id="ab"} 1 1.5
a_seconds_created{x="\\"\\n\\\\"} 1.5
# TYPE build info
# HELP build B
build_info{v="1"} 1
# EOF
`
    expect(lint(text)).toEqual([])
  })

  it('finds nothing in what this package exposes, but for names that others have fixed', async () => {
    const registry = createRegistry()
    const stop = startRuntimeMetrics(registry)
    registry.counter({ name: 'orders', help: 'Orders', labels: ['channel'] }).inc({ channel: 'web' })
    registry.histogram({ name: 'job_seconds', help: 'Jobs', unit: 'seconds' }).observe(1)
    registry.summary({ name: 'size_bytes', help: 'Sizes', objectives: { 0.5: 0.05 } }).observe(1)
    registry.info({ name: 'build', help: 'Build', labels: ['v'] }).set({ v: '1' })
    for (const accept of ['text/plain', 'application/openmetrics-text']) {
      const findings = lint(await registry.text(accept))
      expect(findings.map(({ code, metric }) => `${code} ${metric}`)).toEqual([
        'TOTAL_NOT_COUNTER nodejs_active_resources_total',
        'TOTAL_NOT_COUNTER nodejs_active_handles_total',
        'TOTAL_NOT_COUNTER nodejs_active_requests_total',
      ])
    }
    stop()
  })

  it('never throws, and always says something of what it cannot read', () => {
    const line = fc.oneof(
      fc.string(),
      fc.string({
        unit: fc.constantFrom(
          'a',
          '_',
          '{',
          '}',
          '"',
          '\\',
          '=',
          ',',
          ' ',
          '#',
          '1',
          '.',
          '\n',
          'TYPE',
          'HELP',
        ),
      }),
      fc.constantFrom('# TYPE a counter', '# HELP a b', 'a 1', 'a{b="c"} NaN', '# EOF'),
    )
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        expect(Array.isArray(lint(lines.join('\n')))).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('takes linear time over hostile lines', () => {
    for (const mark of ['\\', '{', '"', ',', '#', 'a="', ' ', '_', '\t', '# HELP a ', 'a{a="b",']) {
      const startMs = performance.now()
      lint(mark.repeat(100_000))
      lint(`a{b="${mark.repeat(100_000)}`)
      // Quadratic, each would take minutes.
      expect(performance.now() - startMs).toBeLessThan(10_000)
    }
  })
})

describe('an instrument that is made', () => {
  const made = (options: Parameters<typeof createRegistry>[0]) => {
    const said: string[] = []
    const diagnostics = createDiagnostics({
      onMessage: ({ code, message }) => said.push(`${code} ${message}`),
    })
    return { registry: createRegistry({ ...options, diagnostics }), said }
  }

  it('is made with all its findings said, once', () => {
    const { registry, said } = made({})
    for (let i = 0; i < 2; i++) registry.gauge({ name: 'waitMs_ms', help: '', labels: ['userId'] })
    registry.counter({ name: 'fine', help: 'Fine', labels: ['user_id'] })
    expect(said).toEqual([
      'TRI_WARN_METRIC_LINT gauge "waitMs_ms": the name is in camelCase (NAME_CASE): write it in snake_case: "wait_ms_ms"; the name has the abbreviated unit "ms" (UNIT_ABBREVIATED): spell it out, in a base unit: seconds, bytes, ratio, meters, grams, volts, amperes, joules or celsius; there is no help text (HELP_MISSING): say in one sentence what is measured; label "userId" is in camelCase (LABEL_CASE): write it in snake_case: "user_id"',
      'TRI_WARN_METRIC_LINT counter "fine": label "user_id" is "userId" in "waitMs_ms" (LABEL_STYLES): write it one way, or queries cannot join the two',
    ])
  })

  it('is refused in the mode that throws, leaves nothing behind, and can be made well then', async () => {
    const { registry, said } = made({ lint: 'throw' })
    expect(() => registry.gauge({ name: 'wait', help: 'Wait', labels: ['userId'] })).toThrow(
      expect.objectContaining({ code: 'TRI_ERR_METRIC_LINT', hint: expect.stringContaining('"warn"') }),
    )
    registry.gauge({ name: 'wait', help: 'Wait', labels: ['user_id'] }).set(1, { user_id: 'a' })
    expect(await registry.text()).toContain('wait{user_id="a"} 1\n')
    expect(said).toEqual([])
  })

  it('is not looked at when it is off, and the mode can be changed', () => {
    const { registry, said } = made({ lint: 'off' })
    registry.gauge({ name: 'a_ms', help: 'A' })
    registry.configure({ lint: 'warn' })
    registry.gauge({ name: 'b_ms', help: 'B' })
    expect(said.map((text) => text.split(' ')[2])).toEqual(['"b_ms":'])
    expect(() => registry.configure({ lint: 'loud' as never })).toThrow('metrics.lint: expected "throw"')
    expect(() => createRegistry({ lint: true as never })).toThrow('lint: expected "throw", "warn" or "off"')
  })
})
