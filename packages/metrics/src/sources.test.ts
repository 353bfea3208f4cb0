import { createDiagnostics } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import {
  createRegistry,
  diagnosticsSource,
  type MetricSink,
  type MetricSource,
  type Registry,
  registrySource,
  targetInfo,
} from './index.ts'

const OPENMETRICS = 'application/openmetrics-text'

function withSource(collect: MetricSource['collect']): {
  registry: Registry
  said: string[]
  dropped(): number
  detach: () => void
} {
  const said: string[] = []
  const diagnostics = createDiagnostics({ onMessage: ({ message }) => said.push(message) })
  const registry = createRegistry({ diagnostics })
  const detach = registry.attach({ name: 'mine', collect })
  const dropped = (): number =>
    diagnostics.snapshot().find(({ labels }) => labels['reason'] === 'VALUE_INVALID')?.value ?? 0
  return { registry, said, dropped, detach }
}

const body = (text: string): string[] => text.split('\n').filter((line) => line !== '' && line[0] !== '#')

describe('metric sources', () => {
  it('are asked at each scrape until they are detached', async () => {
    let asked = 0
    const { registry, detach } = withSource((to) => {
      to.family('asked', 'counter', 'Asked')
      to.point({}, ++asked)
    })
    expect(body(await registry.text())).toEqual(['asked_total 1'])
    expect(body(await registry.text())).toEqual(['asked_total 2'])
    detach()
    detach()
    expect(await registry.text()).toBe('')
  })

  it.each([
    [
      'throws',
      (to: MetricSink) => {
        to.family('half', 'gauge', 'Half')
        to.point({}, 1)
        throw new Error('gone')
      },
    ],
    [
      'rejects',
      async (to: MetricSink) => {
        to.family('half', 'gauge', 'Half')
        to.point({}, 1)
        await Promise.reject(new Error('gone'))
      },
    ],
  ])('cost their own families when one %s, and nothing else', async (_, collect) => {
    const { registry, said } = withSource(collect)
    registry.gauge({ name: 'ours', help: 'o' })
    registry.attach({
      name: 'fine',
      collect(to) {
        to.family('fine', 'gauge', 'f')
        to.point({}, 1)
      },
    })
    expect(body(await registry.text())).toEqual([
      'ours 0',
      'fine 1',
      'triscope_scrape_collector_errors_total{collector="mine"} 1',
    ])
    expect(said).toEqual(['metric source "mine": its metrics are left out: gone'])
  })

  it('may take their time, and what comes after they ended is not taken', async () => {
    let late: MetricSink | undefined
    const { registry } = withSource(async (to) => {
      late = to
      await Promise.resolve()
      to.family('slow', 'gauge', 's')
      to.point({}, 1)
    })
    expect(body(await registry.text())).toEqual(['slow 1'])
    expect(() => late?.point({}, 2)).not.toThrow()
  })

  it('lose points that would make the exposition unreadable, each counted', async () => {
    const { registry, dropped } = withSource((to) => {
      to.family('c', 'counter', 'c')
      to.point({ a: '1' }, -1)
      to.point({ a: '1' }, Number.NaN)
      to.point({ a: '1' }, 1)
      to.point({ a: '1' }, 2)
      to.point({ __name__: 'x' }, 1)
      to.point({ 'a.b': 'x' }, 1)
      to.point({ a: '1' }, 1, '_sum')
      to.family('g', 'gauge', 'g')
      to.point({ a: '1', b: '2' }, 1)
      to.point({ b: '2', a: '1' }, 2)
      to.point({ a: Symbol('a') } as never, 1)
      to.point({}, '5' as never)
      to.family('h', 'histogram', 'h')
      to.point({}, 1, '_bucket')
      to.point({ le: 'much' }, 1, '_bucket')
      to.point({ le: '1' }, 1, '_sum')
      to.family('s', 'summary', 's')
      to.point({ quantile: '1.5' }, 1)
      to.point({}, 1)
      to.family('i', 'info', 'i')
      to.point({}, 2)
    })
    expect(body(await registry.text())).toEqual(['c_total{a="1"} 1', 'g{a="1",b="2"} 1'])
    expect(dropped()).toBe(15)
  })

  it('fail as a whole for a name, a type or an order that cannot be', async () => {
    for (const collect of [
      (to: MetricSink) => to.family('a b', 'gauge', 'x'),
      (to: MetricSink) => to.family('x', 'stateset' as never, 'x'),
      (to: MetricSink) => to.family('x', 'toString' as never, 'x'),
      (to: MetricSink) => to.point({}, 1),
    ]) {
      const { registry, said } = withSource(collect)
      expect(body(await registry.text())).toEqual([
        'triscope_scrape_collector_errors_total{collector="mine"} 1',
      ])
      expect(said).toHaveLength(1)
    }
  })

  it('have the samples of a label set side by side, whatever order they are given in', async () => {
    const { registry } = withSource((to) => {
      to.family('h_seconds', 'histogram', 'h', 'seconds')
      to.point({ le: '1', a: 'x' }, 1, '_bucket')
      to.point({ le: '1', a: 'y' }, 2, '_bucket')
      to.point({ a: 'x', le: '+Inf' }, 3, '_bucket')
      to.point({ a: 'y', le: '+Inf' }, 4, '_bucket')
      to.point({ a: 'x' }, 3, '_count')
    })
    expect(await registry.text(OPENMETRICS)).toBe(`# TYPE h_seconds histogram
# UNIT h_seconds seconds
# HELP h_seconds h
h_seconds_bucket{a="x",le="1.0"} 1
h_seconds_bucket{a="x",le="+Inf"} 3
h_seconds_bucket{a="y",le="1.0"} 2
h_seconds_bucket{a="y",le="+Inf"} 4
# EOF
`)
  })

  it('lose histograms that do not add up, and complete those that only lack their last bucket', async () => {
    const { registry, dropped } = withSource((to) => {
      to.family('h', 'histogram', 'h')
      to.point({ is: 'falling', le: '1' }, 5, '_bucket')
      to.point({ is: 'falling', le: '+Inf' }, 4, '_bucket')
      to.point({ is: 'other count', le: '+Inf' }, 4, '_bucket')
      to.point({ is: 'other count' }, 5, '_count')
      to.point({ is: 'without end', le: '1' }, 4, '_bucket')
      to.point({ is: 'right', le: '5' }, 4, '_bucket')
      to.point({ is: 'right', le: '1' }, 3, '_bucket')
      to.point({ is: 'right' }, 6, '_count')
      to.point({ is: 'right' }, 60, '_sum')
    })
    expect(body(await registry.text())).toEqual([
      'h_bucket{is="right",le="1"} 3',
      'h_bucket{is="right",le="5"} 4',
      'h_bucket{is="right",le="+Inf"} 6',
      'h_sum{is="right"} 60',
      'h_count{is="right"} 6',
    ])
    expect(dropped()).toBe(3)
  })

  it('are written with the types that each format knows', async () => {
    const { registry } = withSource((to) => {
      to.family('build_info', 'info', 'Build')
      to.point({ version: '1' }, 1)
      to.family('thing', 'unknown', 'Thing')
      to.point({}, -5)
    })
    expect(await registry.text()).toBe(
      '# HELP build_info Build\n# TYPE build_info gauge\nbuild_info{version="1"} 1\n# HELP thing Thing\n# TYPE thing untyped\nthing -5\n',
    )
    expect(await registry.text(OPENMETRICS)).toBe(
      '# TYPE build info\n# HELP build Build\nbuild_info{version="1"} 1\n# TYPE thing unknown\n# HELP thing Thing\nthing -5\n# EOF\n',
    )
  })
})

