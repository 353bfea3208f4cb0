/**
 * The redaction policy where pino itself makes JSON: of the bindings of a child when it is made, and of objects formatted
 * into a message.
 *
 * Invariant: what a binding shows passed through the policy, and no binding has a name that every line has, or twice.
 */
import { isSecretError, messageOf, type Redaction } from '@triscope/core'
import { type Logger, pino } from 'pino'
import { serializeError } from './error-fields.ts'
import { lineNames } from './line-names.ts'
import { read, type Stringify, write } from './pino-internals.ts'
import { LOG_ERROR } from './semconv.ts'
import { isError } from './serializers.ts'
import type { TraceFields } from './trace-fields.ts'

const { chindingsSym, formatOptsSym, serializersSym, stringifiersSym, stringifySym } = pino.symbols

type Clean = (value: unknown) => unknown

/** Cleans bindings of `logger`'s children from now on. `unreadable` hears of each value that is lost. */
export function cleanBindings(
  logger: Logger,
  redaction: Redaction,
  traceFields: TraceFields,
  unreadable: () => void,
): void {
  const clean = cleanerFor(redaction, unreadable)
  const taken = lineNames(logger, traceFields)
  const { child, setBindings } = logger
  cleanValues(logger, clean)

  function safe(self: Logger, bindings: object): object {
    const serializers = read<Record<string, unknown>>(self, serializersSym)
    const copy: Record<string, unknown> = {}
    try {
      for (const key of Object.keys(bindings)) {
        const value = (bindings as Record<string, unknown>)[key]
        const isOwn = taken.has(key) && key !== 'level'
        // What has a serializer is cleaned once that has spoken.
        const shown = serializers[key] === undefined ? redaction.field(key, plain(value)) : value
        put(copy, isOwn ? `${key}_` : key, redaction.isSecretKey(key) ? redaction.field(key, value) : shown)
      }
      return copy
    } catch (error) {
      if (isSecretError(error)) throw error
      unreadable()
      return { ...copy, [LOG_ERROR]: `the bindings could not be read: ${messageOf(error)}` }
    }
  }

  write(logger, 'child', function (this: Logger, bindings: object, options?: { redact?: unknown }): Logger {
    const made = child.call(this, safe(this, bindings ?? {}), options as never) as unknown as Logger
    dropRepeated(made, read<string>(this, chindingsSym), bindings)
    // pino gives a child with paths of its own new functions for them.
    if (options?.redact !== undefined) cleanValues(made, clean)
    return made
  })
  write(logger, 'setBindings', function (this: Logger, bindings: object): void {
    const before = read<string>(this, chindingsSym)
    setBindings.call(this, safe(this, bindings))
    dropRepeated(this, before, bindings)
  })
}

/** pino writes a binding behind the one of the same name that the parent has; the last one counts. */
function dropRepeated(logger: Logger, before: string, bindings: object): void {
  if (before === '' || !Object.keys(bindings ?? {}).some((key) => before.includes(`${JSON.stringify(key)}:`)))
    return
  const all = JSON.parse(`{${read<string>(logger, chindingsSym).slice(1)}}`) as object
  const json = JSON.stringify(all)
  write(logger, chindingsSym, json === '{}' ? '' : `,${json.slice(1, -1)}`)
}

/** Objects reach JSON through three functions of the logger; each gets to see only what is clean. */
function cleanValues(logger: Logger, clean: Clean): void {
  const cleaned =
    (inner: Stringify): Stringify =>
    (value, safely) =>
      inner(clean(value), safely)
  write(logger, stringifySym, cleaned(read<Stringify>(logger, stringifySym)))
  // One for each path of pino's own `redact` option.
  const stringifiers = read<Record<string | symbol, Stringify>>(logger, stringifiersSym)
  const cleanedStringifiers = Object.create(null) as Record<string | symbol, Stringify>
  for (const key of Reflect.ownKeys(stringifiers)) {
    const inner = stringifiers[key]
    if (inner !== undefined) cleanedStringifiers[key] = cleaned(inner)
  }
  write(logger, stringifiersSym, cleanedStringifiers)
  // For `%o` and `%j` in a message.
  const { stringify } = read<{ stringify: Stringify }>(logger, formatOptsSym)
  write(logger, formatOptsSym, { stringify: cleaned(stringify) })
}

function cleanerFor(redaction: Redaction, unreadable: () => void): Clean {
  return (value) => {
    try {
      return redaction.fields(plain(value))
    } catch (error) {
      if (isSecretError(error)) throw error
      unreadable()
      return '[unreadable]'
    }
  }
}

/** JSON has no symbols: as a message, one would break the line. */
function plain(value: unknown): unknown {
  if (typeof value === 'symbol') return String(value)
  return isError(value) ? serializeError(value) : value
}

/** Assigning to `__proto__` would change the object instead of its keys. */
function put(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
}
