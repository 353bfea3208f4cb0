import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import { exportedRecords } from './exported-records.fixture.ts'
import { waterfallOf } from './waterfall.ts'

describe('waterfall', () => {
  it('shows each trace as one tree, with the time of each span', () => {
    const { records } = exportedRecords((tracer) => {
      const root = tracer.startSpan('GET /users/:id', { kind: SpanKind.SERVER, startTime: [100, 0] })
      const parent = trace.setSpan(context.active(), root)
      const late = tracer.startSpan('render', { startTime: [100, 8_000_000] }, parent)
      const early = tracer.startSpan('query', { kind: SpanKind.CLIENT, startTime: [100, 1_000_000] }, parent)
      const leaf = tracer.startSpan('parse', { startTime: [100, 2_000_000] }, trace.setSpan(parent, early))
      leaf.end([100, 3_000_000])
      early.setStatus({ code: SpanStatusCode.ERROR, message: 'no\nsuch \u001b[31mtable' })
      early.end([100, 5_000_000])
      late.setAttribute('rows', 3).end([100, 12_000_000])
      root.end([100, 16_000_000])
    })
    const [head, ...rows] = waterfallOf(records).trimEnd().split('\n')
    expect(head).toMatch(/^trace [0-9a-f]{32} {2}4 spans, 16\.0 ms$/)
    expect(rows).toEqual([
      '  GET /users/:id                             server      16.0 ms |████████████████████████████████|',
      '    query                                    client      4.00 ms |  ████████                      | ERROR no\ufffdsuch \ufffd[31mtable',
      '      parse                                  internal    1.00 ms |    ██                          |',
      '    render                                   internal    4.00 ms |                ████████        | {"rows":3}',
    ])
  })

  it('is bounded, whatever there is to show', () => {
    const { records } = exportedRecords((tracer) => {
      const root = tracer.startSpan('root')
      const parent = trace.setSpan(context.active(), root)
      for (let i = 0; i < 300; i++) {
        tracer.startSpan('x'.repeat(60_000), { attributes: { text: 'y'.repeat(60_000) } }, parent).end()
      }
      root.end()
      for (let i = 0; i < 50; i++) tracer.startSpan('other').end()
    })
    const text = waterfallOf(records)
    expect(text.length).toBeLessThan(60_000)
    expect(text).toContain('… and 201 more spans')
    expect(text).toContain('… and 31 more traces')
  })
})
