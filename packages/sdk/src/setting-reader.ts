/** Reads the variables of settings, as the table names them, and remembers which of them was used. */
import type { Diagnostics } from '@triscope/core'
import { type Env, EnvReader } from './env.ts'
import { SETTINGS, type SettingPath } from './settings.ts'

/** A value that came out of the environment. */
export interface ReadValue {
  readonly variable: string
  readonly value: unknown
}

export class SettingReader {
  readonly #env: EnvReader
  readonly #used = new Map<SettingPath, ReadValue>()

  constructor(env: Env, diagnostics: Diagnostics) {
    this.#env = new EnvReader(env, diagnostics)
  }

  text(path: SettingPath): string | undefined {
    return this.#first(path, (name) => this.#env.text(name))
  }

  flag(path: SettingPath): boolean | undefined {
    return this.#first(path, (name) => this.#env.flag(name))
  }

  /** A whole number within the bounds of the row. */
  integer(path: SettingPath): number | undefined {
    const { min = 0, max = Number.MAX_SAFE_INTEGER } = SETTINGS[path]
    return this.#first(path, (name) => this.#env.integer(min, max, name))
  }

  /** A number within the bounds of the row. */
  number(path: SettingPath): number | undefined {
    const { min = 0, max = Number.MAX_VALUE } = SETTINGS[path]
    return this.#first(path, (name) => this.#env.number(min, max, name))
  }

  /** One of `choices`, in any case. */
  choice<T extends string>(path: SettingPath, choices: readonly T[]): T | undefined {
    return this.#first(path, (name) => this.#env.choice(choices, name))
  }

  /** Some of `choices`, separated by commas. */
  choices<T extends string>(path: SettingPath, choices: readonly T[]): T[] | undefined {
    return this.#first(path, (name) => this.#env.choices(choices, name))
  }

  /** `name=value,name=value`. */
  headers(path: SettingPath): Record<string, string> | undefined {
    return this.#first(path, (name) => this.#env.headers(name))
  }

  /** The first of variables that no option stands for. */
  variable(...names: readonly string[]): string | undefined {
    return this.#env.text(...names)
  }

  /** Says that the value of a variable is known, but not supported here; it then counts as not set. */
  unsupported(path: SettingPath, value: string, instead: string): void {
    const name = this.used(path)?.variable ?? this.#named(path)
    this.#used.delete(path)
    this.#env.unsupported(name, value, instead)
  }

  /** Says something about a variable, without its value. */
  remark(path: SettingPath, text: string): void {
    this.#env.remark(this.used(path)?.variable ?? this.#named(path), text)
  }

  /** What was read for `path`; `undefined` where nothing was, or nobody asked. */
  used(path: SettingPath): ReadValue | undefined {
    return this.#used.get(path)
  }

  #first<T>(path: SettingPath, read: (name: string) => T | undefined): T | undefined {
    for (const variable of SETTINGS[path].variables) {
      const value = read(variable)
      if (value === undefined) continue
      this.#used.set(path, { variable, value })
      return value
    }
    return undefined
  }

  #named(path: SettingPath): string {
    return SETTINGS[path].variables[0] ?? path
  }
}