describe('groups of sources', () => {
  it('are asked for their sources at each scrape, and one that fails costs itself alone', async () => {
    const { registry, said } = withSource(() => undefined)
    const gauge = (name: string): MetricSource => ({
      name,
      collect(to) {
        to.family(name, 'gauge', 'g')
        to.point({}, 1)
      },
    })
    const sources = [gauge('a'), { name: 'b', collect: () => Promise.reject(new Error('gone')) }, gauge('c')]
    const detach = registry.attach({ name: 'all', sources: () => sources })
    const failed = (count: number) => `triscope_scrape_collector_errors_total{collector="b"} ${count}`
    expect(body(await registry.text())).toEqual(['a 1', 'c 1', failed(1)])
    sources.push(gauge('d'))
    expect(body(await registry.text())).toEqual(['a 1', 'c 1', 'd 1', failed(2)])
    detach()
    expect(body(await registry.text())).toEqual([failed(2)])
    expect(said).toEqual(['metric source "b": its metrics are left out: gone'])
  })

  it('cost themselves when they cannot name their sources', async () => {
    const { registry, said } = withSource((to) => to.family('fine', 'gauge', 'f'))
    registry.attach({
      name: 'all',
      sources() {
        throw new Error('lost')
      },
    })
    expect(await registry.text()).toContain('# TYPE fine gauge')
    expect(said).toEqual(['metric source "all": its metrics are left out: lost'])
  })

  it('wait together, not one after the other', async () => {
    const { registry } = withSource(() => undefined)
    const order: string[] = []
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    registry.attach({ name: 'first', collect: () => gate.then(() => void order.push('first')) })
    registry.attach({
      name: 'second',
      collect() {
        order.push('second')
        release()
      },
    })
    await registry.text()
    expect(order).toEqual(['second', 'first'])
  })
})

