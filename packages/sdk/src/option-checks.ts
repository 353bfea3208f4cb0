/** Checks options against the table of settings, before anything is made of them. */
import { nearest, rejectOption, rejectUnknownKeys, TriscopeError } from '@triscope/core'
import { checkTrustProxy } from './client-address.ts'
import type { TriscopeOptions } from './options.ts'
import { checkRequestId } from './request-id.ts'
import { isPlain } from './setting-kinds.ts'
import { namesBelow, SETTINGS, type SettingPath } from './settings.ts'

/** Parts whose every name is in the table. What is left of the two others is checked by their rooms. */
const WHOLE = ['', 'metrics', 'metrics.runtime', 'health', 'health.paths', 'shutdown'] as const
const PARTIAL = ['tracing', 'logging'] as const

/** What the sdk itself hands to the rooms. */
const RESERVED: readonly string[] = ['resource', 'redaction', 'diagnostics', 'clock', 'env']

/** Throws `TRI_ERR_UNKNOWN_OPTION` and `TRI_ERR_OPTION`. */
export function checkOptions(options: TriscopeOptions): void {
  for (const part of WHOLE) {
    const given = partOf(options, part)
    if (given !== undefined) check(part, given, namesBelow(part))
  }
  for (const part of PARTIAL) {
    const given = partOf(options, part)
    if (given === undefined) continue
    check(
      part,
      given,
      Object.keys(given).filter((name) => !RESERVED.includes(name)),
    )
  }
  checkTrustProxy('trustProxy', options.trustProxy)
  checkRequestId('requestId', options.requestId)
}

/** The object that stands at `path`; `undefined` where something else does. */
function partOf(options: object, path: string): object | undefined {
  const value = valueAt(options, path)
  return isPlain(value) ? value : undefined
}

/** What was given at `path`. */
export function valueAt(options: object, path: string): unknown {
  if (path === '') return options
  let value: unknown = options
  for (const name of path.split('.')) {
    if (!isPlain(value)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

function check(part: string, given: object, known: readonly string[]): void {
  rejectUnknownKeys(part, given, known)
  for (const [name, value] of Object.entries(given)) {
    const path = part === '' ? name : `${part}.${name}`
    const row = SETTINGS[path as SettingPath]
    if (value === undefined || row?.fits === undefined || row.fits(value)) continue
    if (row.secret) rejectSecret(path, row.takes)
    rejectOption(path, row.takes, value, hintFor(path, row.takes, value))
  }
}

function rejectSecret(path: string, takes: string): never {
  throw new TriscopeError('TRI_ERR_OPTION', `${path}: expected ${takes}; what it got is not shown`, { path })
}

/** The two slips that are made most often. */
function hintFor(path: string, takes: string, value: unknown): string | undefined {
  if (value === true && takes.startsWith('false or an object')) return 'it is on already; leave it out'
  if (path === 'health.checks' && typeof value === 'function') return 'name it: checks: { db: … }'
  if (typeof value !== 'string' || !takes.startsWith('"')) return undefined
  const near = nearest(
    value,
    [...takes.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? ''),
  )
  return near === undefined ? undefined : `did you mean "${near}"?`
}
