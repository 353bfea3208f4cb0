/** How lines are written: the formats, and which one is meant where nobody says. */
import type { Clock } from '@triscope/core'
import { createEcsFormat } from './ecs.ts'
import { createGcpFormat } from './gcp.ts'
import type { LineParts } from './line-maker.ts'
import { createLogfmtFormat } from './logfmt.ts'
import { createPrettyFormat } from './pretty.ts'
import { isoText } from './timestamp.ts'
import type { TraceFields } from './trace-fields.ts'

/**
 * - `pino`: pino's own JSON, with ISO time where standard output is no terminal.
 * - `ecs`: Elastic Common Schema 8, for Elasticsearch and Kibana.
 * - `gcp`: structured JSON of Google Cloud Logging.
 * - `logfmt`: `key=value`.
 * - `pretty`: for people, in colour unless `NO_COLOR` is set.
 */
export type LineFormatName = 'pino' | 'ecs' | 'gcp' | 'logfmt' | 'pretty'

/** One line, without its end, of its parts. */
export type LineFormat = (line: FormatLine) => string

/** A line as formats see it. */
export interface FormatLine {
  readonly level: number
  /** pino's name of the level, or its number as text. */
  readonly label: string
  /** ISO 8601 in UTC, with milliseconds. */
  readonly time: string
  readonly trace: { readonly traceId: string; readonly spanId: string; readonly flags: number } | undefined
  readonly message: string
  /** An access line: its fields are those of `AccessRecord`. */
  readonly isAccess: boolean
  readonly fields: Readonly<Record<string, unknown>>
}

export interface LineFormatOptions {
  name: LineFormatName
  clock: Clock
  traceFields: TraceFields
  env: Readonly<Record<string, string | undefined>>
  /** Whether the lines go to a terminal. */
  isTerminal: boolean
}

/** Makes the function that the line maker calls; `undefined` for pino's own format. */
export function createLineFormat(options: LineFormatOptions): ((parts: LineParts) => string) | undefined {
  const format = formatOf(options)
  if (format === undefined) return undefined
  const time = isoText(options.clock)
  return (parts) => format(toFormatLine(parts, time(), options.traceFields))
}

function formatOf({ name, env, isTerminal }: LineFormatOptions): LineFormat | undefined {
  switch (name) {
    case 'pino':
      return undefined
    case 'ecs':
      return createEcsFormat()
    case 'gcp':
      return createGcpFormat(env['GOOGLE_CLOUD_PROJECT'])
    case 'logfmt':
      return createLogfmtFormat()
    case 'pretty':
      // https://no-color.org: set to anything but the empty string.
      return createPrettyFormat(isTerminal && (env['NO_COLOR'] ?? '') === '')
  }
}

/** The parts with their ids and their message found. */
export function toFormatLine(parts: LineParts, time: string, traceFields: TraceFields): FormatLine {
  const traceId = parts.time[traceFields.traceId]
  const spanId = parts.time[traceFields.spanId]
  const flags = parts.time[traceFields.traceFlags]
  const isTraced = typeof traceId === 'string' && typeof spanId === 'string'
  const { level, label, message, isAccess, fields } = parts
  return {
    level,
    label,
    time,
    trace: isTraced ? { traceId, spanId, flags: Number.parseInt(String(flags), 16) } : undefined,
    message: message === undefined ? '' : typeof message === 'string' ? message : JSON.stringify(message),
    isAccess,
    fields,
  }
}
