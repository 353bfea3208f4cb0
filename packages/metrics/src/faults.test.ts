// The faults of the peers, by their numbers and letters in the project's record of them: the same input, and the
// right answer. Fault 7 needs real garbage collections and is in gc-duration.process.test.ts.
import { type SpanContext, TraceFlags } from '@opentelemetry/api'
import { createDiagnostics, type Diagnostics } from '@triscope/core'
import { createManualClock } from '@triscope/testing'
import { describe, expect, it } from 'vitest'
import { createRegistry, diagnosticsSource, type Registry, startRuntimeMetrics } from './index.ts'

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0'
const span: SpanContext = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  traceFlags: TraceFlags.SAMPLED,
}

function quiet(): { registry: Registry; diagnostics: Diagnostics; dropped(reason: string): number } {
  const diagnostics = createDiagnostics({ onMessage: () => undefined })
  const dropped = (reason: string): number =>
    diagnostics.snapshot().find(({ labels }) => labels['reason'] === reason)?.value ?? 0
  return { registry: createRegistry({ diagnostics, clock: createManualClock() }), diagnostics, dropped }
}

const samples = (text: string): string[] => text.split('\n').filter((line) => line !== '' && line[0] !== '#')

describe('numbered faults', () => {
  it('fault 1: label values that look alike when joined stay distinct series', async () => {
    const { registry } = quiet()
    const counter = registry.counter({ name: 'x', help: 'x', labels: ['a', 'b'] })
    counter.inc({ a: 'x,b:y' } as never)
    counter.inc({ a: 'x', b: 'y' })
    counter.inc({ a: 'p|q', b: 'r' })
    counter.inc({ a: 'p', b: 'q|r' })
    counter.inc({ a: 'x","b="y', b: '' })
    expect(samples(await registry.text())).toEqual([
      'x_total{a="x,b:y"} 1',
      'x_total{a="x",b="y"} 1',
      'x_total{a="p|q",b="r"} 1',
      'x_total{a="p",b="q|r"} 1',
      'x_total{a="x\\",\\"b=\\"y"} 1',
    ])
  })

  it('fault 2: each observation is in one window of a summary, and counted once', async () => {
    const { registry } = quiet()
    const summary = registry.summary({ name: 's', help: 's', quantiles: [0, 0.5, 1], ageBuckets: 5 })
    for (const value of [1, 1, 1, 8]) summary.observe(value)
    expect(samples(await registry.text())).toEqual([
      's{quantile="0"} 1',
      's{quantile="0.5"} 1',
      's{quantile="1"} 8',
      's_sum 11',
      's_count 4',
    ])
  })

  it('fault 3: a summary of nothing has NaN for its quantiles', async () => {
    const { registry } = quiet()
    registry.summary({ name: 's', help: 's', objectives: { 0.5: 0.01 } })
    expect(samples(await registry.text())).toEqual(['s{quantile="0.5"} NaN', 's_sum 0', 's_count 0'])
  })

  it('fault 3: a quantile of nothing is NaN, and is spelt NaN', async () => {
    const { registry } = quiet()
    registry.attach({
      name: 'empty summary',
      collect(to) {
        to.family('wait_seconds', 'summary', 'Wait')
        to.point({ quantile: '0.5' }, Number.NaN)
        to.point({}, 0, '_sum')
        to.point({}, 0, '_count')
      },
    })
    registry.gauge({ name: 'ratio', help: 'Ratio' }).set(Number.NaN)
    expect(samples(await registry.text())).toEqual([
      'ratio NaN',
      'wait_seconds{quantile="0.5"} NaN',
      'wait_seconds_sum 0',
      'wait_seconds_count 0',
    ])
  })

  it('fault 4: OpenMetrics help escapes the double quote, and the text format leaves it alone', async () => {
    const { registry } = quiet()
    registry.gauge({ name: 'x', help: 'a "quoted" \\ and\nbroken help' })
    expect(await registry.text(OPENMETRICS)).toBe(
      '# TYPE x gauge\n# HELP x a \\"quoted\\" \\\\ and\\nbroken help\nx 0\n# EOF\n',
    )
    expect(await registry.text()).toBe('# HELP x a "quoted" \\\\ and\\nbroken help\n# TYPE x gauge\nx 0\n')
  })

  it('fault 5: a bound series takes an exemplar like any other', async () => {
    const { registry } = quiet()
    const seconds = registry.histogram({ name: 's', help: 's', labels: ['route'], buckets: [1, 2] })
    seconds.series({ route: '/a' }).observe(1.5, span)
    expect(samples(await registry.text(OPENMETRICS))).toEqual([
      's_bucket{route="/a",le="1.0"} 0',
      's_bucket{route="/a",le="2.0"} 1 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id="00f067aa0ba902b7"} 1.5 1767225600.000',
      's_bucket{route="/a",le="+Inf"} 1',
      's_sum{route="/a"} 1.5',
      's_count{route="/a"} 1',
    ])
  })

  it('fault 8: event-loop lag has the blocks of the app, and not those of the scrape', async () => {
    let nowMs = 0
    const due: { atMs: number; fn: () => void }[] = []
    const clock = {
      wallMs: () => nowMs,
      monotonicMs: () => nowMs,
      timer(delayMs: number, fn: () => void) {
        due.push({ atMs: nowMs + delayMs, fn })
        return { cancel: () => due.splice(0) }
      },
    }
    const runDue = (): void => {
      nowMs = Math.max(nowMs, due[0]?.atMs ?? nowMs)
      due.shift()?.fn()
    }
    const registry = createRegistry({ clock })
    const stop = startRuntimeMetrics(registry, { clock })
    const detach = registry.attach({
      name: 'slow to collect',
      collect() {
        nowMs += 500
      },
    })
    const lag = async (): Promise<string[]> =>
      samples(await registry.text()).filter((line) => /^nodejs_eventloop_lag_(max_)?seconds /.test(line))
    await lag()
    runDue()
    expect(await lag()).toEqual(['nodejs_eventloop_lag_seconds 0', 'nodejs_eventloop_lag_max_seconds 0'])
    detach()
    runDue()
    nowMs += 350
    runDue()
    expect(await lag()).toEqual(['nodejs_eventloop_lag_seconds 0.3', 'nodejs_eventloop_lag_max_seconds 0.3'])
    stop()
    expect(due).toEqual([])
  })
})

