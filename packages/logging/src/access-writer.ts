/** Writes access lines: by hand where nothing of the app's must see them, through pino where something must. */
import type { SpanContext } from '@opentelemetry/api'
import type { Diagnostics, Redaction } from '@triscope/core'
import { type Logger, type LoggerOptions, pino } from 'pino'
import {
  ACCESS_NAMES,
  type AccessFields,
  type AccessLevel,
  AccessRecords,
  accessJson,
  withAppFields,
} from './access-line.ts'
import { fixedLogger } from './correlation.ts'
import { realLogger } from './delegating-logger.ts'
import type { LineCounter } from './line-count.ts'
import { ACCESS_LINE } from './line-maker.ts'
import { allLineNames } from './line-names.ts'
import { read } from './pino-internals.ts'
import { ACCESS_MESSAGE } from './semconv.ts'
import type { TraceFields } from './trace-fields.ts'

export interface AccessWriterOptions {
  which: 'all' | 'errors' | 'off'
  /** The part of lines at level 'info' that is written, 0 to 1; all others always are. */
  sampleRatio: number
  logger: Logger
  /** pino's options where we made the logger; `undefined` for the app's own, which always goes through pino. */
  given: LoggerOptions | undefined
  /** Whether lines are written as pino writes them, and seen by nobody else. */
  isPinoFormat: boolean
  redaction: Redaction
  traceFields: TraceFields
  counter: LineCounter
  diagnostics: Diagnostics
}

export interface AccessWriter {
  /** Never throws. */
  write(fields: AccessFields, level: AccessLevel, from?: SpanContext, logger?: Logger): void
}

/** Makes the writer for one logging. */
export function createAccessWriter(options: AccessWriterOptions): AccessWriter {
  return new Writer(options)
}

const { asJsonSym, needsMetadataGsym } = pino.symbols

/** pino's numbers; `useOnlyCustomLevels` may have others, and goes through pino. */
const LEVEL_NUMBERS: Readonly<Record<AccessLevel, number>> = { info: 30, warn: 40, error: 50 }

class Writer implements AccessWriter {
  readonly #which: 'all' | 'errors' | 'off'
  readonly #sampleRatio: number
  readonly #logger: Logger
  readonly #records: AccessRecords
  readonly #traceFields: TraceFields
  readonly #counter: LineCounter
  readonly #diagnostics: Diagnostics
  /** Makes lines of our logger; somebody who hooks in later replaces it, and then must see them. */
  readonly #plainAsJson: unknown
  /** Names of the line that no field of the app may have. */
  readonly #taken: ReadonlySet<string>

  constructor(options: AccessWriterOptions) {
    this.#which = options.which
    this.#sampleRatio = options.sampleRatio
    this.#logger = options.logger
    this.#records = new AccessRecords(options.redaction)
    this.#counter = options.counter
    this.#diagnostics = options.diagnostics
    this.#plainAsJson = isPlain(options) ? read(options.logger, asJsonSym) : undefined
    this.#taken = allLineNames(options.logger, options.traceFields)
    this.#traceFields = options.traceFields
  }

