/**
 * Chooses the format of a scrape from its `Accept` header. RFC 9110 §12.5.1; Prometheus, "Content negotiation".
 *
 * Invariant: there is always an answer, text 0.0.4, because a scraper that is refused marks the target as down.
 */
import type { Format } from './family.ts'

/** Prometheus 3 fails a scrape whose answer has no valid type. */
export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** A header with more ranges is not a scraper's; what is beyond is not read. */
const MAX_RANGES = 50

/** The format of the range with the highest `q` that we can serve; among equals the one that stands first. */
export function negotiate(accept: string | undefined): Format {
  if (accept === undefined) return 'text'
  let best: Format = 'text'
  let bestQuality = 0
  for (const range of accept.split(',', MAX_RANGES)) {
    const [type = '', ...parameters] = range.split(';', 20)
    const format = formatOf(type.trim().toLowerCase(), parameterOf(parameters, 'version'))
    if (format === undefined) continue
    const quality = qualityOf(parameterOf(parameters, 'q'))
    if (quality <= bestQuality) continue
    best = format
    bestQuality = quality
  }
  return best
}

/** OpenMetrics only when it is named, and in the version that we write: a wildcard means text. */
function formatOf(type: string, version: string | undefined): Format | undefined {
  switch (type) {
    case 'application/openmetrics-text':
      return version === undefined || version === '1.0.0' ? 'openmetrics' : undefined
    case 'text/plain':
      return version === undefined || version === '0.0.4' ? 'text' : undefined
    case 'text/*':
    case '*/*':
      return 'text'
    default:
      return undefined
  }
}

function parameterOf(parameters: readonly string[], name: string): string | undefined {
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=')
    if (equals < 0 || parameter.slice(0, equals).trim().toLowerCase() !== name) continue
    const value = parameter.slice(equals + 1).trim()
    return value.startsWith('"') && value.endsWith('"') && value.length > 1 ? value.slice(1, -1) : value
  }
  return undefined
}

/** RFC 9110 §12.4.2: 0 to 1 with at most three decimals; a weight that is none rules its range out. */
function qualityOf(text: string | undefined): number {
  if (text === undefined) return 1
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : 0
}
