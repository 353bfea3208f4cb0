import { ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api'
import { contextWithSpan, createDiagnostics, type Diagnostics, installContext } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { createLogging, type Logging, type LoggingOptions } from './index.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanContext = (spanId: string, traceId = TRACE, traceFlags = 1): SpanContext => ({
  traceId,
  spanId,
  traceFlags,
})
const within = <T>(of: SpanContext, fn: () => T): T =>
  installContext().run(contextWithSpan(ROOT_CONTEXT, trace.wrapSpanContext(of)), fn)

interface Recorded extends Logging {
  text(): string
  lines(): Record<string, unknown>[]
  readonly diagnostics: Diagnostics
}

function record(options: LoggingOptions = {}): Recorded {
  const written: string[] = []
  const diagnostics = createDiagnostics({ onMessage: () => {} })
  const clock = { wallMs: () => 1_700_000_000_000.7, monotonicMs: () => 0, timer: () => ({ cancel() {} }) }
  const destination = { write: (line: string) => written.push(line) }
  const logging = createLogging({ destination, timestamp: 'epoch', diagnostics, clock, ...options })
  return Object.assign(logging, {
    text: () => written.join(''),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
    diagnostics,
  })
}

describe('createLogging', () => {
  it('names the active span on each line, through awaits and timers', async () => {
    const logging = record()
    await within(spanContext('00f067aa0ba902b7'), async () => {
      logging.logger.info('first')
      await new Promise((resolve) => setImmediate(resolve))
      logging.logger.child({ a: 1 }).warn({ b: 2 }, 'second')
    })
    logging.logger.info('outside')
    const ids = `"trace_id":"${TRACE}","span_id":"00f067aa0ba902b7","trace_flags":"01"`
    expect(logging.text()).toBe(
      `{"level":30,"time":1700000000000,${ids},"msg":"first"}\n` +
        `{"level":40,"time":1700000000000,${ids},"a":1,"b":2,"msg":"second"}\n` +
        '{"level":30,"time":1700000000000,"msg":"outside"}\n',
    )
  })
})
