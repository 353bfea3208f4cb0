/**
 * What we touch inside a pino logger. In a logger that others made it is found by the description of its symbol,
 * because each copy of pino (ESM beside CJS, 7 beside 10) has symbols of its own.
 *
 * Invariant: nothing is ever set on pino's prototype; loggers that were not handed to us stay as they are.
 */

/** `pino.asJson`: makes the line from the merged fields, the message, the level's number and the time's raw JSON. */
export type AsJson = (this: object, fields: unknown, message: unknown, level: number, time: string) => string

/** `pino.stringify`, and each member of `pino.stringifiers`: one value to JSON; `undefined` leaves it out. */
export type Stringify = (value: unknown, safely?: unknown) => string | undefined

/** The symbol that pino describes as `pino.<name>`, on the logger or one it is a child of. */
export function findSymbol(logger: object, name: string): symbol | undefined {
  const description = `pino.${name}`
  for (let at: object | null = logger; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const symbol = Object.getOwnPropertySymbols(at).find((one) => one.description === description)
    if (symbol !== undefined) return symbol
  }
  return undefined
}

/** What the logger, or one it is a child of, keeps under `key`. The caller knows the type from pino's source. */
export function read<T>(logger: object, key: symbol): T {
  return (logger as Record<symbol, T>)[key] as T
}

/** Sets it on this logger alone; its children, made before or after, inherit it. */
export function write(logger: object, key: string | symbol, value: unknown): void {
  Object.defineProperty(logger, key, { value, writable: true, configurable: true, enumerable: false })
}
