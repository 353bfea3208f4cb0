/**
 * What is in force, and where it came from: `telemetry.describe()`.
 *
 * Invariant: no secret is in it, whatever the settings hold.
 */
import { createRedaction, type Resource } from '@triscope/core'
import type { Configuration } from './configuration.ts'
import { valueAt } from './option-checks.ts'
import type { TriscopeOptions } from './options.ts'
import { isPlain } from './setting-kinds.ts'
import type { ReadValue } from './setting-reader.ts'
import { SETTING_PATHS, SETTINGS, type SettingPath } from './settings.ts'

/** One setting as it is in force. */
export interface SettingInForce {
  /** Where it stands in the options: `metrics.port`. */
  readonly path: string
  /** In words where it is no text, number or flag. Secrets are `(set, not shown)`. */
  readonly value: string | number | boolean
  /** `code`, the name of a variable, or `default`. */
  readonly source: string
  /** Variables that would set it where code does not. */
  readonly variables: readonly string[]
}

const HIDDEN = '(set, not shown)'
const MAX_LENGTH = 200

export function describeSettings(
  options: TriscopeOptions,
  configuration: Configuration,
  resource: Resource,
): SettingInForce[] {
  const worked = workedOut(configuration, resource)
  return SETTING_PATHS.map((path) => {
    const { byDefault, secret, variables } = SETTINGS[path]
    const given = valueAt(options, path)
    const read = readFor(path, configuration, options)
    // One variable wins over code.
    const isCode = given !== undefined && !(path === 'enabled' && read?.value === true)
    const source = isCode ? 'code' : (read?.variable ?? 'default')
    const found = isCode ? given : read === undefined ? byDefault : read.value
    const value = secret ? (source === 'default' ? byDefault : HIDDEN) : shown(worked[path] ?? found)
    return { path, value, source, variables }
  })
}

/** Values that are worked out of several things; all others stand where they were given. */
function workedOut(
  { enabled, isProduction, metrics }: Configuration,
  { attributes }: Resource,
): Partial<Record<SettingPath, unknown>> {
  return {
    service: attributes['service.name'],
    version: attributes['service.version'],
    environment: attributes['deployment.environment.name'],
    enabled,
    'metrics.public': metrics?.place.toProxies ?? !isProduction,
    'metrics.exemplars': metrics?.exemplars,
    'metrics.lint': metrics?.lint,
  }
}

/** The variable behind a setting. Those of the resource are read by its own room. */
function readFor(
  path: SettingPath,
  { read, resourceVariables }: Configuration,
  options: TriscopeOptions,
): ReadValue | undefined {
  const variable = resourceVariables[path]
  if (variable !== undefined && valueAt(options, path) === undefined) return { variable, value: variable }
  return read.used(path)
}

const redaction = createRedaction()

function shown(value: unknown): string | number | boolean {
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value === 'string') return redaction.text(redaction.url(value)).slice(0, MAX_LENGTH)
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) {
    const words = value.map((each: unknown) => (isPlain(each) ? 'an object' : String(shown(each))))
    return words.join(', ').slice(0, MAX_LENGTH)
  }
  if (value instanceof RegExp) return String(value).slice(0, MAX_LENGTH)
  if (isPlain(value)) {
    const names = Object.keys(value).join(', ')
    return (names === '' ? 'an object' : `an object with ${names}`).slice(0, MAX_LENGTH)
  }
  return String(value)
}
