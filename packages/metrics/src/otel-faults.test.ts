// The faults of OpenTelemetry's exporter for Prometheus, as the project's record of the peers tells them: the same
// input, and the right answer.
import { type SpanContext, TraceFlags } from '@opentelemetry/api'
import { createDiagnostics } from '@triscope/core'
import { createManualClock } from '@triscope/testing'
import { describe, expect, it } from 'vitest'
import { createRegistry, type MetricSource, type Registry } from './index.ts'
import { decodeFamilies } from './metric-family-decoder.fixture.ts'

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0'
const PROTOBUF =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited'
const span: SpanContext = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  traceFlags: TraceFlags.SAMPLED,
}

function quiet(names: 'legacy' | 'utf8' = 'legacy'): Registry {
  const diagnostics = createDiagnostics({ onMessage: () => undefined })
  return createRegistry({ names, diagnostics, clock: createManualClock() })
}

const errors = (collector: string, count: number): string =>
  `# HELP triscope_scrape_collector_errors_total Families left out of a scrape because who gives them failed, was late or met another, by collector
# TYPE triscope_scrape_collector_errors_total counter
triscope_scrape_collector_errors_total{collector="${collector}"} ${count}
`

const source = (name: string, collect: MetricSource['collect']): MetricSource => ({ name, collect })

describe('faults of the OpenTelemetry exporter for Prometheus', () => {
  it('the labels {a.b, a_b} are refused on an instrument, and cost a source its point, never the scrape', async () => {
    const registry = quiet('utf8')
    expect(() => registry.counter({ name: 'x', help: 'x', labels: ['a.b', 'a_b'] })).toThrow(
      'counter "x": label "a_b" becomes "a_b" for readers without UTF-8 names, as another one does',
    )
    registry.attach(
      source('foreign', (to) => {
        to.family('y', 'gauge', 'y')
        to.point({ 'a.b': '1', a_b: '2' }, 1)
        to.point({ 'a.b': '1' }, 2)
      }),
    )
    expect(await registry.text()).toBe('# HELP y y\n# TYPE y gauge\ny{a_b="1"} 2\n')
  })

  it('clash and clash_total: the second is refused, and of two in sources the first is written', async () => {
    const registry = quiet()
    registry.counter({ name: 'clash', help: 'c' })
    expect(() => registry.gauge({ name: 'clash_total', help: 'c' })).toThrow(
      'gauge "clash_total" clashes with counter "clash": both have the name "clash_total" for themselves',
    )
    registry.attach(
      source('foreign', (to) => {
        to.family('clash_total', 'gauge', 'c')
        to.point({}, 5)
      }),
    )
    expect(await registry.text()).toBe(
      `# HELP clash_total c\n# TYPE clash_total counter\nclash_total 0\n${errors('foreign', 1)}`,
    )
  })

  it('dup.name and dup_name: the second is refused, and of two in sources the first is written', async () => {
    const registry = quiet('utf8')
    registry.gauge({ name: 'dup.name', help: 'd' }).set(1)
    expect(() => registry.gauge({ name: 'dup_name', help: 'd' })).toThrow(
      'gauge "dup_name" clashes with gauge "dup.name": both have the name "dup_name" for themselves',
    )
    registry.attach(
      source('foreign', (to) => {
        to.family('dup_name', 'gauge', 'd')
        to.point({}, 2)
      }),
    )
    expect(await registry.text()).toBe(
      `# HELP dup_name d\n# TYPE dup_name gauge\ndup_name 1\n${errors('foreign', 1)}`,
    )
  })

  it('NaN and +Inf are no totals: a counter keeps the last good one, and a point of a source is left out', async () => {
    const registry = quiet()
    const counter = registry.counter({ name: 'x', help: 'x' })
    counter.add(2)
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) counter.add(value)
    registry.observableCounter({
      name: 'y',
      help: 'y',
      labels: ['a'],
      callback(to) {
        to.observe(Number.NaN, { a: 'nan' })
        to.observe(Number.POSITIVE_INFINITY, { a: 'inf' })
        to.observe(3, { a: 'good' })
      },
    })
    expect(await registry.text()).toBe(
      '# HELP x_total x\n# TYPE x_total counter\nx_total 2\n# HELP y_total y\n# TYPE y_total counter\ny_total{a="good"} 3\n',
    )
  })

  it.each([
    [undefined, 'text/plain; version=0.0.4; charset=utf-8'],
    ['text/plain', 'text/plain; version=0.0.4; charset=utf-8'],
    [OPENMETRICS, 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
    [PROTOBUF, PROTOBUF],
  ])(
    'no content negotiation, no version: Accept %s is answered with its format and version',
    (accept, type) => {
      expect(quiet().expose({ accept }).contentType).toBe(type)
    },
  )

  it('no OpenMetrics, no exemplars: both are there', async () => {
    const registry = quiet()
    registry.counter({ name: 'x', help: 'x' }).series().add(1, span)
    expect(await registry.text(OPENMETRICS)).toBe(
      '# TYPE x counter\n# HELP x x\nx_total 1 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id="00f067aa0ba902b7"} 1 1767225600.000\n# EOF\n',
    )
  })

  it('exponential histograms are dropped: they are written in protobuf, and as count and sum in text', async () => {
    const registry = quiet()
    registry.histogram({ name: 'h', help: 'h', buckets: false, native: { schema: 0 } }).observe(3)
    expect(await registry.text()).toBe(
      '# HELP h h\n# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 3\nh_count 1\n',
    )
    const chunks: Uint8Array[] = []
    for await (const chunk of registry.expose({ accept: PROTOBUF }).body) chunks.push(chunk)
    const [family] = decodeFamilies(Buffer.concat(chunks))
    expect(family?.metrics[0]?.point).toEqual({
      count: 1,
      sum: 3,
      schema: 0,
      zeroThreshold: 2 ** -128,
      zeroCount: 0,
      positiveSpan: [{ offset: 2, length: 1 }],
      positiveDelta: [1],
      created: { seconds: 1767225600, nanos: 0 },
    })
  })

  it('an error while collecting answers as if nothing were wrong: it costs its family, and is counted', async () => {
    const registry = quiet()
    registry.gauge({ name: 'x', help: 'x' }).set(1)
    registry.attach(
      source('broken', () => {
        throw new Error('no')
      }),
    )
    expect(await registry.text()).toBe(`# HELP x x\n# TYPE x gauge\nx 1\n${errors('broken', 1)}`)
  })
})
