// @ts-check
/** Lines of JSON that a service wrote to stdout: read one by one, and shown to a person. */
import { durationText, fit, oneLine } from './paint.js'

/**
 * @typedef {object} LogLine
 * @property {string} service whose stdout it was
 * @property {Readonly<Record<string, unknown>>} fields
 * @property {string | undefined} traceId
 */

/** pino's numbers. */
const LEVELS = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
])

/** Said elsewhere on the line or in the report, or of no use to a reader. */
const LEFT_OUT = new Set([
  ...['level', 'time', 'msg', 'pid', 'hostname', 'service', 'trace_id', 'span_id', 'trace_flags'],
  // What pino's and Fastify's request lines repeat of the access line.
  ...['req', 'res'],
])

/** An access line is told in one breath, without these names. */
const ACCESS = new Set(['method', 'path', 'route', 'status', 'duration_ms', 'client_address', 'user_agent'])

/**
 * Reads one line; `undefined` when it is no JSON object, as a stray `console.log` is not.
 * @param {string} service @param {string} line @returns {LogLine | undefined}
 */
export function parseLogLine(service, line) {
  if (!line.startsWith('{')) return undefined
  /** @type {Record<string, unknown>} */
  let fields
  try {
    fields = JSON.parse(line)
  } catch {
    // Text that happens to begin with a brace.
    return undefined
  }
  const traceId = fields['trace_id']
  return { service, fields, traceId: typeof traceId === 'string' ? traceId : undefined }
}

/** The one line that tells a whole request, rather than a moment in it. @param {LogLine} line */
export function isAccessLine({ fields }) {
  return typeof fields['method'] === 'string' && typeof fields['duration_ms'] === 'number'
}

/** Milliseconds since the epoch, from pino's number or from ISO 8601. @param {LogLine} line */
export function timeOf({ fields }) {
  const { time } = fields
  return typeof time === 'number' ? time : Date.parse(String(time))
}

/** `info`, `error` …; pino's number for a level of the app's own. @param {LogLine} line */
export function levelOf({ fields }) {
  const { level } = fields
  return typeof level === 'number' ? (LEVELS.get(level) ?? String(level)) : String(level ?? '')
}

/**
 * The line as shown: time, service, level, message, then its other fields, cut at `width` columns.
 * @param {LogLine} line
 * @param {number} serviceWidth
 * @param {import('./waterfall.js').Canvas} canvas
 */
export function logLineText(line, serviceWidth, { width, paint, colours }) {
  const level = levelOf(line)
  const bad = level === 'error' || level === 'fatal'
  const brush = bad ? paint.red : level === 'warn' ? paint.yellow : paint.dim
  const message = oneLine(String(line.fields['msg'] ?? ''))
  const rest = isAccessLine(line) ? accessText(line) : fieldsText(line, LEFT_OUT)
  const room = width - 'hh:mm:ss.sss'.length - serviceWidth - 5 - 3 * 2
  const cut = fit(`${message}${rest === '' ? '' : `  ${rest}`}`, room).trimEnd()
  return [
    paint.dim(clockText(timeOf(line))),
    colours.of(line.service)(fit(line.service, serviceWidth)),
    brush(fit(level, 5)),
    cut.slice(0, message.length) + paint.dim(cut.slice(message.length)),
  ].join('  ')
}

/** `GET /orders/13  500  31.9 ms`, and what else the line has. @param {LogLine} line */
function accessText(line) {
  const { method, path, route, status, duration_ms: durationMs } = line.fields
  const told = [
    `${method} ${path ?? route ?? ''}`.trim(),
    status ?? 'aborted',
    durationText(Number(durationMs)),
  ]
  const rest = fieldsText(line, new Set([...LEFT_OUT, ...ACCESS]))
  return [...told, ...(rest === '' ? [] : [rest])].join('  ')
}

/** Errors first, as they say most. @param {LogLine} line @param {ReadonlySet<string>} leftOut */
function fieldsText(line, leftOut) {
  return (
    Object.entries(line.fields)
      .filter(([name, value]) => !leftOut.has(name) && value !== null)
      .sort(([, a], [, b]) => Number(typeof b === 'object') - Number(typeof a === 'object'))
      .map(([name, value]) => fieldText(name, value))
      // An error that was logged by itself is its own message, which is shown already.
      .filter((text) => text !== line.fields['msg'])
      .join('  ')
  )
}

/** @param {string} name @param {unknown} value */
function fieldText(name, value) {
  if (typeof value === 'object') {
    const { type, message } = /** @type {{ type?: unknown, message?: unknown }} */ (value)
    // `Error` says no more than the level does.
    if (message !== undefined)
      return oneLine(type === 'Error' ? `${message}` : `${type ?? 'error'}: ${message}`)
    if (type !== undefined) return `${name}=${type}`
    return `${name}=${JSON.stringify(value)}`
  }
  const text = oneLine(String(value))
  return `${name}=${text === '' || text.includes(' ') ? JSON.stringify(text) : text}`
}

/** Local time of day, as a reader's own clock shows it. @param {number} ms */
function clockText(ms) {
  if (!Number.isFinite(ms)) return '--:--:--.---'
  const date = new Date(ms)
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
