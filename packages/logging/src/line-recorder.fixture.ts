/** For the tests of this room: a logging whose lines are kept, at a time that stands still. */
import { type Context, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api'
import { contextWithSpan, createDiagnostics, type Diagnostics, installContext } from '@triscope/core'
import { createLogging, type Logging, type LoggingOptions } from './logging.ts'

export const TRACE: string = '4bf92f3577b34da6a3ce929d0e0e4736'

export interface LineRecorder {
  readonly logging: Logging
  readonly diagnostics: Diagnostics
  /** Everything that was written. */
  text(): string
  /** Each line, parsed. */
  lines(): Record<string, unknown>[]
  /** The value of one of our counters, by name and label values: `count('triscope_log_lines_total', 'info')`. */
  count(name: string, ...labels: string[]): number
}

export function recordLines(options: LoggingOptions = {}): LineRecorder {
  const written: string[] = []
  const diagnostics = createDiagnostics({ onMessage: () => {} })
  const logging = createLogging({
    ...(options.logger === undefined
      ? { destination: { write: (line) => written.push(line) }, timestamp: 'epoch' }
      : {}),
    diagnostics,
    clock: { wallMs: () => 1_700_000_000_000.7, monotonicMs: () => 0, timer: () => ({ cancel() {} }) },
    ...options,
  })
  return {
    logging,
    diagnostics,
    text: () => written.join(''),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
    count: (name, ...labels) => countOf(diagnostics, name, labels),
  }
}

export function countOf(diagnostics: Diagnostics, name: string, labels: readonly string[]): number {
  const point = diagnostics
    .snapshot()
    .find((one) => one.name === name && labels.every((label) => Object.values(one.labels).includes(label)))
  return point?.value ?? 0
}

export function spanContextOf(spanId: string, traceId: string = TRACE, traceFlags = 1): SpanContext {
  return { traceId, spanId, traceFlags }
}

/** Calls `fn` with a span of these ids active, in a real AsyncLocalStorage. */
export function within<T>(spanContext: SpanContext, fn: () => T): T {
  const context: Context = contextWithSpan(ROOT_CONTEXT, trace.wrapSpanContext(spanContext))
  return installContext().run(context, fn)
}
