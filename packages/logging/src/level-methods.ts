/**
 * The level methods of our own logger: pino's, inside the fence, with a short way for what nearly every line is, plain
 * fields and a text.
 *
 * Invariant: a line that took the short way is the line that pino's own way would have made.
 */
import type { Diagnostics } from '@triscope/core'
import { type Logger, pino } from 'pino'
import { lineLost } from './line-fence.ts'
import { type AsJson, read, write } from './pino-internals.ts'

const ASJSON: typeof pino.symbols.asJsonSym = pino.symbols.asJsonSym
const TIME: typeof pino.symbols.timeSym = pino.symbols.timeSym
const STREAM: typeof pino.symbols.streamSym = pino.symbols.streamSym
const MIXIN: typeof pino.symbols.mixinSym = pino.symbols.mixinSym
const HOOKS: typeof pino.symbols.hooksSym = pino.symbols.hooksSym
const METADATA: typeof pino.symbols.needsMetadataGsym = pino.symbols.needsMetadataGsym
/** pino's types leave it out. */
const PREFIX = (pino.symbols as unknown as { msgPrefixSym: symbol }).msgPrefixSym
const { setLevelSym } = pino.symbols

/** What pino keeps in a logger, as its level methods read it. */
interface Internals extends Logger {
  readonly [ASJSON]: AsJson
  [TIME](): string
  readonly [STREAM]: { write(line: string): void; readonly [METADATA]?: boolean }
  readonly [MIXIN]?: unknown
  readonly [HOOKS]: { readonly streamWrite?: unknown }
  readonly [key: symbol]: unknown
}

type Method = (this: Logger, first: unknown, second?: unknown, ...rest: unknown[]) => void

/** Gives them to `logger`, and to its children when they are given a level of their own. */
export function installLevelMethods(logger: Logger, diagnostics: Diagnostics): void {
  const setLevel = read<(this: Logger, level: string) => void>(logger, setLevelSym)

  function install(self: Logger): void {
    const methods = self as unknown as Record<string, Method>
    for (const [name, level] of Object.entries(self.levels.values)) {
      const inner = methods[name]
      if (inner === undefined || name === 'silent' || !self.isLevelEnabled(name)) continue
      // pino's flushes a destination after it.
      const shortens = name !== 'fatal'
      write(self, name, methodOf(inner, level, shortens, diagnostics))
    }
  }

  write(logger, setLevelSym, function (this: Logger, level: string): void {
    setLevel.call(this, level)
    install(this)
  })
  install(logger)
}

function methodOf(inner: Method, level: number, shortens: boolean, diagnostics: Diagnostics): Method {
  return function (first, second, ...rest) {
    try {
      const self = this as Internals
      if (shortens && rest.length === 0 && isShort(self, first, second)) {
        const stream = self[STREAM]
        const line =
          second === undefined
            ? self[ASJSON]({}, first, level, self[TIME]())
            : self[ASJSON](first, second, level, self[TIME]())
        stream.write(line)
      } else if (second === undefined && rest.length === 0) inner.call(this, first)
      else inner.call(this, first, second, ...rest)
    } catch (error) {
      lineLost(this, [first, second, ...rest], level, error, diagnostics)
    }
  }
}

/** Whether nothing of pino's, or of the app's, has to see the line on its way, and nothing in it is to be put in place. */
function isShort(logger: Internals, first: unknown, second: unknown): boolean {
  if (logger[MIXIN] !== undefined || logger[PREFIX] !== undefined) return false
  if (logger[HOOKS].streamWrite !== undefined || logger[STREAM][METADATA] === true) return false
  if (typeof first === 'string') return second === undefined && !first.includes('%')
  if (typeof second !== 'string' || typeof first !== 'object' || first === null) return false
  const prototype: unknown = Object.getPrototypeOf(first)
  if (prototype !== Object.prototype && prototype !== null) return false
  // pino looks for requests and responses by these.
  const { method, setHeader } = first as { method?: unknown; setHeader?: unknown }
  return method === undefined && setHeader === undefined
}
