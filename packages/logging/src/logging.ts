/**
 * The logging room: one pino logger, ours or the app's, whose lines name the span they were made in.
 *
 * Invariant: after `createLogging` has returned, nothing here throws into the app, whatever it logs.
 */
import { isatty } from 'node:tty'
import type { SpanContext } from '@opentelemetry/api'
import {
  type Clock,
  createDiagnostics,
  createRedaction,
  type Diagnostics,
  isSecretError,
  type Pipeline,
  type Redaction,
  type Resource,
  type RoomOptions,
  rejectOption,
  rejectUnknownKeys,
  systemClock,
} from '@triscope/core'
import type { BaseLogger, Logger, LoggerOptions } from 'pino'
import type { AccessFields, AccessLevel } from './access-line.ts'
import { type AccessWriter, createAccessWriter } from './access-writer.ts'
import { captureConsole } from './console-lines.ts'
import { boundLogger, correlateLogger } from './correlation.ts'
import { realLogger } from './delegating-logger.ts'
import { drain, type GuardedDestination, type LogDestination } from './destination.ts'
import { foreignLines } from './foreign-lines.ts'
import { type LevelChange, LevelControl } from './level-control.ts'
import type { LineBuffer } from './line-buffer.ts'
import { createLineCounter, type LineCounter } from './line-count.ts'
import { createLineFormat, type LineFormatName } from './line-format.ts'
import type { LineParts } from './line-maker.ts'
import { createOtlpLogs, type OtlpLogs, type OtlpLogsOptions, type OtlpLogsParts } from './otlp-logs.ts'
import { createOwnLogger } from './own-logger.ts'
import { findSymbol, read } from './pino-internals.ts'
import type { LogFileOptions } from './rotating-file.ts'
import { LOGGER_NAME } from './semconv.ts'
import { createTraceFields, type TraceFieldNames, type TraceFields } from './trace-fields.ts'

export interface LoggingOptions {
  /** Lines below it are not made: a level of pino. The app's own `logger` keeps its own. @default 'info' */
  level?: string
  /**
   * The app's own pino logger, of any copy of pino from 7 on. It gets trace ids and keeps all else: its level, its
   * destination, its redaction. Throws `TRI_ERR_OPTION` where it is no pino logger.
   * @default a logger made here
   */
  logger?: BaseLogger
  /** Passed on to pino: formatters, mixin, hooks, serializers, redact, customLevels, transport and so on. */
  pino?: LoggerOptions
  /** Where lines go. It stays the app's: it is flushed, never closed. @default standard output, synchronously */
  destination?: LogDestination
  /**
   * A file in place of standard output: its path, or with the size and the number at which it starts anew. Only of a
   * logger made here.
   * @default none
   */
  file?: string | LogFileOptions
  /**
   * The form of `time`: milliseconds since 1970, or ISO 8601 in UTC.
   * @default `pino.timestamp` where it is given; else 'iso', but 'epoch' on a terminal
   */
  timestamp?: 'epoch' | 'iso'
  /** What must not be written. @default core's `createRedaction()`: credentials, cookies and tokens */
  redaction?: Redaction
  /**
   * How lines are written: pino's JSON, ECS 8, Google Cloud, logfmt, or for people. Only of a logger made here.
   * @default 'pino'; 'pretty' where standard output is a terminal and `NODE_ENV` is not `production`
   */
  format?: LineFormatName
  /**
   * Sends each line to an OTLP endpoint as well, by http/protobuf. `true` is `http://localhost:4318/v1/logs`.
   * @default false; under the sdk `OTEL_LOGS_EXPORTER=otlp` is `true`
   */
  otlp?: boolean | OtlpLogsOptions
  /** Who is speaking, for OTLP. @default the service name alone */
  resource?: Resource
  /** Writes what is said on `console` as lines too, until `shutdown`. @default false */
  console?: boolean
  /** What the fields of the trace ids are called. @default 'trace_id', 'span_id' and 'trace_flags' */
  fields?: TraceFieldNames
  /**
   * Standard output gets each line before the call returns, so that no end of the process loses one. `false` writes the
   * lines of one turn of the event loop at once, for a third of the price; then SIGKILL, or a signal that nobody
   * listens to, loses those of the turn it comes in.
   * @default true; false under the sdk, which listens to signals
   */
  sync?: boolean
  /**
   * Which requests have an access line: all, those that are not at level 'info', or none; or of those at 'info' a part, 0 to
   * 1, chosen by trace, and all others.
   * @default 'all'
   */
  access?: 'all' | 'errors' | 'off' | { sample: number }
  /** Written as `service` on each line of a logger made here. @default no such field */
  service?: string
}

