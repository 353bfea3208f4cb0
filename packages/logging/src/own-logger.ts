/** The logger that we make: pino, fenced, redacted, with its destination guarded. */
import { isatty } from 'node:tty'
import {
  type Clock,
  type Diagnostics,
  messageOf,
  type Redaction,
  rejectOption,
  TriscopeError,
} from '@triscope/core'
import { type Logger, type LoggerOptions, pino } from 'pino'
import { type GuardedDestination, guardDestination, guardStdout, type LogDestination } from './destination.ts'
import { installLevelMethods } from './level-methods.ts'
import { cleanBindings } from './line-bindings.ts'
import type { LineBuffer } from './line-buffer.ts'
import { fencedLogMethod } from './line-fence.ts'
import { type LineParts, makeLines } from './line-maker.ts'
import { read, write } from './pino-internals.ts'
import { createRotatingFile, type LogFileOptions } from './rotating-file.ts'
import { SERVICE } from './semconv.ts'
import { createSerializers } from './serializers.ts'
import { createStdout } from './stdout.ts'
import { epochTime, isoTime, type TimeFunction } from './timestamp.ts'
import type { TraceFields } from './trace-fields.ts'

export interface OwnLoggerOptions {
  level: string
  service: string | undefined
  pino: LoggerOptions
  destination: LogDestination | undefined
  file: string | LogFileOptions | undefined
  timestamp: 'epoch' | 'iso' | undefined
  redaction: Redaction
  traceFields: TraceFields
  sync: boolean
  render: ((parts: LineParts) => string) | undefined
  tap: ((parts: LineParts) => void) | undefined
  clock: Clock
  diagnostics: Diagnostics
}

export interface OwnLogger {
  readonly logger: Logger
  /** Of the app; `undefined` for standard output. */
  readonly destination: GuardedDestination | undefined
  /** Standard output, unless somebody else writes to it for us, or a file. */
  readonly lines: LineBuffer | undefined
  readonly closeFile: (() => void) | undefined
}

const { streamSym } = pino.symbols

/** Makes the logger. Throws `TRI_ERR_PINO` where pino refuses its options. */
export function createOwnLogger(options: OwnLoggerOptions): OwnLogger {
  const { redaction, diagnostics } = options
  const given = options.pino
  const hook = given.hooks?.logMethod
  const merged: LoggerOptions = {
    ...given,
    level: options.level,
    timestamp: timeFunction(options),
    base: baseFields(options),
    serializers: { ...createSerializers(redaction), ...given.serializers },
    ...(hook === undefined
      ? {}
      : { hooks: { ...given.hooks, logMethod: fencedLogMethod(hook, diagnostics) } }),
  }
  const own = openOrReject(merged, options)
  const { logger } = own
  const unreadable = (): void => diagnostics.dropped('logs', 'VALUE_INVALID')
  const { render, tap, traceFields } = options
  cleanBindings(logger, redaction, traceFields, unreadable)
  if (hook === undefined) installLevelMethods(logger, diagnostics)
  makeLines(logger, { redaction, traceFields, unreadable, render, tap })
  return own
}

function openOrReject(merged: LoggerOptions, options: OwnLoggerOptions): OwnLogger {
  try {
    return open(merged, options)
  } catch (cause) {
    if (cause instanceof TriscopeError) throw cause
    const known = [...Object.keys(pino.levels.values), ...Object.keys(merged.customLevels ?? {}), 'silent']
    throw new TriscopeError('TRI_ERR_PINO', `logging: pino refuses its options: ${messageOf(cause)}`, {
      path: 'logging',
      hint: `levels known here: ${known.join(', ')}`,
      cause,
    })
  }
}

function open(merged: LoggerOptions, options: OwnLoggerOptions): OwnLogger {
  const { clock, destination, diagnostics, file, sync } = options
  if (file !== undefined) {
    if (destination !== undefined || merged.transport !== undefined) {
      rejectOption('logging.file', 'nothing where a destination or a transport is given', file)
    }
    const { buffer, close } = createRotatingFile(file, clock, diagnostics, sync)
    return { logger: pino(merged, buffer), destination: undefined, lines: buffer, closeFile: close }
  }
  if (destination === undefined && merged.transport === undefined) {
    const patched = patchedStdout()
    if (patched === undefined) {
      const stdout = createStdout(clock, diagnostics, sync)
      return { logger: pino(merged, stdout), destination: undefined, lines: stdout, closeFile: undefined }
    }
    return {
      logger: pino(merged, guardStdout(patched, diagnostics)),
      destination: undefined,
      lines: undefined,
      closeFile: undefined,
    }
  }
  const logger =
    destination === undefined ? pino(merged) : pino(merged, destination as { write(line: string): void })
  // Afterwards, because pino first tells the destination itself of its configuration.
  const guard = guardDestination(read<LogDestination>(logger, streamSym), diagnostics)
  write(logger, streamSym, guard)
  return { logger, destination: guard, lines: undefined, closeFile: undefined }
}

/** Where somebody replaced `process.stdout.write`, to capture what the process prints, lines must pass there. */
function patchedStdout(): { write(line: string): void } | undefined {
  const { stdout } = process
  const original = (Object.getPrototypeOf(stdout) as { write?: unknown } | null)?.write
  return stdout.write === original ? undefined : stdout
}

/** pino's default adds `pid` and `hostname`, some 40 bytes a line that log shippers know by themselves. */
function baseFields({ service, redaction, pino: given }: OwnLoggerOptions): Record<string, unknown> | null {
  if (given.base === null) return null
  const own = service === undefined ? {} : { [SERVICE]: service }
  return redaction.fields({ ...own, ...given.base }) as Record<string, unknown>
}

function timeFunction(options: OwnLoggerOptions): TimeFunction | boolean {
  const { timestamp, clock } = options
  if (timestamp === undefined && options.pino.timestamp !== undefined) return options.pino.timestamp
  return (timestamp ?? (isatty(1) ? 'epoch' : 'iso')) === 'iso' ? isoTime(clock) : epochTime(clock)
}
