import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api'
import { createDiagnostics, installContext, untraced } from '@triscope/core'
import { afterEach, describe, expect, it } from 'vitest'
import { continueTrace, createTracing, setCurrentTracing, span, type TracingOptions } from './index.ts'
import { ManualClock, resource } from './tracing.fixture.ts'

const withdrawn: (() => void)[] = []
afterEach(() => {
  for (const withdraw of withdrawn.splice(0)) withdraw()
})

function setUp(detect: NonNullable<TracingOptions['detect']> = true) {
  const clock = new ManualClock()
  const said: { code: string; message: string }[] = []
  const diagnostics = createDiagnostics({
    clock,
    onMessage: ({ code, message }) => said.push({ code, message }),
  })
  const tracing = createTracing({ resource, clock, diagnostics, detect })
  withdrawn.push(setCurrentTracing(tracing))
  return { clock, said, tracing, tracer: tracing.tracer }
}

/** Outside of every context, as a callback is that lost its own. */
const lost = <T>(fn: () => T): T => installContext().run(ROOT_CONTEXT, fn)

describe('a span that is never ended', () => {
  it('is named once, with the place where it was started', () => {
    const { clock, said, tracer } = setUp()
    tracer.startSpan('forgotten')
    const ended = tracer.startSpan('ended')
    clock.advance(59_000)
    ended.end()
    expect(said).toEqual([])
    clock.advance(1_000)
    expect(said).toEqual([
      {
        code: 'TRI_WARN_SPAN_OPEN',
        message: expect.stringMatching(
          /^span "forgotten", started at .*span-watch\.test\.ts:\d+:\d+, has not ended after 60 s: end it/,
        ),
      },
    ])
    tracer.startSpan('forgotten')
    clock.advance(120_000)
    expect(said).toHaveLength(1)
    expect(clock.pending).toBe(0)
  })

  it('is found by its own time, and by the time that was asked for', () => {
    const { clock, said, tracer } = setUp({ unendedAfterMs: 2_000 })
    tracer.startSpan('first')
    clock.advance(1_500)
    tracer.startSpan('second')
    clock.advance(500)
    expect(said.map(({ message }) => message.slice(0, 12))).toEqual(['span "first"'])
    clock.advance(1_400)
    clock.advance(100)
    expect(said).toHaveLength(1)
    // At most once a minute for each code; the count goes on.
    clock.advance(60_000)
    tracer.startSpan('third')
    clock.advance(2_000)
    expect(said).toHaveLength(2)
  })

  it('is told by the caller of span() where a promise hangs', () => {
    const { clock, said } = setUp()
    void span('hangs', () => new Promise(() => {}))
    clock.advance(60_000)
    expect(said[0]?.message).toMatch(/^span "hangs", started at .*span-watch\.test\.ts:/)
  })

  it('holds a bounded number of spans, and none after the end', async () => {
    const { clock, said, tracer, tracing } = setUp()
    for (let i = 0; i < 2_000; i++) tracer.startSpan(`n${i}`)
    clock.advance(60_000)
    expect(said).toHaveLength(1)
    tracer.startSpan('late')
    await tracing.shutdown()
    expect(clock.pending).toBe(0)
  })
})

describe('a span whose context was lost', () => {
  it('is named once, with the place, while a request is in flight', () => {
    const { said, tracer } = setUp()
    const request = tracer.startSpan('GET', { kind: SpanKind.SERVER })
    lost(() => span('query', () => {}))
    lost(() => span('query', () => {}))
    expect(said).toEqual([
      {
        code: 'TRI_WARN_CONTEXT_LOST',
        message: expect.stringMatching(
          /^span "query" began a trace of its own at .*span-watch\.test\.ts:\d+:\d+ while a request was in flight/,
        ),
      },
    ])
    request.end()
    lost(() => span('other', () => {}))
    expect(said).toHaveLength(1)
  })

  it('is none within the request, none that was asked to be a root, and none of a message', () => {
    const { said, tracer } = setUp()
    const request = tracer.startSpan('GET', { kind: SpanKind.SERVER })
    installContext().run(trace.setSpan(ROOT_CONTEXT, request), () => span('below', () => {}))
    lost(() => tracer.startSpan('job', { root: true }).end())
    lost(() => continueTrace({}, () => span('work', () => {})))
    lost(() => untraced(() => span('export', () => {})))
    lost(() => tracer.startSpan('GET', { kind: SpanKind.SERVER }).end())
    expect(said).toEqual([])
    request.end()
  })
})

describe('detect', () => {
  it('is nothing at all by default', () => {
    const { clock, said, tracer } = setUp(false)
    tracer.startSpan('GET', { kind: SpanKind.SERVER })
    lost(() => tracer.startSpan('query'))
    expect(clock.pending).toBe(0)
    clock.advance(600_000)
    expect(said).toEqual([])
  })

  it('refuses what it does not know', () => {
    expect(() => setUp({ unendedAfterMs: 0 })).toThrow(
      'tracing.detect.unendedAfterMs: expected milliseconds, 1 or more',
    )
    expect(() => setUp({ after: 1 } as never)).toThrow('unknown option "tracing.detect.after"')
    expect(() => setUp('yes' as never)).toThrow('tracing.detect: expected true, false or { unendedAfterMs }')
  })
})