/** Logging in force; all of it may be called at any time, also after `shutdown`. */
export interface Logging extends Pipeline {
  readonly logger: Logger
  /** The logger, or its child with `logger: name` on each line, the same for the same name. */
  getLogger(name?: string): Logger
  /**
   * Changes the level of `getLogger(name)` and of what was made of it, or of all where `name` is `undefined`; loggers
   * made later have it too. A child that the app gave a level of its own keeps it. With `forMs` it returns by itself. Throws `TRI_ERR_OPTION` for a level pino does not know.
   */
  setLevel(name: string | undefined, level: string, change?: LevelChange): void
  /** Adds trace ids to a pino logger the app made, and to its children. Anything else is returned as it is. */
  correlate<T extends object>(logger: T): T
  /**
   * A logger for one request; it costs one small object. Its lines carry the active span's ids while that is of the
   * same trace, else those of `spanContext`.
   * @param logger what it is made of; @default the logger in force
   */
  bound(spanContext: SpanContext, logger?: Logger): Logger
  /**
   * Writes the access line of one request.
   * @param from the span it is about; @default the active one
   * @param logger where it is written; @default the logger in force
   */
  access(fields: AccessFields, level: AccessLevel, from?: SpanContext, logger?: Logger): void
}

/** Makes logging. Throws `TRI_ERR_UNKNOWN_OPTION`, `TRI_ERR_OPTION`, and `TRI_ERR_PINO` where pino refuses its options. */
export function createLogging(options: LoggingOptions & RoomOptions = {}): Logging {
  rejectUnknownKeys('logging', options, OPTION_NAMES)
  checkAccess(options.access)
  rejectOneOf('logging.format', options.format, ['pino', 'ecs', 'gcp', 'logfmt', 'pretty'])
  rejectOneOf('logging.timestamp', options.timestamp, ['epoch', 'iso'])
  if (options.destination !== undefined && typeof options.destination.write !== 'function') {
    rejectOption('logging.destination', 'something with a write function', options.destination)
  }
  return new LoggingRoom(options)
}

const OPTION_NAMES: readonly string[] = [
  'level',
  'logger',
  'pino',
  'destination',
  'file',
  'timestamp',
  'redaction',
  'access',
  'format',
  'console',
  'otlp',
  'resource',
  'fields',
  'sync',
  'service',
  'diagnostics',
  'clock',
  'env',
]

/** What shapes a logger that we make has no place on one that exists. */
const ONLY_OWN = ['pino', 'destination', 'file', 'timestamp', 'format'] as const

/** Children kept by name. Names belong to modules, not to requests; further ones are made anew at each call. */
const MAX_NAMES = 1_000
const FLUSH_MS = 5_000

class LoggingRoom implements Logging {
  readonly logger: Logger
  readonly #clock: Clock
  readonly #isOwn: boolean
  readonly #diagnostics: Diagnostics
  readonly #counter: LineCounter
  readonly #traceFields: TraceFields
  /** Of a logger made here, unless it is standard output, which is never behind. */
  readonly #destination: GuardedDestination | undefined
  /** Standard output or a file, where it is ours. */
  readonly #lines: LineBuffer | undefined
  readonly #closeFile: (() => void) | undefined
  /** Of the app's own logger. */
  readonly #stream: LogDestination | undefined
  readonly #otlp: OtlpLogs | undefined
  /** For loggers that are not ours: it also sees their lines, where somebody wants them. */
  readonly #foreignCounter: LineCounter
  readonly #access: AccessWriter
  readonly #levels: LevelControl
  readonly #releaseConsole: (() => void) | undefined
  readonly #named = new Map<string, Logger>()

