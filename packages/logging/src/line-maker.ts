/**
 * Makes the lines of our own logger: pino's work, with the redaction policy in it and without a key that stands twice.
 *
 * It takes the place of pino's `asJson`, and does for each field what that does: the app's serializers, formatters,
 * nested key and paths of pino's own `redact` have their say first.
 *
 * Invariant: a line is one JSON object whose keys differ, on one line; what it shows passed through the policy.
 */
import type { Redaction } from '@triscope/core'
import { type Logger, pino } from 'pino'
import { serializeError } from './error-fields.ts'
import { quoted } from './json-text.ts'
import { lineNames } from './line-names.ts'
import { type AsJson, type Stringify, write } from './pino-internals.ts'
import { isError } from './serializers.ts'
import type { TraceFields } from './trace-fields.ts'

/** What a line is made of, for those who do not write it as pino does. */
export interface LineParts {
  /** pino's number of the level, and its name where it has one. */
  readonly level: number
  readonly label: string
  readonly time: Readonly<Record<string, unknown>>
  readonly message: unknown
  /** The access line of a request: its own fields are those of `AccessRecord`. */
  readonly isAccess: boolean
  /** Base fields, bindings and fields, as they stand in JSON. */
  readonly fields: Readonly<Record<string, unknown>>
}

export interface LineMakerOptions {
  redaction: Redaction
  traceFields: TraceFields
  /** Hears of each value that could not be written. */
  unreadable: () => void
  /** Sees the parts of each line. @returns what is written in place of pino's line, without its end */
  render: ((parts: LineParts) => string) | undefined
  /** Sees the parts of each line; they are made for it alone. */
  tap: ((parts: LineParts) => void) | undefined
}

/** On the fields of an access line, so that formats know it; no JSON shows it. */
export const ACCESS_LINE: unique symbol = Symbol('access line')

/** Fields of one line; beyond, they are left out, and counted once. */
const MAX_FIELDS = 5_000
/** Field names whose JSON is kept. */
const MAX_NAMES = 2_000

/** Messages whose JSON is kept, and their length: a message is a constant of the code, or it comes once. */
const MAX_MESSAGES = 500
const MAX_MESSAGE_LENGTH = 64

/** What a line says before a value. */
interface Head {
  /** `,"name":`. */
  readonly json: string
  /** The line may say something of its own under this name. */
  readonly isReserved: boolean
}

const isOwn = Object.prototype.hasOwnProperty
const { asJsonSym } = pino.symbols
// Constants with types of their own: a key that is known to the compiler takes 15 ns less at each read.
const LEVELS: typeof pino.symbols.lsCacheSym = pino.symbols.lsCacheSym
const BINDINGS: typeof pino.symbols.chindingsSym = pino.symbols.chindingsSym
const SERIALIZERS: typeof pino.symbols.serializersSym = pino.symbols.serializersSym
const STRINGIFY_SAFE: typeof pino.symbols.stringifySafeSym = pino.symbols.stringifySafeSym
const STRINGIFIERS: typeof pino.symbols.stringifiersSym = pino.symbols.stringifiersSym
const WILDCARD: typeof pino.symbols.wildcardFirstSym = pino.symbols.wildcardFirstSym
const FORMATTERS: typeof pino.symbols.formattersSym = pino.symbols.formattersSym
const END: typeof pino.symbols.endSym = pino.symbols.endSym
const MESSAGE_KEY = symbolOf('messageKeySym')
const ERROR_KEY = symbolOf('errorKeySym')
const NESTED_KEY = symbolOf('nestedKeySym')
const NESTED_KEY_JSON = symbolOf('nestedKeyStrSym')

/** Those that pino's types leave out. */
function symbolOf(name: string): symbol {
  return (pino.symbols as unknown as Record<string, symbol>)[name] ?? Symbol(name)
}

type Serializer = (value: unknown) => unknown

