/**
 * Elastic Common Schema 8 by the ECS logging specification: `@timestamp`, `log.level`, `message` and `ecs.version` first,
 * `log.level` dotted at the top.
 *
 * Invariant: a field of the app never has the name of an ECS field with a value of another type, at which Elasticsearch
 * would refuse the line: what is no object there becomes a label.
 */
import { isIP } from 'node:net'
import type { FormatLine, LineFormat } from './line-format.ts'

const ECS_VERSION = '8.11.0'

/** Names of field sets in ECS 8.11: objects, all of them. */
const FIELD_SETS: ReadonlySet<string> = new Set(
  (
    'agent as client cloud code_signature container data_stream destination device dll dns ecs elf email error event ' +
    'faas file geo group hash host http interface labels log macho network observer orchestrator organization os ' +
    'package pe process registry related risk rule server service source span threat tls trace transaction url user ' +
    'user_agent vlan volume vulnerability x509'
  ).split(' '),
)
/** Those whose parts we write ourselves; what the app writes there may be of another type. */
const OWN_SETS: ReadonlySet<string> = new Set('ecs error event http log service span trace'.split(' '))
/** Fields at the root that are no objects. */
const ROOT_FIELDS: ReadonlySet<string> = new Set(['@timestamp', 'message', 'tags'])

type Json = Record<string, unknown>

export function createEcsFormat(): LineFormat {
  return (line) => {
    const out: Json = {
      '@timestamp': line.time,
      'log.level': line.label,
      message: line.message,
      'ecs.version': ECS_VERSION,
    }
    if (line.trace !== undefined) {
      out['trace.id'] = line.trace.traceId
      out['span.id'] = line.trace.spanId
    }
    const labels: Json = Object.create(null) as Json
    const fields = line.isAccess ? accessFields(line, out, labels) : line.fields
    for (const key of Object.keys(fields)) addField(key, fields[key], out, labels)
    if (Object.keys(labels).length > 0) out['labels'] = labels
    return JSON.stringify(out)
  }
}

function addField(key: string, value: unknown, out: Json, labels: Json): void {
  if (key === 'service' && typeof value === 'string') {
    set(out, 'service.name', value)
    set(out, 'event.dataset', `${value}.log`)
  } else if (key === 'logger' && typeof value === 'string') set(out, 'log.logger', value)
  else if (key === 'pid' && typeof value === 'number') set(out, 'process.pid', value)
  else if (key === 'hostname' && typeof value === 'string') set(out, 'host.hostname', value)
  else if ((key === 'err' || key === 'error') && isErrorLike(value)) addError(value, out, labels)
  else if (key === 'labels' && isObject(value))
    for (const name of Object.keys(value)) label(labels, name, value[name])
  else if (mayStand(key, value, out)) set(out, key, value)
  else label(labels, key, value)
}

function mayStand(key: string, value: unknown, out: Json): boolean {
  if (ROOT_FIELDS.has(key) || key === 'labels' || key in out) return false
  const root = key.split('.', 1)[0] ?? key
  if (!FIELD_SETS.has(root)) return true
  // Dotted names of ECS are its writer's choice; an object beside them would name some of them twice.
  if (root !== key) return !OWN_SETS.has(root) && !isObject(value) && !(root in out)
  return isObject(value) && !Object.keys(out).some((name) => name.startsWith(`${root}.`))
}

function addError(error: Json, out: Json, labels: Json): void {
  const { type, message, stack, code, ...rest } = error
  if (typeof type === 'string') set(out, 'error.type', type)
  if (typeof message === 'string') set(out, 'error.message', message)
  if (typeof stack === 'string') set(out, 'error.stack_trace', stack)
  if (typeof code === 'string' || typeof code === 'number') set(out, 'error.code', String(code))
  if (Object.keys(rest).length > 0) label(labels, 'error_details', rest)
}

/** What ECS has a name for. @returns the rest */
function accessFields({ fields }: FormatLine, out: Json, labels: Json): Json {
  const { method, route, path, status, duration_ms, bytes, request_bytes, client_address, ...more } = fields
  const { user_agent, request_id, user_id, error, ...rest } = more
  out['event.kind'] = 'event'
  out['event.category'] = ['web']
  out['event.type'] = ['access']
  out['event.outcome'] = typeof status !== 'number' ? 'unknown' : status < 500 ? 'success' : 'failure'
  if (typeof duration_ms === 'number') out['event.duration'] = Math.round(duration_ms * 1e6)
  setKnown(out, 'http.request.method', method)
  setKnown(out, 'http.response.status_code', status)
  setKnown(out, 'http.response.body.bytes', bytes)
  setKnown(out, 'http.request.body.bytes', request_bytes)
  setKnown(out, 'http.request.id', request_id)
  setKnown(out, 'url.path', path)
  setKnown(out, 'client.address', client_address)
  if (typeof client_address === 'string' && isIP(client_address) !== 0) out['client.ip'] = client_address
  setKnown(out, 'user_agent.original', user_agent)
  setKnown(out, 'user.id', user_id)
  if (isObject(error)) addError(error, out, labels)
  if (route !== undefined) label(labels, 'http_route', route)
  return rest
}

function setKnown(out: Json, key: string, value: unknown): void {
  if (value !== undefined && value !== null) out[key] = value
}

/** Defined, not assigned: a key called `__proto__` stays a key. The first of a name stays. */
function set(out: Json, key: string, value: unknown): void {
  if (Object.hasOwn(out, key)) return
  Object.defineProperty(out, key, { value, enumerable: true, writable: true, configurable: true })
}

/** Labels are keywords; what may not be in their names is replaced as the specification says. */
function label(labels: Json, key: string, value: unknown): void {
  if (value === undefined || value === null) return
  labels[key.replace(/[.*\\]/g, '_')] = typeof value === 'string' ? value : JSON.stringify(value)
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isErrorLike(value: unknown): value is Json {
  return isObject(value) && (typeof value['message'] === 'string' || typeof value['stack'] === 'string')
}
