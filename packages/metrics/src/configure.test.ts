import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { contextWithSpan, createDiagnostics, installContext } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { createRegistry } from './index.ts'

describe('a registry that is configured after instruments were made', () => {
  it('applies a new limit to those that named none of their own', async () => {
    const registry = createRegistry()
    const loose = registry.counter({ name: 'loose_total', help: 'L', labels: ['id'] })
    const own = registry.counter({ name: 'own_total', help: 'O', labels: ['id'], maxSeries: 3 })
    registry.configure({ maxSeries: 2 })
    for (const id of ['a', 'b', 'c', 'd']) {
      loose.inc({ id })
      own.inc({ id })
    }
    expect(registry.usage()).toMatchObject([
      { metric: 'loose_total', series: 2, maxSeries: 2, folded: 2 },
      { metric: 'own_total', series: 3, maxSeries: 3, folded: 1 },
    ])
    expect(await registry.text()).toContain('loose_total{otel_metric_overflow="true"} 2\n')
    expect(() => registry.configure({ maxSeries: 0 })).toThrow(
      'metrics.maxSeries: expected a whole number of 1 or more, got 0',
    )
  })

  it('carries over what was counted before, and reports the rest there', () => {
    const registry = createRegistry()
    const counter = registry.counter({ name: 'a_total', help: 'A' })
    counter.add(Number.NaN)
    const diagnostics = createDiagnostics()
    registry.configure({ diagnostics })
    counter.add(-1)
    registry.configure({})
    counter.add(-1)
    expect(diagnostics.snapshot().map(({ labels, value }) => [labels['reason'], value])).toEqual([
      ['VALUE_INVALID', 3],
    ])
  })

  it('stops taking exemplars when told to', async () => {
    const registry = createRegistry()
    const counter = registry.counter({ name: 'a_total', help: 'A' })
    registry.configure({ exemplars: false })
    const span = trace.wrapSpanContext({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: 1,
    })
    installContext().run(contextWithSpan(ROOT_CONTEXT, span), () => counter.inc())
    expect(await registry.text('application/openmetrics-text')).not.toContain(' # {')
    registry.configure({ exemplars: true })
    installContext().run(contextWithSpan(ROOT_CONTEXT, span), () => counter.inc())
    expect(await registry.text('application/openmetrics-text')).toContain(
      ' # {trace_id="0af7651916cd43dd8448eb211c80319c"',
    )
  })
})
