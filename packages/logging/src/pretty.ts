/**
 * Lines for people, on a development terminal: time of day, level, message, fields, the trace at the end, and the stack of
 * an error below.
 *
 * Invariant: what was logged cannot forge a line or steer the terminal: control characters are shown escaped, and what
 * stands below a line is indented.
 */
import { flatFields, visible } from './flat-fields.ts'
import type { FormatLine, LineFormat } from './line-format.ts'

/** SGR codes of ECMA-48. */
const RESET = '\u001b[0m'
const DIM = '\u001b[2m'
const BOLD = '\u001b[1m'

export function createPrettyFormat(hasColor: boolean): LineFormat {
  const paint = (code: string, text: string): string => (hasColor ? `${code}${text}${RESET}` : text)
  return (line) => {
    const { err, error, ...rest } = line.fields
    const thrown = stackOf(err) ?? stackOf(error)
    const fields = { ...rest, ...(stackOf(err) === undefined && err !== undefined ? { err } : {}) }
    const shown = { ...fields, ...(stackOf(error) === undefined && error !== undefined ? { error } : {}) }
    const parts = [
      // The time of day, in the time zone of the reader.
      paint(DIM, timeOfDay(line.time)),
      paint(colorOf(line.level), line.label.toUpperCase().padEnd(5)),
      paint(BOLD, visible(messageOf(line))),
    ]
    for (const [name, value] of flatFields(line.isAccess ? withoutTold(shown) : shown)) {
      parts.push(`${paint(DIM, `${visible(name)}=`)}${visible(value)}`)
    }
    if (line.trace !== undefined) parts.push(paint(DIM, `trace=${line.trace.traceId}`))
    const below = thrown === undefined ? '' : `\n${indented(thrown)}`
    return parts.join(' ') + below
  }
}

function messageOf({ isAccess, fields, message }: FormatLine): string {
  if (!isAccess) return message
  const { method, path, status, duration_ms } = fields
  const took = typeof duration_ms === 'number' ? ` ${duration_ms} ms` : ''
  return `${String(method)} ${String(path ?? '')} ${String(status ?? 'aborted')}${took}`
}

/** What the message of an access line has said. */
function withoutTold(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { method: _, path: __, status: ___, duration_ms: ____, ...rest } = fields
  return rest
}

function stackOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { stack, aggregateErrors } = value as { stack?: unknown; aggregateErrors?: unknown }
  if (typeof stack !== 'string' || !Array.isArray(aggregateErrors))
    return typeof stack === 'string' ? stack : undefined
  return [stack, ...aggregateErrors.map((one) => `with: ${stackOf(one) ?? String(one)}`)].join('\n')
}

function indented(stack: string): string {
  return stack
    .split('\n')
    .map((line) => `    ${visible(line.trimEnd())}`)
    .join('\n')
}

function timeOfDay(iso: string): string {
  const date = new Date(iso)
  const two = (value: number): string => String(value).padStart(2, '0')
  const seconds = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return `${seconds}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

function colorOf(level: number): string {
  if (level >= 50) return '\u001b[31m'
  if (level >= 40) return '\u001b[33m'
  return level >= 30 ? '\u001b[32m' : '\u001b[36m'
}