  write(fields: AccessFields, level: AccessLevel, from?: SpanContext, logger: Logger = this.#logger): void {
    if (this.#which === 'off' || (this.#which === 'errors' && level === 'info')) return
    if (this.#sampleRatio < 1 && level === 'info' && placeOf(from) >= this.#sampleRatio) return
    try {
      // Also where the level is one of the app's alone, and pino's does not exist.
      if (logger.isLevelEnabled(level) !== true) return
      const plain =
        logger === this.#logger &&
        fields.fields === undefined &&
        this.#plainAsJson !== undefined &&
        read(logger, asJsonSym) === this.#plainAsJson
      if (plain) this.#writeByHand(fields, level, from)
      else this.#writeThroughPino(fields, level, from, logger)
    } catch (error) {
      this.#diagnostics.dropped('logs', 'VALUE_INVALID')
      this.#diagnostics.failed('TRI_ERR_LOG_LINE', error)
    }
  }

  #writeThroughPino(
    fields: AccessFields,
    level: AccessLevel,
    from: SpanContext | undefined,
    logger: Logger,
  ): void {
    const record = this.#records.of(fields)
    const all: object =
      fields.fields === undefined ? record : withAppFields(record, fields.fields, this.#taken)
    Object.defineProperty(all, ACCESS_LINE, { value: true, enumerable: true })
    const about = from === undefined ? logger : fixedLogger(realLogger(logger), from)
    about[level](all, ACCESS_MESSAGE)
  }

  /** What pino's `asJson` does, for fields that are known. */
  #writeByHand(fields: AccessFields, level: AccessLevel, from: SpanContext | undefined): void {
    const logger = this.#logger as unknown as Internals
    const number = LEVEL_NUMBERS[level]
    this.#counter.add(number, logger)
    logger[STREAM].write(
      // `{"level":30`, the time, the ids, the base fields; then ours; then `}` and the end of the line.
      `${logger[LEVELS][number]}${logger[TIME]()}${from === undefined ? this.#traceFields.active() : this.#traceFields.of(from)}` +
        `${logger[BASE]}${accessJson(this.#records.of(fields))}` +
        `,"${logger[MESSAGE_KEY]}":"${ACCESS_MESSAGE}"${logger[END]}`,
    )
  }
}

/**
 * A number from 0 up to 1, the same for each line of a trace, so that services with one ratio write the lines of the same
 * requests. Of the trace id the right half is random: W3C Trace Context Level 2, "random trace id".
 */
function placeOf(from: SpanContext | undefined): number {
  if (from === undefined || /^0*$/.test(from.traceId)) return Math.random()
  return Number.parseInt(from.traceId.slice(-8), 16) / 0x1_0000_0000
}

// Constants with types of their own: a key that is known to the compiler takes 15 ns less at each of six reads.
const LEVELS: typeof pino.symbols.lsCacheSym = pino.symbols.lsCacheSym
const TIME: typeof pino.symbols.timeSym = pino.symbols.timeSym
const BASE: typeof pino.symbols.chindingsSym = pino.symbols.chindingsSym
const MESSAGE_KEY: typeof pino.symbols.messageKeySym = pino.symbols.messageKeySym
const END: typeof pino.symbols.endSym = pino.symbols.endSym
const STREAM: typeof pino.symbols.streamSym = pino.symbols.streamSym

/** What pino keeps in a logger, as its `asJson` and `write` read it. */
interface Internals {
  readonly [LEVELS]: Readonly<Record<number, string>>
  [TIME](): string
  readonly [BASE]: string
  readonly [MESSAGE_KEY]: string
  readonly [END]: string
  readonly [STREAM]: { write(line: string): void }
}

/** Whether pino would add, change or pass nothing that is not in the record. */
function isPlain({ given, isPinoFormat, logger, redaction }: AccessWriterOptions): boolean {
  if (given === undefined || !isPinoFormat) return false
  const { formatters, hooks, mixin, msgPrefix, nestedKey, redact, serializers } = given
  const seen = [
    formatters?.log,
    hooks?.logMethod,
    hooks?.streamWrite,
    mixin,
    msgPrefix,
    nestedKey,
    redact,
    given.useOnlyCustomLevels,
    ...[...ACCESS_NAMES, given.messageKey ?? 'msg'].map((name) => serializers?.[name]),
  ]
  const stream = read<Readonly<Record<symbol, unknown>>>(logger, STREAM)
  return (
    seen.every((one) => one === undefined || one === false) &&
    // pino tells such a destination of each line's level and fields.
    stream[needsMetadataGsym] !== true &&
    ![...ACCESS_NAMES, 'type', 'message'].some((name) => redaction.isSecretKey(name))
  )
}