describe('lettered faults of prom-client', () => {
  it('(a) an array or object as label value is escaped like the text it becomes', async () => {
    const { registry } = quiet()
    const counter = registry.counter({ name: 'x', help: 'x', labels: ['q'] })
    counter.inc({ q: ['a"b', '\n# EOF\n'] } as never)
    counter.inc({ q: {} } as never)
    expect(samples(await registry.text())).toEqual([
      'x_total{q="a\\"b,\\n# EOF\\n"} 1',
      'x_total{q="[object Object]"} 1',
    ])
  })

  it('(b) an exemplar that is too long is dropped and counted, and the observation kept', async () => {
    const { registry, dropped } = quiet()
    const counter = registry.counter({ name: 'x', help: 'x' }).series()
    counter.add(1, { ...span, traceId: 'a'.repeat(113) })
    expect(await registry.text(OPENMETRICS)).toBe('# TYPE x counter\n# HELP x x\nx_total 1\n# EOF\n')
    expect(dropped('EXEMPLAR_INVALID')).toBe(1)
  })

  it('(c) NaN and the infinities poison no counter and no histogram', async () => {
    const { registry, dropped } = quiet()
    const counter = registry.counter({ name: 'x', help: 'x' })
    const histogram = registry.histogram({ name: 'h', help: 'h', buckets: [1] })
    counter.add(2)
    histogram.observe(0.5)
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      counter.add(value)
      histogram.observe(value)
    }
    counter.add(-1)
    counter.add(Number.MAX_VALUE)
    counter.add(Number.MAX_VALUE)
    expect(samples(await registry.text())).toEqual([
      `x_total ${Number.MAX_VALUE}`,
      'h_bucket{le="1"} 1',
      'h_bucket{le="+Inf"} 1',
      'h_sum 0.5',
      'h_count 1',
    ])
    expect(dropped('VALUE_INVALID')).toBe(8)
  })

  it('(d) reserved and illegal labels are refused when the instrument is made', () => {
    const { registry } = quiet()
    for (const label of ['__name__', '__proto__', 'a-b', '1a', '', 'ä']) {
      expect(() => registry.counter({ name: 'x', help: 'x', labels: [label] })).toThrow(
        expect.objectContaining({ code: 'TRI_ERR_METRIC_LABELS' }),
      )
    }
    expect(() => registry.histogram({ name: 'h', help: 'h', labels: ['le'] })).toThrow(
      'histogram "h": label "le" is written by the exposition itself and cannot be chosen',
    )
    for (const kind of ['counter', 'gauge', 'histogram'] as const) {
      expect(() => registry[kind]({ name: 'o', help: 'o', labels: ['otel_metric_overflow'] })).toThrow(
        `${kind} "o": label "otel_metric_overflow" is written by the exposition itself and cannot be chosen`,
      )
    }
    expect(() => registry.gauge({ name: 'g', help: 'g', labels: ['a', 'a'] })).toThrow(
      'gauge "g": label "a" stands twice in the list',
    )
  })

  it('(e) names that would meet in any format are refused, and both sides named', () => {
    const { registry } = quiet()
    registry.counter({ name: 'x', help: 'x' })
    registry.histogram({ name: 'h', help: 'h' })
    expect(() => registry.gauge({ name: 'x_total', help: 'x' })).toThrow(
      'gauge "x_total" clashes with counter "x": both have the name "x_total" for themselves',
    )
    expect(() => registry.gauge({ name: 'h_count', help: 'h' })).toThrow(
      'gauge "h_count" clashes with histogram "h": both have the name "h_count" for themselves',
    )
    expect(() => registry.gauge({ name: 'x', help: 'x' })).toThrow(
      expect.objectContaining({ code: 'TRI_ERR_METRIC_DUP' }),
    )
    expect(registry.counter({ name: 'x_total', help: 'x' })).toBe(registry.counter({ name: 'x', help: 'x' }))
  })

  it.each([
    [[2, 1], 'histogram "h": buckets must increase, but bucket 2 (1) is not above bucket 1 (2)'],
    [[1, 1], 'histogram "h": buckets must increase, but bucket 2 (1) is not above bucket 1 (1)'],
    [[1, Number.NaN], 'histogram "h": buckets must be finite numbers, but bucket 2 is NaN'],
    [
      [1, Number.POSITIVE_INFINITY],
      'histogram "h": bucket 2 is Infinity, which is always added; leave it out',
    ],
    [[], 'histogram "h": buckets must be a list of at least one number, got an empty list'],
    [['1'], 'histogram "h": buckets must be finite numbers, but bucket 1 is "1"'],
    [Array.from({ length: 10_000 }, (_, i) => i), 'histogram "h": buckets must be at most 300, got 10000'],
  ])('(f) buckets %j are refused with the bound at fault named', (buckets, message) => {
    const { registry } = quiet()
    expect(() => registry.histogram({ name: 'h', help: 'h', buckets: buckets as number[] })).toThrow(
      expect.objectContaining({ code: 'TRI_ERR_METRIC_BUCKETS', message }),
    )
  })

  it('(g) and (h) one registry answers both formats, in any order, with the names of each', async () => {
    const { registry } = quiet()
    registry.counter({ name: 'http_requests_total', help: 'r' }).inc()
    const text = '# HELP http_requests_total r\n# TYPE http_requests_total counter\nhttp_requests_total 1\n'
    const open = '# TYPE http_requests counter\n# HELP http_requests r\nhttp_requests_total 1\n# EOF\n'
    expect(await registry.text()).toBe(text)
    expect(await registry.text(OPENMETRICS)).toBe(open)
    expect(await registry.text()).toBe(text)
  })

  it('(i) no recording throws, whatever it is given', async () => {
    const { registry, dropped } = quiet()
    const counter = registry.counter({ name: 'x', help: 'x', labels: ['a'] })
    const throwing = {
      toString() {
        throw new Error('no')
      },
    }
    const getter = {
      get a(): string {
        throw new Error('no')
      },
    }
    const labels: unknown[] = [
      undefined,
      null,
      1,
      'a',
      Symbol('a'),
      getter,
      { a: throwing },
      { a: Symbol('a') },
    ]
    for (const given of labels) counter.inc(given as never)
    const values: unknown[] = ['1', 1n, Symbol('1'), undefined, null, {}, throwing]
    for (const value of values) counter.add(value as never, { a: 'x' })
    expect(dropped('VALUE_INVALID')).toBe(labels.length + values.length)
    counter.add(1, { a: 10n } as never)
    expect(samples(await registry.text())).toEqual(['x_total{a="x"} 0', 'x_total{a="10"} 1'])
  })
})

