/** Flushes or ends several pipelines at once, each failing alone, all within one deadline. */
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Clock, Diagnostics, Pipeline } from '@triscope/core'
import { ForeignExporterProcessor } from './foreign-exporter.ts'

/** What a pipeline may take where nobody says otherwise. */
const DEFAULT_TIMEOUT_MS = 5_000

/** Resolves, never rejects: `false` when one of them failed or was not done in time. */
export async function endAll(
  how: 'flush' | 'shutdown',
  pipelines: readonly Pipeline[],
  processors: readonly SpanProcessor[],
  clock: Clock,
  diagnostics: Diagnostics,
  timeoutMs: number = DEFAULT_TIMEOUT_MS,
): Promise<boolean> {
  const ours = pipelines.map((pipeline) => pipeline[how](timeoutMs))
  const theirs = processors.map((processor) => inTime(how, processor, clock, diagnostics, timeoutMs))
  const results = await Promise.all([...ours, ...theirs])
  return results.every((done) => done)
}

/** A foreign processor knows no deadline, and may reject or throw. */
function inTime(
  how: 'flush' | 'shutdown',
  processor: SpanProcessor,
  clock: Clock,
  diagnostics: Diagnostics,
  timeoutMs: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.timer(timeoutMs, () => {
      // Of the processors only our own knows what it still holds.
      if (how === 'shutdown' && processor instanceof ForeignExporterProcessor) processor.abandon()
      resolve(false)
    })
    const settle = (done: boolean): void => {
      timer.cancel()
      resolve(done)
    }
    const failed = (error: unknown): void => {
      diagnostics.failed('TRI_ERR_SPAN_PROCESSOR', error)
      settle(false)
    }
    try {
      const ended = how === 'flush' ? processor.forceFlush() : processor.shutdown()
      Promise.resolve(ended).then(() => settle(true), failed)
    } catch (error) {
      failed(error)
    }
  })
}
