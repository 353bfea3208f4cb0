import * as prometheusIo from '@prometheus-io/client'
import { createDiagnostics } from '@triscope/core'
import promClient from 'prom-client'
import { describe, expect, it } from 'vitest'
import { createRegistry, type Registry } from './index.ts'
import { adoptRegistry, writeInto } from './prom-client.ts'
import { parseStrictly } from './strict-parser.fixture.ts'

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** The fork has the same classes with types of its own. */
const libraries = [
  ['prom-client 15', promClient],
  ['@prometheus-io/client', prometheusIo as unknown as typeof promClient],
] as const

interface Heard {
  registry: Registry
  said: string[]
  losses(): unknown[]
}

function heard(): Heard {
  const said: string[] = []
  const diagnostics = createDiagnostics({ onMessage: ({ code, message }) => said.push(`${code} ${message}`) })
  return {
    registry: createRegistry({ diagnostics }),
    said,
    losses: () =>
      diagnostics.snapshot().map(({ labels, value }) => [labels['reason'] ?? labels['code'], value]),
  }
}

/** Without what a registry says of its own scrapes. */
const lines = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.includes('triscope_scrape_'))

describe.each(libraries)('a registry of %s that is adopted', (_, library) => {
  const { Counter, Gauge, Histogram, Summary } = library
  const made = (contentType?: string): promClient.Registry => {
    const register = new library.Registry()
    if (contentType !== undefined) register.setContentType(contentType as never)
    return register
  }

  it('shows every kind of metric as its own endpoint does, and follows it', async () => {
    const register = made()
    const registers = [register]
    const counter = new Counter({ name: 'orders_total', help: 'Orders "all"', labelNames: ['a'], registers })
    const gauge = new Gauge({ name: 'queue_size', help: 'Queue', registers })
    const histogram = new Histogram({
      name: 'job_seconds',
      help: 'Jobs',
      labelNames: ['job'],
      buckets: [0.5, 1],
      registers,
    })
    const summary = new Summary({ name: 'size_bytes', help: 'Size', percentiles: [0.5, 0.9], registers })
    const { registry, said, losses } = heard()
    registry.attach(adoptRegistry(register))
    counter.inc({ a: 'x' }, 3)
    gauge.set(-2)
    histogram.observe({ job: 'mail' }, 0.7)
    summary.observe(5)
    // Theirs writes labels in another order and empty lines between families.
    const sorted = (text: string): string[] =>
      lines(text)
        .map((line) =>
          line.replace(/\{(.*)\}/, (_whole, labels: string) => `{${labels.split(',').sort().join(',')}}`),
        )
        .sort()
    expect(sorted(await registry.text())).toEqual(sorted(await register.metrics()))
    parseStrictly(await registry.text(OPENMETRICS), 'openmetrics')
    counter.inc({ a: 'x' })
    new Gauge({ name: 'later', help: 'Later', registers })
    expect(await registry.text()).toContain('orders_total{a="x"} 4\n')
    expect(await registry.text()).toContain('later 0\n')
    expect([said, losses()]).toEqual([[], []])
  })

  it('keeps the names of its counters in every format, with or without _total', async () => {
    const register = made()
    new Counter({ name: 'requests', help: 'R', registers: [register] }).inc()
    const { registry } = heard()
    registry.attach(adoptRegistry(register))
    expect(lines(await registry.text()).at(-1)).toBe('requests 1')
    expect(lines(await registry.text(OPENMETRICS)).at(-2)).toBe('requests 1')

    const modern = made(OPENMETRICS)
    new Counter({ name: 'requests', help: 'R', registers: [modern] }).inc()
    const { registry: second } = heard()
    second.attach(adoptRegistry(modern))
    expect(await modern.metrics()).toContain('requests_total 1')
    expect(lines(await second.text()).at(-1)).toBe('requests_total 1')
    expect(lines(await second.text(OPENMETRICS)).at(-2)).toBe('requests_total 1')
  })

  it('brings its exemplars, where they are fit to be written (fault b)', async () => {
    const register = made(OPENMETRICS)
    const common = { registers: [register], enableExemplars: true }
    const counter = new Counter({ name: 'hits', help: 'H', ...common })
    const histogram = new Histogram({ name: 'took_seconds', help: 'T', buckets: [1], ...common })
    counter.inc({ exemplarLabels: { trace_id: 'abc' }, value: 2 } as never)
    histogram.observe({ value: 0.5, exemplarLabels: { trace_id: 'def' } } as never)
    const long = { value: 3, exemplarLabels: { trace_id: 'x'.repeat(200) } }
    expect(() => histogram.observe(long as never)).toThrow()
    const { registry, losses } = heard()
    registry.attach(adoptRegistry(register))
    const text = await registry.text(OPENMETRICS)
    parseStrictly(text, 'openmetrics')
    expect(text).toMatch(/^hits_total 2 # \{trace_id="abc"\} 2 \d+\.\d{3}$/m)
    expect(text).toMatch(/^took_seconds_bucket\{le="1\.0"\} 1 # \{trace_id="def"\} 0\.5 \d+\.\d{3}$/m)
    expect(text).toContain('took_seconds_bucket{le="+Inf"} 2\n')
    expect(losses()).toEqual([['EXEMPLAR_INVALID', 1]])
  })

  it('has its label values escaped, whatever they are (fault a)', async () => {
    const register = made()
    const counter = new Counter({ name: 'x_total', help: 'X', labelNames: ['v'], registers: [register] })
    const hostile = [
      'a"b',
      'a\\b',
      'a\nb',
      '\n# EOF\n',
      '\ud800',
      '',
      ['a"b', 'c'],
      { toString: () => 'q"q' },
    ]
    for (const v of hostile) counter.inc({ v } as never)
    const { registry } = heard()
    registry.attach(adoptRegistry(register))
    const found = parseStrictly(await registry.text(), 'text')[0]?.samples.map(({ labels }) => labels['v'])
    expect(found).toEqual(['a"b', 'a\\b', 'a\nb', '\n# EOF\n', '\ufffd', undefined, 'a"b,c', 'q"q'])
    parseStrictly(await registry.text(OPENMETRICS), 'openmetrics')
  })

  it('has its default labels on every series, below those the series has', async () => {
    const register = made()
    register.setDefaultLabels({ app: 'shop', a: 'default' })
    new Counter({ name: 'x_total', help: 'X', labelNames: ['a'], registers: [register] }).inc({ a: 'own' })
    new Histogram({ name: 'h', help: 'H', buckets: [1], registers: [register] }).observe(1)
    const { registry } = heard()
    registry.attach(adoptRegistry(register))
    const text = await registry.text()
    expect(text).toContain('x_total{app="shop",a="own"} 1\n')
    expect(text).toContain('h_bucket{app="shop",a="default",le="1"} 1\n')
  })

  it('awaits collect functions, and one that fails costs its own family', async () => {
    const register = made()
    const registers = [register]
    new Gauge({
      name: 'slow',
      help: 'S',
      registers,
      async collect() {
        await Promise.resolve()
        this.set(7)
      },
    })
    new Gauge({
      name: 'throws',
      help: 'T',
      registers,
      collect() {
        throw new Error('no database')
      },
    })
    new Gauge({ name: 'rejects', help: 'R', registers, collect: () => Promise.reject(new Error('no cache')) })
    new Gauge({ name: 'fine', help: 'F', registers })
    register.registerMetric({ name: 'odd' } as never)
    const { registry, said, losses } = heard()
    registry.gauge({ name: 'ours', help: 'O' })
    registry.attach(adoptRegistry(register, { name: 'legacy' }))
    expect(lines(await registry.text()).filter((line) => !line.startsWith('#'))).toEqual([
      'ours 0',
      'slow 7',
      'fine 0',
    ])
    expect(said).toEqual([
      expect.stringMatching(
        /^TRI_WARN_COLLECT metric source "legacy: (odd": .*metric\.get is not|throws": .*no database|rejects": .*no cache)/,
      ),
    ])
    expect(losses()).toEqual([['TRI_WARN_COLLECT', 3]])
  })

  it('loses what no scraper could read, and nothing else (faults d, e, f)', async () => {
    const register = made()
    const registers = [register]
    new Counter({ name: 'meta', help: 'M', labelNames: ['__name__'], registers }).inc({
      __name__: 'x',
    } as never)
    new Counter({ name: 'c', help: 'C', registers })
    new Counter({ name: 'c_total', help: 'C', registers })
    new Histogram({ name: 'unsorted', help: 'U', buckets: [1, 0.5], registers }).observe(0.7)
    new Histogram({ name: 'endless', help: 'E', buckets: [1, Number.POSITIVE_INFINITY], registers }).observe(
      2,
    )
    const { registry, said } = heard()
    registry.attach(adoptRegistry(register))
    for (const accept of ['text/plain', OPENMETRICS]) {
      const text = await registry.text(accept)
      parseStrictly(text, accept === OPENMETRICS ? 'openmetrics' : 'text')
      expect(text).toContain('endless_count 1\n')
      expect(lines(text).join()).not.toMatch(/unsorted|__name__/)
    }
    expect(said).toEqual([
      'TRI_WARN_COLLECT metric source "prom-client: unsorted": its metrics are left out: its buckets must increase, but bucket 2 is 0.5',
      'TRI_WARN_METRIC_DUP metric source "prom-client: c_total": counter "c" is left out, it clashes with metric source "prom-client: c": both have the name "c" for themselves',
    ])
  })

  it('gives way to ours where names clash, and both owners are named', async () => {
    const register = made()
    new Counter({ name: 'orders_total', help: 'theirs', registers: [register] }).inc(5)
    new Gauge({ name: 'process_open_fds', help: 'theirs', registers: [register] })
    const { registry, said } = heard()
    registry.counter({ name: 'orders', help: 'ours' })
    registry.attach(adoptRegistry(register, { defaultMetrics: false }))
    expect(lines(await registry.text())).toEqual([
      '# HELP orders_total ours',
      '# TYPE orders_total counter',
      'orders_total 0',
    ])
    expect(said).toEqual([
      'TRI_WARN_METRIC_DUP metric source "prom-client: orders_total": counter "orders" is left out, it clashes with counter "orders": both have the name "orders" for themselves',
    ])
  })
})

describe.each(libraries)('our metrics written into a registry of %s', (_, library) => {
  async function written(
    contentType?: string,
  ): Promise<Heard & { register: promClient.Registry; stop: () => void }> {
    const register = new library.Registry()
    if (contentType !== undefined) register.setContentType(contentType as never)
    const ours = heard()
    const { registry } = ours
    registry.counter({ name: 'orders', help: 'Orders', labels: ['a'] }).add(3, { a: 'x"\\\n' })
    registry.gauge({ name: 'queue_size', help: 'Queue' }).set(-2.5)
    registry
      .histogram({ name: 'job_seconds', help: 'Jobs', labels: ['job'], buckets: [0.5, 1] })
      .observe(0.7, { job: 'mail' })
    registry.attach({
      name: 'sources',
      collect(to) {
        to.family('build_info', 'info', 'Build')
        to.point({ version: '1' }, 1)
        to.family('quantiles', 'summary', 'Quantiles')
        to.point({ quantile: '0.5' }, 4)
        to.point({}, 4, '_sum')
        to.point({}, 1, '_count')
      },
    })
    return { ...ours, register, stop: await writeInto(registry, register) }
  }

  it('are what its endpoint shows, beside its own', async () => {
    const { register, registry, said } = await written()
    new library.Gauge({ name: 'own', help: 'Own', registers: [register] })
    const theirs = await register.metrics()
    const shown = parseStrictly(theirs.replaceAll('\n\n', '\n'), 'text')
    const wanted = parseStrictly(await registry.text(), 'text')
    expect(shown.slice(0, wanted.length)).toEqual(wanted)
    expect(shown.slice(wanted.length).map(({ name, samples }) => [name, samples[0]?.value])).toEqual([
      ['triscope_metric_families', 5],
      ['own', 0],
    ])
    expect(said).toEqual([])
  })

  it('keep their names through both of its formats (fault g), with exemplars in OpenMetrics', async () => {
    const { register, registry } = await written()
    const before = await register.metrics()
    register.setContentType(OPENMETRICS as never)
    const traced = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }
    registry
      .counter({ name: 'orders', help: 'Orders', labels: ['a'] })
      .series({ a: 'y' })
      .add(1, traced)
    const modern = await register.metrics()
    expect(modern).toContain('# TYPE orders counter\norders_total{a="x\\"\\\\\\n"} 3\n')
    expect(modern).toMatch(
      /orders_total\{a="y"\} 1 # \{trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"\} 1 \d/,
    )
    register.setContentType('text/plain; version=0.0.4; charset=utf-8' as never)
    expect((await register.metrics()).replace('orders_total{a="y"} 1\n', '')).toBe(before)
  })

  it('include what comes later, from the next scrape on, and nothing once stopped', async () => {
    const { register, registry, stop } = await written()
    registry.gauge({ name: 'later', help: 'Later' }).set(1)
    await register.metrics()
    expect(await register.metrics()).toContain('\nlater 1\n')
    stop()
    stop()
    expect((await register.metrics()).trim()).toBe('')
    registry.gauge({ name: 'too_late', help: 'Too late' })
    expect((await register.metrics()).trim()).toBe('')
  })

  it('are left out where a name is taken, with both owners named once, and its scrape goes on', async () => {
    const register = new library.Registry()
    const registers = [register]
    new library.Counter({ name: 'orders_total', help: 'theirs', registers }).inc(9)
    new library.Gauge({ name: 'job_seconds_count', help: 'theirs', registers })
    new library.Gauge({ name: 'process_open_fds', help: 'theirs', registers })
    const { registry } = heard()
    registry.counter({ name: 'orders', help: 'ours' })
    registry.histogram({ name: 'job_seconds', help: 'ours' })
    registry.gauge({ name: 'process_open_fds', help: 'ours' })
    registry.gauge({ name: 'fine', help: 'ours' })
    const said: string[] = []
    const diagnostics = createDiagnostics({
      onMessage: ({ code, message }) => said.push(`${code} ${message}`),
    })
    await writeInto(registry, register, { diagnostics, name: 'legacy' })
    await register.metrics()
    const text = await register.metrics()
    parseStrictly(text.replaceAll('\n\n', '\n'), 'text')
    expect(text).toContain('orders_total 9\n')
    expect(text).toContain('fine 0\n')
    expect(said).toEqual([
      'TRI_WARN_METRIC_DUP counter "orders" of Triscope is left out of the registry "legacy", it clashes with counter "orders_total" there: both have the name "orders" for themselves',
      'TRI_WARN_METRIC_DUP histogram "job_seconds" of Triscope is left out of the registry "legacy", it clashes with gauge "job_seconds_count" there: both have the name "job_seconds_count" for themselves',
    ])
  })

  it('are not adopted back, survive a reset of the registry, and are read once a scrape', async () => {
    const { register, registry } = await written()
    registry.attach(adoptRegistry(register))
    let asked = 0
    registry.attach({
      name: 'counted',
      collect() {
        asked++
      },
    })
    register.resetMetrics()
    expect(await register.metrics()).toContain('queue_size -2.5\n')
    expect(asked).toBe(1)
    expect(await registry.text()).not.toContain('triscope_metric_families')
  })

  it('give a cluster what it can add up', async () => {
    const { register } = await written()
    const found = (await register.getMetricsAsJSON()) as unknown as { name: string; aggregator: string }[]
    expect(Object.fromEntries(found.map(({ name, aggregator }) => [name, aggregator]))).toEqual({
      orders_total: 'sum',
      queue_size: 'sum',
      job_seconds: 'sum',
      build_info: 'first',
      quantiles: 'omit',
      triscope_metric_families: 'sum',
    })
  })
})

describe('what is no registry', () => {
  it('is refused when it is named', async () => {
    for (const wrong of [undefined, {}, promClient]) {
      expect(() => adoptRegistry(wrong as never)).toThrow('registry: expected a registry of prom-client')
      await expect(writeInto(createRegistry(), wrong as never)).rejects.toThrow(
        'foreign: expected a registry',
      )
    }
  })
})
