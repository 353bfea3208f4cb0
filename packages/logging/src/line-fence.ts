/**
 * The fence around every call of a level method: whatever is thrown while a line is made, by a getter of the app's
 * object, a serializer or a hook, stays here. It is counted, and a line that says so stands in the place of the lost.
 */
import { type Diagnostics, isSecretError, messageOf } from '@triscope/core'
import { type LogFn, type Logger, pino } from 'pino'
import { type AsJson, read } from './pino-internals.ts'
import { LOG_ERROR } from './semconv.ts'

const { asJsonSym, streamSym, timeSym } = pino.symbols

/** pino's `hooks.logMethod`. */
export type LogMethodHook = (this: Logger, args: Parameters<LogFn>, method: LogFn, level: number) => void

/** The hook that fences the app's own. */
export function fencedLogMethod(inner: LogMethodHook, diagnostics: Diagnostics): LogMethodHook {
  return function (args, method, level) {
    try {
      inner.call(this, args, method, level)
    } catch (error) {
      lineLost(this, args, level, error, diagnostics)
    }
  }
}

/** Counts a line that could not be made, and writes another that says so. Only what a strict policy threw goes on. */
export function lineLost(
  logger: Logger,
  args: readonly unknown[],
  level: number,
  error: unknown,
  diagnostics: Diagnostics,
): void {
  // A strict policy makes the test fail that logged a secret.
  if (isSecretError(error)) throw error
  diagnostics.dropped('logs', 'VALUE_INVALID')
  writeInstead(logger, args, level, error, diagnostics)
}

/** Straight to the stream, past the mixin and the hooks, which may be what threw. */
function writeInstead(
  logger: Logger,
  args: readonly unknown[],
  level: number,
  error: unknown,
  diagnostics: Diagnostics,
): void {
  const message = args.slice(0, 2).find((arg) => typeof arg === 'string')
  const fields = { [LOG_ERROR]: `the fields of this line could not be read: ${messageOf(error)}` }
  try {
    const time = read<() => string>(logger, timeSym).call(logger)
    const line = read<AsJson>(logger, asJsonSym).call(logger, fields, message, level, time)
    read<{ write(line: string): void }>(logger, streamSym).write(line)
  } catch (second) {
    // A formatter of the app throws at every line. There is no line without it, so this says it instead.
    diagnostics.failed('TRI_ERR_LOG_LINE', second)
  }
}
