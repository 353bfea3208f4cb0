/**
 * All three signals in memory, for the tests of an app: what it would have sent, served and written.
 *
 * Invariant: nothing leaves the process, no port is opened, no signal handler is set, and `close` leaves the process as
 * it was.
 */
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { DiagnosticMessage } from '@triscope/core'
import { createRegistry } from '@triscope/metrics'
import { createTelemetry, type Telemetry, type TriscopeOptions } from '@triscope/sdk'

/** One log line, parsed. */
export type LogLine = Readonly<Record<string, unknown>>

export interface RecordedTelemetry {
  /** Hand it to an adapter: `app.use(triscope(recorded.telemetry))`. */
  readonly telemetry: Telemetry
  /** Spans that have ended, in the order of their ends. */
  readonly spans: readonly ReadableSpan[]
  /** Lines that were written. */
  readonly lines: readonly LogLine[]
  /** Warnings that telemetry gave of itself. */
  readonly warnings: readonly DiagnosticMessage[]
  /** The exposition. @param accept default: OpenMetrics, which has exemplars */
  metrics(accept?: string): Promise<string>
  /** Forgets spans, lines and warnings; series stay. */
  clear(): void
  /** Shuts the telemetry down. */
  close(): Promise<void>
}

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0'

/**
 * Telemetry that records. It becomes the one in force until it is closed, with a registry of its own; sampling is 1
 * unless the options say otherwise, and no environment variable is read.
 */
export function recordTelemetry(options: TriscopeOptions = {}): RecordedTelemetry {
  const spans: ReadableSpan[] = []
  const lines: LogLine[] = []
  const warnings: DiagnosticMessage[] = []
  const recorder: SpanProcessor = {
    onStart() {},
    onEnd: (span) => void spans.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  }
  const { metrics = {}, tracing = {}, logging = {} } = options
  const telemetry = createTelemetry({
    service: 'recorded',
    env: {},
    flushAtExit: false,
    banner: false,
    onWarning: (warning) => void warnings.push(warning),
    ...options,
    metrics: metrics === false ? false : { registry: createRegistry(), runtime: false, ...metrics },
    tracing:
      tracing === false ? false : { ...tracing, processors: [...(tracing.processors ?? []), recorder] },
    logging:
      logging === false
        ? false
        : {
            destination: { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) },
            ...logging,
          },
  })
  return {
    telemetry,
    spans,
    lines,
    warnings,
    async metrics(accept = OPEN_METRICS) {
      const decoder = new TextDecoder()
      let text = ''
      for await (const chunk of telemetry.registry.expose({ accept }).body)
        text += decoder.decode(chunk, { stream: true })
      return text + decoder.decode()
    },
    clear() {
      spans.length = 0
      lines.length = 0
      warnings.length = 0
    },
    async close() {
      await telemetry.shutdown()
    },
  }
}