/** What pino keeps in a logger, as its `asJson` reads it. */
interface Internals {
  readonly [LEVELS]: Readonly<Record<number, string>>
  readonly [BINDINGS]: string
  readonly [SERIALIZERS]: Readonly<Record<string, Serializer | undefined>>
  readonly [STRINGIFY_SAFE]: Stringify
  readonly [STRINGIFIERS]: Readonly<Record<string | symbol, Stringify | undefined>>
  readonly [FORMATTERS]: { log?: (fields: unknown) => object }
  readonly [END]: string
  readonly [key: symbol]: unknown
  readonly levels: { readonly labels: Readonly<Record<number, string | undefined>> }
}

/** Makes the lines of `logger` and its children from now on. */
export function makeLines(logger: Logger, options: LineMakerOptions): void {
  const maker = new LineMaker(logger, options)
  const asJson: AsJson = function (fields, message, level, time) {
    return maker.make(this as Internals, fields, message, level, time)
  }
  write(logger, asJsonSym, asJson)
}

class LineMaker {
  readonly #options: LineMakerOptions
  readonly #redaction: Redaction
  /** Names of the level, the time, the message and the ids. */
  readonly #reserved: ReadonlySet<string>
  /** By name; names repeat, and one look tells all of one. */
  readonly #heads = new Map<string, Head>()
  /** Messages that repeat, as JSON; none of them has a secret. */
  readonly #messages = new Map<string, string>()
  /** pino makes one such object for each `redact` option; nearly always it is empty. */
  #stringifiers: object | undefined = undefined
  #hasStringifiers = false

  constructor(logger: Logger, options: LineMakerOptions) {
    this.#options = options
    this.#redaction = options.redaction
    this.#reserved = lineNames(logger, options.traceFields)
  }

  make(logger: Internals, fields: unknown, message: unknown, level: number, time: string): string {
    const { log } = logger[FORMATTERS]
    const given = (log === undefined ? fields : log(fields)) as Readonly<Record<string, unknown>>
    const text = message === undefined ? undefined : this.#messageJson(logger, message)
    const serializers = logger[SERIALIZERS]
    const isNested = typeof logger[NESTED_KEY] === 'string' && logger[NESTED_KEY] !== ''
    const errorKey = logger[ERROR_KEY]
    let bindings = logger[BINDINGS]
    let own = ''
    let count = 0
    for (const key in given) {
      if (!isOwn.call(given, key)) continue
      let value = given[key]
      if (value === undefined) continue
      if (++count > MAX_FIELDS) {
        this.#options.unreadable()
        break
      }
      const serializer = serializers[key] ?? (key === errorKey ? serializers['err'] : undefined)
      if (serializer !== undefined) value = serializer(value)
      const json = this.#json(logger, key, value, this.#stringifierOf(logger, key))
      if (json === undefined) continue
      let head = this.#head(key)
      if (!isNested) {
        let name = key
        if (head.isReserved) {
          name = this.#freeName(logger, key, given, text, time)
          head = this.#head(name)
        }
        if (bindings !== '' && bindings.includes(head.json)) bindings = without(bindings, name)
      }
      own += head.json + json
    }
    if (isNested && own !== '') own = `${String(logger[NESTED_KEY_JSON])}${own.slice(1)}}`
    const { render, tap } = this.#options
    if (render !== undefined || tap !== undefined) {
      const isAccess = (given as { [ACCESS_LINE]?: boolean } | undefined)?.[ACCESS_LINE] === true
      return this.#rendered(logger, level, time, bindings + own, text, isAccess)
    }
    return this.#whole(logger, level, time, bindings + own, text)
  }

