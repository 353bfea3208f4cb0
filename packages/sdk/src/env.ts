/**
 * The only file that reads `process.env`, and the readers of single variables.
 *
 * Invariant, after the OpenTelemetry environment variable specification: an empty variable is one that is not set, and
 * a value that cannot be used is told once, with the value used instead; it never stops the app.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { createRedaction, type Diagnostics, nearest } from '@triscope/core'

/** Environment variables by name. */
export type Env = Readonly<Record<string, string | undefined>>

/** The environment as it is now. */
export function processEnv(): Env {
  return { ...process.env }
}

/** Reads variables of one environment and tells `diagnostics` of each that cannot be used. */
export class EnvReader {
  readonly #env: Env
  readonly #diagnostics: Diagnostics

  constructor(env: Env, diagnostics: Diagnostics) {
    this.#env = env
    this.#diagnostics = diagnostics
  }

  /** The first of `names` that is set to something. */
  text(...names: readonly string[]): string | undefined {
    for (const name of names) {
      const value = this.#env[name]?.trim()
      if (value !== undefined && value !== '') return value
    }
    return undefined
  }

  /** Only `true`, in any case, is true; every other value is false, and said unless it is `false`. */
  flag(name: string): boolean | undefined {
    const value = this.text(name)?.toLowerCase()
    if (value === undefined) return undefined
    if (value !== 'true' && value !== 'false') this.#bad(name, value, 'true or false', 'false')
    return value === 'true'
  }

  /** A whole number of at least `min` and at most `max`: counts, milliseconds, ports. */
  integer(min: number, max: number, ...names: readonly string[]): number | undefined {
    return this.#number(min, max, Number.isSafeInteger, 'a whole number', names)
  }

  /** A number of at least `min` and at most `max`. */
  number(min: number, max: number, ...names: readonly string[]): number | undefined {
    return this.#number(min, max, Number.isFinite, 'a number', names)
  }

  /** One of `choices`, in any case. */
  choice<T extends string>(choices: readonly T[], ...names: readonly string[]): T | undefined {
    for (const name of names) {
      const text = this.text(name)?.toLowerCase()
      if (text === undefined) continue
      const found = choices.find((choice) => choice === text)
      if (found !== undefined) return found
      const near = nearest(text, choices)
      this.#bad(
        name,
        text,
        `one of ${choices.join(', ')}${near === undefined ? '' : ` (did you mean "${near}"?)`}`,
        'the default',
      )
    }
    return undefined
  }

  /**
   * Some of `choices`, separated by commas, each once; `none` is none of them. What is unknown is left out and told, and
   * where nothing is left the variable counts as not set.
   */
  choices<T extends string>(choices: readonly T[], name: string): T[] | undefined {
    const text = this.text(name)?.toLowerCase()
    if (text === undefined) return undefined
    const words = [...new Set(text.split(',').map((word) => word.trim()))].filter((word) => word !== '')
    if (words.includes('none')) return []
    const known = choices.filter((choice) => words.includes(choice))
    const unknown = words.filter((word) => !(choices as readonly string[]).includes(word))
    if (unknown.length > 0) {
      const instead = known.length > 0 ? known.join(', ') : 'the default'
      this.#bad(name, unknown.join(', '), `some of ${choices.join(', ')}, or none`, instead)
    }
    // In the order in which they were written, because the order may mean something.
    return known.length === 0
      ? undefined
      : words.flatMap((word) => choices.find((choice) => choice === word) ?? [])
  }

  /**
   * `key=value,key=value`, percent-encoded, as `OTEL_EXPORTER_OTLP_HEADERS` is written. A member that is no HTTP header is
   * left out, and told by its place alone: what was written there may be a secret.
   */
  headers(...names: readonly string[]): Record<string, string> | undefined {
    for (const name of names) {
      const text = this.text(name)
      if (text === undefined) continue
      const headers: Record<string, string> = {}
      for (const [index, member] of text.split(',').entries()) {
        if (member.trim() === '') continue
        const equals = member.indexOf('=')
        const key = member.slice(0, Math.max(0, equals)).trim()
        const value = decoded(member.slice(equals + 1).trim())
        if (isHeader(key, value)) headers[key] = value
        else
          this.#diagnostics.warn(
            'TRI_WARN_ENV',
            `${name}: expected name=value,name=value of HTTP headers; member ${index + 1} is not, and is left out`,
          )
      }
      return headers
    }
    return undefined
  }

  /** Says that a variable's value is known, but not supported here. */
  unsupported(name: string, value: string, instead: string): void {
    this.#diagnostics.warn(
      'TRI_WARN_ENV',
      `${name}: ${JSON.stringify(redaction.url(value))} is not supported; ${instead}`,
    )
  }

  /** Says something about a variable, without its value. */
  remark(name: string, text: string): void {
    this.#diagnostics.warn('TRI_WARN_ENV', `${name}: ${text}`)
  }

  #number(
    min: number,
    max: number,
    fits: (value: number) => boolean,
    what: string,
    names: readonly string[],
  ): number | undefined {
    for (const name of names) {
      const text = this.text(name)
      if (text === undefined) continue
      const value = Number(text)
      if (fits(value) && value >= min && value <= max) return value
      this.#bad(name, text, `${what} from ${min} to ${max}`, 'the default')
    }
    return undefined
  }

  #bad(name: string, value: string, expected: string, instead: string): void {
    const shown = JSON.stringify(redaction.url(value.slice(0, 100)))
    this.#diagnostics.warn('TRI_WARN_ENV', `${name}: expected ${expected}, got ${shown}; using ${instead}`)
  }
}

/** For values that are shown: an endpoint may hold credentials. */
const redaction = createRedaction()

/** Asked of node itself, which would throw at the first export. */
function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    // The message of node holds the value, and is told to nobody.
    return false
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not percent-encoded: taken as it stands.
    return text
  }
}
