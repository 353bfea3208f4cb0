/**
 * Which names pino itself writes on the lines of a logger: the level, the time, the base fields, the message.
 *
 * Invariant: a field that the app adds to an access line never stands in the place of one that tells what was seen,
 * for most readers of JSON take the last of two keys.
 */
import { findSymbol, read } from './pino-internals.ts'
import type { TraceFields } from './trace-fields.ts'

/** pino's names where nobody chose others. */
const USUAL_NAMES: readonly string[] = ['level', 'time', 'msg']

/**
 * The names of the level, the time, the message and the trace ids, the app's own choice of them included: `messageKey`,
 * `timestamp`, `formatters.level`.
 */
export function lineNames(logger: object, traceFields: TraceFields): ReadonlySet<string> {
  const { traceId, spanId, traceFlags } = traceFields
  const names = new Set([...USUAL_NAMES, traceId, spanId, traceFlags])
  const messageKey = internal<unknown>(logger, 'messageKey')
  if (typeof messageKey === 'string') names.add(messageKey)
  try {
    // What pino puts together for a line: `{"level":30` and `,"time":…`.
    const level = Object.values(internal<Readonly<Record<string, string>>>(logger, 'lsCache') ?? {})[0]
    const time = internal<(() => string) | undefined>(logger, 'time')?.()
    for (const name of Object.keys(JSON.parse(`${level}${time}}`) as object)) names.add(name)
  } catch {
    // A pino that keeps them elsewhere, or a time of the app that is no JSON: the usual names are held all the same.
  }
  return names
}

/** The same with the base fields and bindings of `logger`, and with what pino writes by default. */
export function allLineNames(logger: object, traceFields: TraceFields): ReadonlySet<string> {
  const names = new Set([...lineNames(logger, traceFields), 'pid', 'hostname'])
  try {
    const bindings = internal<string>(logger, 'chindings') ?? ''
    for (const name of Object.keys(JSON.parse(`{${bindings.slice(1)}}`) as object)) names.add(name)
  } catch {
    // As above.
  }
  return names
}

function internal<T>(logger: object, name: string): T | undefined {
  const symbol = findSymbol(logger, name)
  return symbol === undefined ? undefined : read<T>(logger, symbol)
}