  /** The line as pino writes it. */
  #whole(logger: Internals, level: number, time: string, fields: string, text: string | undefined): string {
    const said = text === undefined ? '' : this.#head(logger[MESSAGE_KEY] as string).json + text
    return logger[LEVELS][level] + time + fields + said + logger[END]
  }

  #rendered(
    logger: Internals,
    level: number,
    time: string,
    fields: string,
    text: string | undefined,
    isAccess: boolean,
  ): string {
    const { render, tap } = this.#options
    const parts: LineParts = {
      level,
      label: logger.levels.labels[level] ?? String(level),
      time: parsed(time),
      message: text === undefined ? undefined : JSON.parse(text),
      isAccess,
      fields: parsed(fields),
    }
    tap?.(parts)
    return render === undefined ? this.#whole(logger, level, time, fields, text) : `${render(parts)}\n`
  }

  #messageJson(logger: Internals, message: unknown): string | undefined {
    const key = logger[MESSAGE_KEY] as string
    const serializer = logger[SERIALIZERS][key]
    const stringifier = this.#stringifierOf(logger, key)
    if (typeof message === 'string' && serializer === undefined && stringifier === undefined) {
      return this.#messages.get(message) ?? this.#learn(message)
    }
    return this.#json(logger, '', serializer === undefined ? message : serializer(message), stringifier)
  }

  #learn(message: string): string {
    const clean = this.#redaction.text(message)
    const json = quoted(clean)
    if (clean === message && message.length <= MAX_MESSAGE_LENGTH) {
      if (this.#messages.size >= MAX_MESSAGES) this.#messages.clear()
      this.#messages.set(message, json)
    }
    return json
  }

  #stringifierOf(logger: Internals, key: string): Stringify | undefined {
    const stringifiers = logger[STRINGIFIERS]
    if (stringifiers !== this.#stringifiers) {
      this.#stringifiers = stringifiers
      this.#hasStringifiers = Reflect.ownKeys(stringifiers).length > 0
    }
    return this.#hasStringifiers ? (stringifiers[key] ?? stringifiers[WILDCARD]) : undefined
  }

  /** One value as JSON; `undefined` where it has none. */
  #json(
    logger: Internals,
    key: string,
    given: unknown,
    stringifier: Stringify | undefined,
  ): string | undefined {
    const value = this.#clean(key, given)
    switch (typeof value) {
      case 'string':
        return stringifier === undefined ? quoted(value) : stringifier(value)
      case 'number': {
        const shown = Number.isFinite(value) ? value : null
        return stringifier === undefined ? String(shown) : String(stringifier(shown))
      }
      case 'boolean':
        return stringifier === undefined ? String(value) : stringifier(value)
      case 'undefined':
      case 'function':
        return undefined
      default:
        return stringifier === undefined
          ? stringified(value, logger)
          : stringifier(value, logger[STRINGIFY_SAFE])
    }
  }

  #clean(key: string, value: unknown): unknown {
    // JSON has no symbols: as a message, one would break the line.
    if (typeof value === 'symbol') return this.#redaction.field(key, String(value))
    return this.#redaction.field(key, isError(value) ? serializeError(value) : value)
  }

  /** A field of the app never stands for what the line itself says: it is written beside it, as `time_` for `time`. */
  #freeName(
    logger: Internals,
    key: string,
    given: Readonly<Record<string, unknown>>,
    text: string | undefined,
    time: string,
  ): string {
    const head = this.#head(key).json
    const isMessage = key === logger[MESSAGE_KEY]
    const stands = isMessage
      ? text !== undefined
      : time.includes(head) || String(logger[LEVELS][30]).includes(head.slice(1)) || key === 'level'
    if (!stands) return key
    let name = `${key}_`
    while (name in given) name += '_'
    return name
  }

  #head(key: string): Head {
    const known = this.#heads.get(key)
    if (known !== undefined) return known
    const head = { json: `,${JSON.stringify(key)}:`, isReserved: this.#reserved.has(key) }
    if (this.#heads.size < MAX_NAMES && key.length < 100) this.#heads.set(key, head)
    return head
  }
}

/** The policy has cut cycles; what is left to fail is a BigInt. */
function stringified(value: unknown, logger: Internals): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return logger[STRINGIFY_SAFE](value)
  }
}

function parsed(members: string): Record<string, unknown> {
  return JSON.parse(`{${members.slice(1)}}`) as Record<string, unknown>
}

/** Raw JSON members without one of them. */
function without(members: string, name: string): string {
  const { [name]: _, ...rest } = parsed(members)
  const json = JSON.stringify(rest)
  return json === '{}' ? '' : `,${json.slice(1, -1)}`
}
