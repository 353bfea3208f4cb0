/** What one setting takes: how a value given in code is checked, and in which bounds a variable is read. */

export interface Kind {
  /** Completes the sentence "expected …". */
  readonly takes: string
  /** Whether a value given in code fits. Missing where the room that takes the value checks it. */
  readonly fits?: (value: unknown) => boolean
  /** Bounds of a number. */
  readonly min?: number
  readonly max?: number
}

/** One row of the table: all there is to know about one setting. */
export interface Setting extends Kind {
  /** Variables that set it where code does not; the first that is set counts. */
  readonly variables: readonly string[]
  /** What is in force where nobody sets it, in words. */
  readonly byDefault: string
  /** What it is for, in one sentence. */
  readonly says: string
  /** Its value is never shown: not in an error, not by `describe()`. */
  readonly secret: boolean
}

/** A row. */
export function setting(kind: Kind, byDefault: string, says: string, ...variables: string[]): Setting {
  return { ...kind, byDefault, says, variables, secret: false }
}

/** A row whose value nobody is shown. */
export function secret(kind: Kind, byDefault: string, says: string, ...variables: string[]): Setting {
  return { ...setting(kind, byDefault, says, ...variables), secret: true }
}

export const TEXT: Kind = {
  takes: 'some text',
  fits: (value) => typeof value === 'string' && value.trim() !== '',
}

export const FLAG: Kind = { takes: 'true or false', fits: (value) => typeof value === 'boolean' }

export const FUNCTION: Kind = { takes: 'a function', fits: (value) => typeof value === 'function' }

export const OBJECT: Kind = { takes: 'an object', fits: isPlain }

/** A part that is switched off by `false`, or set up by an object of options. */
export const SECTION: Kind = {
  takes: 'false or an object of options',
  fits: (value) => value === false || isPlain(value),
}

export const COUNT: Kind = {
  takes: 'a whole number of 1 or more',
  fits: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
}

/** A path of a URL. */
export const PATH: Kind = {
  takes: 'a path that begins with "/"',
  fits: (value) => typeof value === 'string' && value.startsWith('/'),
}

export const PATH_OR_NOT: Kind = {
  takes: 'a path that begins with "/", or false',
  fits: (value) => value === false || PATH.fits?.(value) === true,
}

/** A whole number in bounds: counts, milliseconds, ports. */
export function integer(min: number, max: number): Kind {
  return {
    takes: `a whole number from ${min} to ${max}`,
    fits: (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
    min,
    max,
  }
}

export function oneOf(...choices: readonly string[]): Kind {
  const quoted = choices.map((choice) => JSON.stringify(choice))
  return {
    takes: `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`,
    fits: (value) => choices.includes(value as string),
  }
}

/** Checked where it is used: by its room, or by what is made of it. */
export function given(takes: string, fits?: (value: unknown) => boolean): Kind {
  return fits === undefined ? { takes } : { takes, fits }
}

/** An object that is no list. */
export function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether `value` is an object with all these methods. */
export function hasMethods(value: unknown, ...methods: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
}
