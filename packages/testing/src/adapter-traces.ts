/** What every adapter keeps together: the caller's trace, the span, the lines, the exemplar and the calls below. */
import { describe, expect, it } from 'vitest'
import { exemplarsOf, type SeenLine, type SeenSpan } from './adapter-observer.ts'
import { type AdapterSuite, PARENT_ID, TRACE_ID, TRACEPARENT } from './adapter-suite.ts'

export function describeTraces(suite: AdapterSuite): void {
  describe('one trace', () => {
    it('continues the caller in the span, the exemplar, the access line and the lines of the handler', async () => {
      const told = await tellAll(suite, '/work', { headers: { traceparent: TRACEPARENT } })
      const { server, inner, client, step, working } = told
      expect(server.spanContext().traceId).toBe(TRACE_ID)
      expect(server.parentSpanContext?.spanId).toBe(PARENT_ID)
      expect(step.parentSpanContext?.spanId).toBe(server.spanContext().spanId)
      expect(client.parentSpanContext?.spanId).toBe(step.spanContext().spanId)
      expect(inner.parentSpanContext?.spanId).toBe(client.spanContext().spanId)
      expect(working).toMatchObject({
        trace_id: TRACE_ID,
        span_id: server.spanContext().spanId,
        trace_flags: '01',
      })
      const line = suite.observer.accessLines().find(({ span_id }) => span_id === server.spanContext().spanId)
      expect(line).toMatchObject({ trace_id: TRACE_ID, trace_flags: '01', plan: 'pro' })
      expect(exemplarsOf(await suite.observer.metrics(), '/work')).toContainEqual({
        trace_id: TRACE_ID,
        span_id: server.spanContext().spanId,
      })
    })

    it('begins a trace of its own where the caller has none', async () => {
      const { span, line } = await suite.tell('/static')
      expect(span.parentSpanContext).toBeUndefined()
      expect(line['trace_id']).toBe(span.spanContext().traceId)
      expect(line['trace_id']).toMatch(/^(?!0{32})[0-9a-f]{32}$/)
    })

    it('keeps its context over the reading of a body', async () => {
      const body = JSON.stringify({ text: 'x'.repeat(200_000) })
      const { span, response, series } = await suite.tell('/echo', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      expect(response.status).toBe(200)
      expect(series.labels).toMatchObject({ http_request_method: 'POST', http_route: '/echo' })
      expect(suite.observer.span('echo.step')?.parentSpanContext?.spanId).toBe(span.spanContext().spanId)
    })

    it('keeps the contexts of a hundred concurrent requests apart', async () => {
      const names = Array.from({ length: 100 }, (_, index) => `n${index}`)
      const answers = await Promise.all(
        names.map(async (name) => {
          const traceId = name.slice(1).padStart(32, 'a')
          const answer = await suite.observer.untraced(() =>
            fetch(`${suite.url}/context/${name}`, {
              headers: { traceparent: `00-${traceId}-${PARENT_ID}-01` },
            }),
          )
          return { expected: traceId, ...((await answer.json()) as { active: string; own: string }) }
        }),
      )
      for (const { expected, active, own } of answers) expect([active, own]).toEqual([expected, expected])
      const ambient = suite.observer.lines.filter(({ msg }) => msg === 'ambient')
      expect(ambient).toHaveLength(names.length)
      for (const line of ambient) {
        expect(line['trace_id']).toBe(String(line['name']).slice(1).padStart(32, 'a'))
      }
      await suite.observer.until('the spans', () => suite.observer.serverSpans().length === names.length)
    })
  })
}

interface Family {
  server: SeenSpan
  inner: SeenSpan
  client: SeenSpan
  step: SeenSpan
  working: SeenLine
}

/** What `/work` leaves: five spans that belong together. */
async function tellAll(suite: AdapterSuite, path: string, init: RequestInit): Promise<Family> {
  const response = await suite.observer.untraced(() => fetch(suite.url + path, init))
  expect(await response.json()).toEqual({ ok: true })
  await suite.observer.until('four spans', () => suite.observer.serverSpans().length === 2)
  await suite.observer.until('the client span', () => suite.observer.clientSpans().length === 1)
  const find = (name: string) => {
    const span = suite.observer.span(name)
    if (span === undefined) throw new Error(`no span is named ${name}`)
    return span
  }
  const working = suite.observer.lines.find(({ msg }) => msg === 'working')
  if (working === undefined) throw new Error('the handler has logged nothing')
  return {
    server: find('GET /work'),
    inner: find('GET /static'),
    client: suite.observer.clientSpans()[0] as SeenSpan,
    step: find('work.step'),
    working,
  }
}