describe('families of a name that is taken', () => {
  it('are left out, each named with both owners, and the scrape goes on', async () => {
    const { registry, said } = withSource((to) => {
      for (const name of ['orders', 'users']) {
        to.family(name, 'gauge', 'theirs')
        to.point({}, 2)
      }
    })
    registry.counter({ name: 'orders_total', help: 'o' })
    registry.attach({
      name: 'late',
      collect(to) {
        to.family('users', 'gauge', 'again')
        to.point({}, 3)
        to.family('fine', 'gauge', 'f')
        to.point({}, 4)
      },
    })
    expect(body(await registry.text())).toEqual([
      'orders_total 0',
      'users 2',
      'fine 4',
      'triscope_scrape_collector_errors_total{collector="mine"} 1',
      'triscope_scrape_collector_errors_total{collector="late"} 1',
    ])
    expect(said).toEqual([
      'metric source "mine": gauge "orders" is left out, it clashes with counter "orders": both have the name "orders" for themselves',
      'metric source "late": gauge "users" is left out, it clashes with metric source "mine": both have the name "users" for themselves',
    ])
  })
})

describe('exemplars of a source', () => {
  it('stand behind counters and buckets in OpenMetrics, and what is not allowed costs the exemplar alone', async () => {
    const labels = { trace_id: 'a"b' }
    const { registry } = withSource((to) => {
      to.family('c', 'counter', 'c')
      to.point({ n: '1' }, 1, '', { labels, value: 1, timestampSeconds: 1.5 })
      to.point({ n: '2' }, 1, '', { labels: {}, value: Number.POSITIVE_INFINITY })
      const bad = [
        { labels: { trace_id: 'x'.repeat(121) }, value: 1 },
        { labels: { 'a b': 'x' }, value: 1 },
        { labels, value: undefined },
        { labels, value: 1, timestampSeconds: Number.NaN },
        { labels: undefined, value: 1 },
        { labels: { a: Symbol('x') }, value: 1 },
      ]
      bad.forEach((exemplar, i) => {
        to.point({ n: String(i + 3) }, 1, '', exemplar as never)
      })
      to.family('g', 'gauge', 'g')
      to.point({}, 1, '', { labels, value: 1 })
    })
    const diagnostics = createDiagnostics()
    registry.configure({ diagnostics })
    expect(body(await registry.text(OPENMETRICS))).toEqual([
      'c_total{n="1"} 1 # {trace_id="a\\"b"} 1 1.500',
      'c_total{n="2"} 1 # {} +Inf',
      ...[3, 4, 5, 6, 7, 8].map((n) => `c_total{n="${n}"} 1`),
      'g 1',
    ])
    expect(body(await registry.text())[0]).toBe('c_total{n="1"} 1')
    expect(diagnostics.snapshot().map(({ labels: { reason }, value }) => [reason, value])).toEqual([
      ['EXEMPLAR_INVALID', 14],
    ])
  })
})

describe('sources of our own', () => {
  it('target_info has the resource, with names that are labels, and joins values whose names become one', async () => {
    const registry = createRegistry()
    const attributes = {
      'service.name': 'shop',
      'a.b': 1,
      a_b: true,
      '1st': 'x',
      __secret: 'y',
      é: 'z',
      empty: '',
    }
    registry.attach(targetInfo({ attributes }))
    expect(body(await registry.text())).toEqual([
      'target_info{key_1st="x",_secret="y",a_b="1;true",service_name="shop",_="z"} 1',
    ])
  })

  it('diagnostics are families grouped by name', async () => {
    const registry = createRegistry()
    const diagnostics = createDiagnostics({ onMessage: () => undefined })
    diagnostics.dropped('traces', 'QUEUE_FULL', 3)
    diagnostics.failed('TRI_WARN_TEST', new Error('x'))
    diagnostics.dropped('logs', 'SHUTDOWN')
    diagnostics.gauge({ name: 'queue_bytes', help: 'Queue', read: () => 7 })
    registry.attach(diagnosticsSource(diagnostics))
    expect(
      await registry.text(),
    ).toBe(`# HELP triscope_telemetry_dropped_total Telemetry that was lost, by signal and reason
# TYPE triscope_telemetry_dropped_total counter
triscope_telemetry_dropped_total{signal="traces",reason="QUEUE_FULL"} 3
triscope_telemetry_dropped_total{signal="logs",reason="SHUTDOWN"} 1
# HELP triscope_telemetry_failures_total Failures and warnings of telemetry itself, by code
# TYPE triscope_telemetry_failures_total counter
triscope_telemetry_failures_total{code="TRI_WARN_TEST"} 1
# HELP queue_bytes Queue
# TYPE queue_bytes gauge
queue_bytes 7
`)
  })

  it('say how full each instrument is', async () => {
    const registry = createRegistry({ diagnostics: createDiagnostics({ onMessage: () => undefined }) })
    const counter = registry.counter({ name: 'orders', help: 'o', labels: ['id'], maxSeries: 2 })
    for (const id of [1, 2, 3, 4]) counter.inc({ id })
    registry.attach(registrySource(registry))
    expect(body(await registry.text()).slice(3)).toEqual([
      'triscope_metric_series{metric="orders_total"} 2',
      'triscope_metric_series_limit{metric="orders_total"} 2',
      'triscope_metric_series_overflow_total{metric="orders_total"} 2',
      'triscope_metric_label_values{metric="orders_total",label="id"} 4',
    ])
  })
})
