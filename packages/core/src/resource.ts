/**
 * Who is speaking: the attributes that every span, and `target_info`, carry of this process.
 * OpenTelemetry semantic conventions 1.45, "Resource"; OpenTelemetry SDK specification, "Resource SDK".
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import type { Diagnostics } from './diagnostics.ts'
import { processSlot } from './process-state.ts'

/** A label's, an attribute's or a field's simple value. */
export type Value = string | number | boolean

/** Attributes of this process, fixed once telemetry has started. */
export interface Resource {
  readonly attributes: Readonly<Record<string, Value>>
}

export interface ResourceOptions {
  /** `service.name`. @default `OTEL_SERVICE_NAME`, else `OTEL_RESOURCE_ATTRIBUTES`, else the name in package.json */
  service?: string
  /** `service.version`. @default `OTEL_RESOURCE_ATTRIBUTES`, else the version in package.json */
  version?: string
  /** `deployment.environment.name`. @default `OTEL_RESOURCE_ATTRIBUTES`, else `NODE_ENV`, else `development` */
  environment?: string
  /** Further attributes; they win over everything else that names them, but the three above. */
  attributes?: Readonly<Record<string, Value>>
  env?: Readonly<Record<string, string | undefined>>
  /** Hears of a variable that cannot be read. */
  diagnostics?: Diagnostics
  /** Where the search for package.json begins, going up. @default the folder of the main script, else the working directory */
  from?: string
}

/** Puts the resource together: code over environment over what the process knows of itself. */
export function createResource(options: ResourceOptions = {}): Resource {
  const env = options.env ?? {}
  const fromEnv = parseResourceAttributes(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '', options.diagnostics)
  const manifest = nearestManifest(options.from ?? startFolder())
  const attributes: Record<string, Value> = {
    'service.name': manifest?.name ?? `unknown_service:${process.release?.name ?? 'node'}`,
    'service.instance.id': instanceId(),
    'deployment.environment.name': filled(env['NODE_ENV']) ?? 'development',
    'host.name': hostname(),
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'triscope',
    'telemetry.sdk.version': SDK_VERSION,
  }
  if (manifest?.version !== undefined) attributes['service.version'] = manifest.version
  Object.assign(attributes, fromEnv)
  const serviceName = filled(env['OTEL_SERVICE_NAME'])
  if (serviceName !== undefined) attributes['service.name'] = serviceName
  Object.assign(attributes, options.attributes)
  if (options.service !== undefined) attributes['service.name'] = options.service
  if (options.version !== undefined) attributes['service.version'] = options.version
  if (options.environment !== undefined) attributes['deployment.environment.name'] = options.environment
  return { attributes }
}

/** All packages share one version; a test compares it with package.json. */
export const SDK_VERSION = '0.1.0'

/**
 * Reads `key=value,key=value` with percent-encoded values. By the specification one member that cannot be decoded
 * discards the whole variable.
 */
export function parseResourceAttributes(text: string, diagnostics?: Diagnostics): Record<string, string> {
  const attributes: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [index, member] of text.split(',').entries()) {
    if (member.trim() === '') continue
    const equals = member.indexOf('=')
    const key = equals < 0 ? '' : member.slice(0, equals).trim()
    const value = decoded(member.slice(equals + 1).trim())
    if (key === '' || value === undefined) {
      // Never the value, which may be a secret; a member without a key may be the rest of one.
      const what = key === '' ? `member ${index + 1}` : `the value of ${JSON.stringify(key.slice(0, 100))}`
      diagnostics?.warn(
        'TRI_WARN_ENV',
        `OTEL_RESOURCE_ATTRIBUTES: expected key=value,key=value with percent-encoded values, but ${what} is not; the variable is ignored`,
      )
      return {}
    }
    attributes[key] = value
  }
  return { ...attributes }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // Malformed percent encoding: the caller says so, with the member.
    return undefined
  }
}

/** By the specification an empty variable is one that is not set. */
function filled(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value.trim()
}

function instanceId(): string {
  return processSlot('instanceId', randomUUID)
}

function startFolder(): string {
  const script = process.argv[1]
  return script === undefined ? process.cwd() : dirname(script)
}

interface Manifest {
  name: string
  version: string | undefined
}

/** The first package.json with a name, from `folder` upwards; a nameless one marks a module kind, not a package. */
function nearestManifest(folder: string): Manifest | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const found = manifestIn(at)
    if (found !== undefined || dirname(at) === at) return found
  }
}

function manifestIn(folder: string): Manifest | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >
    if (typeof name !== 'string' || name === '') return undefined
    return { name, version: typeof version === 'string' ? version : undefined }
  } catch {
    // No such file, or not one that says a name: the folder above is asked next.
    return undefined
  }
}
