import { createDiagnostics } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { createRegistry, processRegistry } from './index.ts'

describe('registry', () => {
  it('returns the same instrument for the same definition, whatever the help and the order of labels', () => {
    const registry = createRegistry()
    const one = registry.histogram({ name: 'h', help: 'one', labels: ['a', 'b'], buckets: [1, 2] })
    const two = registry.histogram({ name: 'h', help: 'two', labels: ['b', 'a'], buckets: [1, 2] })
    expect(two).toBe(one)
  })

  it('throws for another definition, naming both', () => {
    const registry = createRegistry()
    registry.histogram({ name: 'x_seconds', unit: 'seconds', help: 'x', labels: ['a'], buckets: [1] })
    const code = 'TRI_ERR_METRIC_DUP'
    const there = 'is already there as histogram "x_seconds" with'
    const hint = '\n  hint: give it another name, or make it in one place and import it'
    expect(() => registry.gauge({ name: 'x_seconds', help: 'x' })).toThrow(
      expect.objectContaining({
        code,
        message: `gauge "x_seconds" with no labels ${there} labels a and unit seconds${hint}`,
      }),
    )
    expect(() => registry.histogram({ name: 'x_seconds', help: 'x', labels: ['b'], buckets: [1] })).toThrow(
      `histogram "x_seconds" with labels b ${there} labels a and unit seconds`,
    )
    expect(() =>
      registry.histogram({ name: 'x_seconds', unit: 'seconds', help: 'x', labels: ['a'], buckets: [2] }),
    ).toThrow(`histogram "x_seconds" with labels a and unit seconds ${there} other buckets`)
  })

  it('refuses names, units and options that are wrong, with the way out', () => {
    const registry = createRegistry()
    const help = 'x'
    expect(() => registry.counter({ name: 'http.requests', help })).toThrow(
      expect.objectContaining({
        code: 'TRI_ERR_METRIC_NAME',
        message:
          'counter "http.requests": a metric name has 1 to 256 of the characters a-z, A-Z, 0-9, _ and :, and does not begin with a digit\n  hint: name it "http_requests"',
      }),
    )
    for (const name of ['', ' ', '1a', 'ä', '_total', 'x'.repeat(10_000), 'a\nb', 5, undefined]) {
      expect(() => registry.counter({ name: name as string, help })).toThrow(
        expect.objectContaining({ code: 'TRI_ERR_METRIC_NAME' }),
      )
    }
    expect(() => registry.gauge({ name: 'wait', unit: 'seconds', help })).toThrow(
      'gauge "wait": the name of a metric in seconds must end with "_seconds"\n  hint: name it "wait_seconds"',
    )
    expect(() => registry.gauge({ name: 'x' } as never)).toThrow(
      'gauge "x".help: expected a text, got undefined',
    )
    expect(() => registry.gauge({ name: 'x', help, label: ['a'] } as never)).toThrow('did you mean "labels"?')
    expect(() => registry.gauge({ name: 'x', help, maxSeries: 0 })).toThrow(
      'gauge "x".maxSeries: expected a whole number of 1 or more, got 0',
    )
    expect(() => createRegistry({ maxserie: 5 } as never)).toThrow('did you mean "maxSeries"?')
    expect(() => createRegistry({ maxSeries: Number.NaN })).toThrow('maxSeries: expected')
  })

  it('keeps names that every object has out of the way', async () => {
    const registry = createRegistry()
    registry.gauge({ name: '__proto__', help: 'p' }).set(1)
    registry.gauge({ name: 'constructor', help: 'c' }).set(2)
    expect(await registry.text()).toBe(
      '# HELP __proto__ p\n# TYPE __proto__ gauge\n__proto__ 1\n# HELP constructor c\n# TYPE constructor gauge\nconstructor 2\n',
    )
    expect(Object.keys({})).toEqual([])
  })

  it('writes the unit, and canonical bounds, in OpenMetrics', async () => {
    const registry = createRegistry()
    registry.histogram({
      name: 'size_bytes',
      unit: 'bytes',
      help: 'Size',
      buckets: [0, 0.00001, 0.0001, 0.5, 1, 100_000, 1e6, 1.5e6, 1e21],
    })
    expect(await registry.text('application/openmetrics-text')).toBe(
      `# TYPE size_bytes histogram
# UNIT size_bytes bytes
# HELP size_bytes Size
${['0.0', '1e-05', '0.0001', '0.5', '1.0', '100000.0', '1e+06', '1.5e+06', '1e+21', '+Inf'].map((le) => `size_bytes_bucket{le="${le}"} 0\n`).join('')}size_bytes_sum 0
size_bytes_count 0
# EOF
`,
    )
  })

  it('has no help line where the help is empty, over which Prometheus would fail an OpenMetrics scrape', async () => {
    const registry = createRegistry()
    registry.gauge({ name: 'g', help: '' })
    expect(await registry.text()).toBe('# TYPE g gauge\ng 0\n')
    expect(await registry.text('application/openmetrics-text')).toBe('# TYPE g gauge\ng 0\n# EOF\n')
  })

  it('leaves a sum that can fall out of OpenMetrics, with the count', async () => {
    const registry = createRegistry()
    registry.histogram({ name: 'below', help: 'b', buckets: [-1, 1] })
    const above = registry.histogram({ name: 'above', help: 'a', buckets: [1] })
    above.observe(-3)
    const text = await registry.text('application/openmetrics-text')
    expect(text).not.toMatch(/_(sum|count) /)
    expect(await registry.text()).toContain('above_sum -3\nabove_count 1\n')
  })

  it('exposes only the families that are asked for, by family or by sample name', async () => {
    const registry = createRegistry()
    registry.counter({ name: 'a', help: 'a' })
    registry.histogram({ name: 'b', help: 'b', buckets: [1] })
    registry.gauge({ name: 'c', help: 'c' })
    const namesOf = async (names: readonly string[]): Promise<string[]> => {
      const chunks: Uint8Array[] = []
      for await (const chunk of registry.expose({ names }).body) chunks.push(chunk)
      const text = Buffer.concat(chunks).toString()
      return [...text.matchAll(/# TYPE (\S+)/g)].map(([, name]) => name as string)
    }
    expect(await namesOf(['a_total', 'b_count'])).toEqual(['a_total', 'b'])
    expect(await namesOf(['a', 'b'])).toEqual(['a_total', 'b'])
    expect(await namesOf(['nothing'])).toEqual([])
    expect(await namesOf([])).toEqual(['a_total', 'b', 'c'])
  })

  it('lets the event loop run while it renders, and scrapes that overlap say the same', async () => {
    // A clock on which each reading is half a millisecond later than the last: a slice is over after two chunks.
    let nowMs = 0
    const clock = {
      wallMs: () => 0,
      monotonicMs: () => (nowMs += 0.5),
      timer: () => ({ cancel: () => undefined }),
    }
    const registry = createRegistry({ maxSeries: 10_000, clock })
    const histogram = registry.histogram({ name: 'h', help: 'h', labels: ['id'], buckets: [1, 2, 3] })
    for (let i = 0; i < 5_000; i++) histogram.observe(2, { id: i })
    let turns = 0
    let done = false
    const count = (): void => {
      if (done) return
      turns++
      setImmediate(count)
    }
    setImmediate(count)
    const before = await registry.text()
    const [one, two, open] = await Promise.all([
      registry.text(),
      registry.text(),
      registry.text('application/openmetrics-text'),
    ])
    done = true
    expect(turns).toBeGreaterThan(20)
    expect(one).toBe(before)
    expect(two).toBe(before)
    expect(open).toContain('h_bucket{id="4999",le="2.0"} 1\n')
    expect(registry.busyMs()).toBeGreaterThan(0)
  })

  it('keeps a histogram whole when it changes while a scrape is read', async () => {
    const registry = createRegistry({ maxSeries: 10_000 })
    const histogram = registry.histogram({ name: 'h', help: 'h', labels: ['id'], buckets: [1] })
    for (let i = 0; i < 2_000; i++) histogram.observe(0.5, { id: i })
    let text = ''
    for await (const chunk of registry.expose().body) {
      text += Buffer.from(chunk).toString()
      for (let i = 0; i < 3_000; i++) histogram.observe(0.5, { id: i })
    }
    const inf = [...text.matchAll(/h_bucket\{id="(\d+)",le="\+Inf"\} (\d+)/g)].map(
      ([, id, n]) => `${id} ${n}`,
    )
    const counts = [...text.matchAll(/h_count\{id="(\d+)"\} (\d+)/g)].map(([, id, n]) => `${id} ${n}`)
    expect(inf).toHaveLength(2_000)
    expect(counts).toEqual(inf)
    expect(new Set(counts.map((line) => line.split(' ')[1])).size).toBeGreaterThan(1)
  })

  it('stops rendering when its reader stops, and answers the next one in full', async () => {
    const registry = createRegistry({ maxSeries: 10_000 })
    const gauge = registry.gauge({ name: 'g', help: 'g', labels: ['id'] })
    for (let i = 0; i < 5_000; i++) gauge.set(i, { id: i })
    for await (const chunk of registry.expose().body) {
      expect(chunk.length).toBeGreaterThan(1_000)
      break
    }
    expect((await registry.text()).split('\n')).toHaveLength(5_003)
  })

  it('is one for the process, however often it is asked for', () => {
    expect(processRegistry()).toBe(processRegistry())
    expect(processRegistry()).not.toBe(createRegistry({ diagnostics: createDiagnostics() }))
  })
})
