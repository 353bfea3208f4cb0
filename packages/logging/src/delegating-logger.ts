/**
 * A logger that finds the real one at each call. The level methods, `level` and `child` are here; everything else of
 * pino's surface, custom levels too, is passed on by one shared proxy that stands behind them as their prototype.
 *
 * Invariant: it holds no state of the real logger but the level that was set through it, so the real one can change.
 */
import type { ChildLoggerOptions, Logger } from 'pino'

/**
 * Passes everything on to what `find` returns. Beside the call itself a line costs 20 ns more.
 * @param find is called for each line: it must be cheap, and return the same logger while nothing has changed
 */
export function delegatingLogger(find: () => Logger): Logger {
  return new DelegatingLogger(find) as unknown as Logger
}

/** The real logger behind a delegating one; any other logger is itself. */
export function realLogger<T extends object>(logger: T): T {
  return ((logger as Partial<Delegating> | undefined)?.[FIND]?.() as T | undefined) ?? logger
}

/** Under a global name: what one copy of this package hands out, another must be able to look behind. */
const FIND = Symbol.for('triscope.logging.find')

interface Delegating {
  [FIND](): Logger
}

type LogArguments = Parameters<Logger['info']>

function forwardingBase(): new () => object {
  function Forwarding(): void {}
  Forwarding.prototype = new Proxy(Object.create(null) as object, {
    get(_, key, receiver: Partial<Delegating>) {
      if (key === FIND) return undefined
      const target = receiver[FIND]?.()
      if (target === undefined) return undefined
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
    set(_, key, value, receiver: Partial<Delegating>) {
      const target = receiver[FIND]?.()
      return target !== undefined && Reflect.set(target, key, value)
    },
  })
  return Forwarding as unknown as new () => object
}

class DelegatingLogger extends forwardingBase() implements Delegating {
  readonly #find: () => Logger
  #last: Logger | undefined
  #level: string | undefined

  constructor(find: () => Logger) {
    super()
    this.#find = find
    // An own property, so that what is made of this object, as pino makes children, finds it too.
    Object.defineProperty(this, FIND, { value: () => this.#target() })
  }

  declare readonly [FIND]: () => Logger

  get level(): string {
    return this[FIND]().level
  }

  set level(level: string) {
    this[FIND]().level = level
    this.#level = level
  }

  trace(...args: LogArguments): void {
    this[FIND]().trace(...args)
  }

  debug(...args: LogArguments): void {
    this[FIND]().debug(...args)
  }

  info(...args: LogArguments): void {
    this[FIND]().info(...args)
  }

  warn(...args: LogArguments): void {
    this[FIND]().warn(...args)
  }

  error(...args: LogArguments): void {
    this[FIND]().error(...args)
  }

  fatal(...args: LogArguments): void {
    this[FIND]().fatal(...args)
  }

  /** Delegates as well: a child made when a module loads outlives the logging that was in force then. */
  child(bindings: object, options?: ChildLoggerOptions): Logger {
    let parent: Logger | undefined
    let made: Logger | undefined
    return delegatingLogger(() => {
      const now = this[FIND]()
      if (made === undefined || parent !== now) {
        parent = now
        made = now.child(bindings, options)
      }
      return made
    })
  }

  #target(): Logger {
    const target = this.#find()
    if (target !== this.#last) {
      this.#last = target
      if (this.#level !== undefined) target.level = this.#level
    }
    return target
  }
}