  constructor(options: LoggingOptions & RoomOptions) {
    this.#clock = options.clock ?? systemClock
    this.#isOwn = options.logger === undefined
    this.#diagnostics = options.diagnostics ?? createDiagnostics({ clock: this.#clock })
    this.#counter = createLineCounter(this.#diagnostics)
    this.#traceFields = createTraceFields(options.fields)
    const traceFields = this.#traceFields
    const redaction = options.redaction ?? createRedaction()
    this.#otlp = otlpOf(options, {
      clock: this.#clock,
      diagnostics: this.#diagnostics,
      traceFields,
    })
    const tap = this.#otlp === undefined ? undefined : (line: LineParts) => this.#send(line)
    this.#foreignCounter =
      tap === undefined
        ? this.#counter
        : {
            add: (level, logger) => this.#counter.add(level, logger),
            failed: (error) => this.#counter.failed?.(error),
            saw: foreignLines(redaction, traceFields, tap, (error) => this.#lost(error)),
          }
    let render: ((parts: LineParts) => string) | undefined
    if (options.logger === undefined) {
      render = renderOf(options, this.#clock, traceFields)
      const own = createOwnLogger({
        level: options.level ?? options.pino?.level ?? 'info',
        service: options.service,
        pino: options.pino ?? {},
        destination: options.destination,
        file: options.file,
        timestamp: options.timestamp,
        redaction,
        traceFields,
        sync: options.sync ?? true,
        render,
        tap,
        clock: this.#clock,
        diagnostics: this.#diagnostics,
      })
      this.logger = own.logger
      this.#destination = own.destination
      this.#lines = own.lines
      this.#closeFile = own.closeFile
    } else {
      rejectForeign(options.logger, options)
      // Its own levels are unknown to the type; what is used of it was looked at.
      this.logger = options.logger as Logger
      const symbol = findSymbol(this.logger, 'stream')
      this.#stream = symbol === undefined ? undefined : read<LogDestination>(this.logger, symbol)
    }
    correlateLogger(
      this.logger,
      options.logger === undefined ? this.#counter : this.#foreignCounter,
      this.#traceFields,
    )
    this.#levels = new LevelControl(this.logger, this.#clock)
    if (options.console === true) this.#releaseConsole = captureConsole(this.logger)
    this.#access = createAccessWriter({
      which: typeof options.access === 'object' ? 'all' : (options.access ?? 'all'),
      sampleRatio: typeof options.access === 'object' ? options.access.sample : 1,
      logger: this.logger,
      given: options.logger === undefined ? (options.pino ?? {}) : undefined,
      isPinoFormat: render === undefined && tap === undefined,
      redaction,
      traceFields,
      counter: this.#counter,
      diagnostics: this.#diagnostics,
    })
  }

  getLogger(name?: string): Logger {
    if (name === undefined) return this.logger
    const known = this.#named.get(name)
    if (known !== undefined) return known
    const child = this.logger.child({ [LOGGER_NAME]: name })
    if (this.#named.size < MAX_NAMES) this.#named.set(name, child)
    this.#levels.watch(name, child)
    return child
  }

  setLevel(name: string | undefined, level: string, change: LevelChange = {}): void {
    this.#levels.set(name, level, change)
  }

  correlate<T extends object>(logger: T): T {
    if (!this.#correlated(realLogger(logger))) {
      this.#diagnostics.warn(
        'TRI_WARN_NOT_PINO',
        'the logger is not a pino logger, so its lines carry no trace ids; pass a pino logger, or take one from getLogger()',
      )
    }
    return logger
  }

  bound(spanContext: SpanContext, logger: Logger = this.logger): Logger {
    const real = realLogger(logger)
    return this.#correlated(real) ? boundLogger(real, spanContext) : logger
  }

  #correlated(logger: object): boolean {
    // A logger we made, and its children, are counted and seen where their lines are made.
    const isOwn =
      this.#isOwn && (logger === this.logger || Object.prototype.isPrototypeOf.call(this.logger, logger))
    return correlateLogger(logger, isOwn ? this.#counter : this.#foreignCounter, this.#traceFields)
  }

  #send(line: LineParts): void {
    try {
      this.#otlp?.add(line)
    } catch (error) {
      this.#lost(error)
    }
  }

  /** A line that is written, but not sent. */
  #lost(error: unknown): void {
    if (isSecretError(error)) throw error
    this.#diagnostics.dropped('logs', 'VALUE_INVALID')
    this.#diagnostics.failed('TRI_ERR_LOG_LINE', error)
  }

  access(fields: AccessFields, level: AccessLevel, from?: SpanContext, logger?: Logger): void {
    this.#access.write(fields, level, from, logger)
  }

  async flush(timeoutMs: number = FLUSH_MS): Promise<boolean> {
    const sent = this.#otlp?.delivery.flush(timeoutMs) ?? true
    return (await this.#written(timeoutMs)) && (await sent)
  }

  async shutdown(timeoutMs: number = FLUSH_MS): Promise<boolean> {
    this.#lines?.writeThrough()
    const sent = this.#otlp?.delivery.shutdown(timeoutMs) ?? true
    const written = await this.#written(timeoutMs)
    this.#destination?.stop()
    this.#closeFile?.()
    this.#levels.stop()
    this.#releaseConsole?.()
    return (await sent) && written
  }

  async #written(timeoutMs: number): Promise<boolean> {
    this.#lines?.flushSync()
    if (this.#lines !== undefined) return this.#lines.isEmpty
    if (this.#destination !== undefined) return await this.#destination.drained(timeoutMs, this.#clock)
    return (
      this.#stream === undefined || (await drain(this.#stream, timeoutMs, this.#clock, this.#diagnostics))
    )
  }
}

function otlpOf(
  options: LoggingOptions & RoomOptions,
  parts: Omit<OtlpLogsParts, 'resource' | 'env'>,
): OtlpLogs | undefined {
  const { otlp, service, env = {} } = options
  if (otlp === undefined || otlp === false) return undefined
  const resource = options.resource ?? { attributes: { 'service.name': service ?? 'unknown_service:node' } }
  return createOtlpLogs(otlp === true ? {} : otlp, { ...parts, resource, env })
}

function renderOf(
  options: LoggingOptions & RoomOptions,
  clock: Clock,
  traceFields: TraceFields,
): ((parts: LineParts) => string) | undefined {
  const env = options.env ?? {}
  const isStdout =
    options.destination === undefined && options.file === undefined && options.pino?.transport === undefined
  const isTerminal = isStdout && isatty(1)
  const isPeople = isTerminal && env['NODE_ENV'] !== 'production' && options.timestamp === undefined
  const name = options.format ?? (isPeople ? 'pretty' : 'pino')
  return createLineFormat({ name, clock, traceFields, env, isTerminal })
}

function rejectForeign(logger: BaseLogger, options: LoggingOptions): void {
  if (findSymbol(logger, 'asJson') === undefined) {
    rejectOption(
      'logging.logger',
      'a pino logger',
      logger,
      'leave it out to get one, or pass the one that pino() returned',
    )
  }
  for (const name of ONLY_OWN) {
    if (options[name] === undefined) continue
    rejectOption(
      `logging.${name}`,
      'nothing where logging.logger is given',
      options[name],
      'it shapes a logger made here; your own has it already',
    )
  }
}

function checkAccess(access: LoggingOptions['access']): void {
  if (typeof access !== 'object' || access === null) {
    rejectOneOf('logging.access', access, ['all', 'errors', 'off'])
    return
  }
  rejectUnknownKeys('logging.access', access, ['sample'])
  const { sample } = access
  if (!(sample >= 0 && sample <= 1)) rejectOption('logging.access.sample', 'a number from 0 to 1', sample)
}

function rejectOneOf(path: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return
  rejectOption(path, known.map((one) => `"${one}"`).join(', '), value)
}
