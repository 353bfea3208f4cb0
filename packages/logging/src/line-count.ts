/**
 * Counts lines by level, cheaply: a level's counter is found by its name once, then kept by its number. An error that is
 * logged is counted by type and recorded on the active span, both once.
 */
import { activeSpan, countError, type Diagnostics, isFirstOn } from '@triscope/core'
import { LINES_TOTAL } from './semconv.ts'

/** Levels with a counter of their own; pino has six, an app may add some. Further ones count as `other`. */
const MAX_LEVELS = 32

/** What a correlated logger tells of each line. Copies of this package share it, so it is only ever added to. */
export interface LineCounter {
  /** @param logger the one that makes the line; it knows the name of `level` */
  add(level: number, logger: object): void
  /** Sees each line of a logger that is not ours, whole, as it was made. */
  saw?(line: string, level: number, logger: object): void
  /** Hears of each error that is logged at level `error` or above. */
  failed?(error: unknown): void
}

/** Counts into `triscope_log_lines_total{level}`. */
export function createLineCounter(diagnostics: Diagnostics): LineCounter {
  const counters = new Map<number, { add(n?: number): void }>()

  function counterOf(level: number, logger: object): { add(n?: number): void } {
    const label = counters.size < MAX_LEVELS ? labelOf(level, logger) : undefined
    const counter = diagnostics.counter({
      name: LINES_TOTAL,
      help: 'Log lines made, by level',
      labels: { level: label ?? 'other' },
    })
    if (label !== undefined) counters.set(level, counter)
    return counter
  }

  return {
    add: (level, logger) => (counters.get(level) ?? counterOf(level, logger)).add(),
    failed(error) {
      countError(diagnostics, error)
      const span = activeSpan()
      if (span?.isRecording() === true && isFirstOn(span, error)) span.recordException(error as Error)
    },
  }
}

interface Levels {
  readonly levels: { readonly labels: Readonly<Record<number, string>> }
}

function labelOf(level: number, logger: object): string | undefined {
  return (logger as Levels).levels.labels[level]
}
