/**
 * Which names pino itself writes on the lines of a logger: the level, the time, the base fields, the message.
 *
 * Invariant: a field that the app adds to an access line never stands in the place of one that tells what was seen,
 * for most readers of JSON take the last of two keys.
 */
import { findSymbol, read } from './pino-internals.ts'
import { SPAN_ID, TRACE_FLAGS, TRACE_ID } from './semconv.ts'

/** pino's names where nobody chose others, and those of the ids, which stand on lines inside a span alone. */
const USUAL_NAMES: readonly string[] = [
  'level',
  'time',
  'pid',
  'hostname',
  'msg',
  TRACE_ID,
  SPAN_ID,
  TRACE_FLAGS,
]

/** The names, the app's own choice of them included: `messageKey`, `timestamp`, `formatters.level`, `base`, bindings. */
export function lineNames(logger: object): ReadonlySet<string> {
  const names = new Set(USUAL_NAMES)
  const messageKey = internal<unknown>(logger, 'messageKey')
  if (typeof messageKey === 'string') names.add(messageKey)
  try {
    // What pino puts together for a line: `{"level":30`, `,"time":…`, and `,"name":…` for each base field and binding.
    const level = Object.values(internal<Readonly<Record<string, string>>>(logger, 'lsCache') ?? {})[0]
    const time = internal<(() => string) | undefined>(logger, 'time')?.()
    const line: unknown = JSON.parse(`${level}${time}${internal<string>(logger, 'chindings')}}`)
    for (const name of Object.keys(line as object)) names.add(name)
  } catch {
    // A pino that keeps them elsewhere, or a time of the app that is no JSON: the usual names are held all the same.
  }
  return names
}

function internal<T>(logger: object, name: string): T | undefined {
  const symbol = findSymbol(logger, name)
  return symbol === undefined ? undefined : read<T>(logger, symbol)
}