describe('faults of the OpenTelemetry exporter', () => {
  it('families of sources that would meet are written once, and the loss is reported', async () => {
    const { registry, diagnostics } = quiet()
    registry.counter({ name: 'clash', help: 'c' })
    registry.attach({
      name: 'foreign',
      collect(to) {
        to.family('clash_total', 'gauge', 'c')
        to.point({}, 5)
        to.family('dup_name', 'gauge', 'd')
        to.point({}, 1)
        to.family('dup_name', 'gauge', 'd')
        to.point({}, 2)
      },
    })
    expect(await registry.text()).toBe(
      '# HELP clash_total c\n# TYPE clash_total counter\nclash_total 0\n# HELP dup_name d\n# TYPE dup_name gauge\ndup_name 1\n# HELP triscope_scrape_collector_errors_total Families left out of a scrape because who gives them failed, was late or met another, by collector\n# TYPE triscope_scrape_collector_errors_total counter\ntriscope_scrape_collector_errors_total{collector="foreign"} 2\n',
    )
    registry.attach(diagnosticsSource(diagnostics))
    expect(samples(await registry.text())).toContain(
      // Those of the scrape before: what this one leaves out is known when all have been asked.
      'triscope_telemetry_failures_total{code="TRI_WARN_METRIC_DUP"} 2',
    )
  })
})
