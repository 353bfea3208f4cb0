/**
 * The parts of a line that a logger of the app made: its text is all there is.
 *
 * Invariant: nothing here throws, for it stands in the way of the app's own line.
 */
import type { Redaction } from '@triscope/core'
import type { LineParts } from './line-maker.ts'
import { lineNames } from './line-names.ts'
import { findSymbol, read } from './pino-internals.ts'
import type { TraceFields } from './trace-fields.ts'

/** Hands the parts of each line to `tap`. Its fields pass through the policy, because they leave by our own way. */
export function foreignLines(
  redaction: Redaction,
  traceFields: TraceFields,
  tap: (parts: LineParts) => void,
  failed: (error: unknown) => void,
): (line: string, level: number, logger: object) => void {
  const namesOf = new WeakMap<object, ReadonlySet<string>>()
  return (line, level, logger) => {
    try {
      const root = Object.getPrototypeOf(logger) as object
      let names = namesOf.get(root)
      if (names === undefined) {
        names = lineNames(logger, traceFields)
        namesOf.set(root, names)
      }
      const symbol = findSymbol(logger, 'messageKey')
      const messageKey = symbol === undefined ? 'msg' : read<string>(logger, symbol)
      const time: Record<string, unknown> = {}
      const fields: Record<string, unknown> = {}
      const all = JSON.parse(line) as Record<string, unknown>
      for (const key of Object.keys(all)) {
        if (key === messageKey) continue
        if (names.has(key)) time[key] = all[key]
        else fields[key] = redaction.field(key, all[key])
      }
      const message = all[messageKey]
      tap({
        level,
        label:
          (logger as { levels: { labels: Record<number, string> } }).levels.labels[level] ?? String(level),
        time,
        message: typeof message === 'string' ? redaction.text(message) : message,
        isAccess: false,
        fields,
      })
    } catch (error) {
      failed(error)
    }
  }
}
