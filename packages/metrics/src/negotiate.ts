/**
 * Chooses the format of a scrape from its `Accept` header. RFC 9110 §12.5.1; Prometheus, "Content negotiation".
 *
 * Invariant: there is always an answer, text 0.0.4, because a scraper that is refused marks the target as down.
 */
import { type Escaping, isEscaping } from './escaping.ts'
import type { Format } from './family.ts'

/** What a scrape is answered in. */
export interface Negotiated {
  readonly format: Format
  /** How names are written that older servers do not know. */
  readonly escaping: Escaping
  /** Prometheus 3 fails a scrape whose answer has no valid type. */
  readonly contentType: string
}

/** What is answered to whatever cannot be read. */
const TEXT: Negotiated = {
  format: 'text',
  escaping: 'underscores',
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
}

/** A header with more ranges is not a scraper's; what is beyond is not read. */
const MAX_RANGES = 50

/** The format of the range with the highest `q` that we can serve; among equals the one that stands first. */
export function negotiate(accept: string | undefined): Negotiated {
  if (accept === undefined) return TEXT
  let best = TEXT
  let bestQuality = 0
  for (const range of accept.split(',', MAX_RANGES)) {
    const [type = '', ...parameters] = range.split(';', 20)
    const answer = answerTo(type.trim().toLowerCase(), parameters)
    if (answer === undefined) continue
    const quality = qualityOf(parameterOf(parameters, 'q'))
    if (quality <= bestQuality) continue
    best = answer
    bestQuality = quality
  }
  return best
}

/** What is asked for must be named, with a version that we write: a wildcard means text. */
function answerTo(type: string, parameters: readonly string[]): Negotiated | undefined {
  const version = parameterOf(parameters, 'version')
  const asked = parameterOf(parameters, 'escaping')
  const escaping = asked !== undefined && isEscaping(asked) ? asked : undefined
  switch (type) {
    case 'application/vnd.google.protobuf':
      if (parameterOf(parameters, 'proto') !== 'io.prometheus.client.MetricFamily') return undefined
      if (parameterOf(parameters, 'encoding') !== 'delimited') return undefined
      return answer(
        'protobuf',
        `${type}; proto=io.prometheus.client.MetricFamily; encoding=delimited`,
        escaping,
      )
    case 'application/openmetrics-text': {
      const served = version ?? '1.0.0'
      // What we write is legal in both; names in UTF-8 came later than 0.0.1.
      if (served !== '1.0.0' && served !== '0.0.1') return undefined
      const known = served === '1.0.0' || escaping !== 'allow-utf-8' ? escaping : undefined
      return answer('openmetrics', `${type}; version=${served}; charset=utf-8`, known)
    }
    case 'text/plain':
      if (version === '1.0.0') return answer('text', `${type}; version=1.0.0; charset=utf-8`, escaping)
      if (version !== undefined && version !== '0.0.4') return undefined
      // Version 0.0.4 has no way to write a name in quotes.
      return answer('text', TEXT.contentType, escaping === 'allow-utf-8' ? undefined : escaping)
    case 'text/*':
    case '*/*':
      return TEXT
    default:
      return undefined
  }
}

function answer(format: Format, contentType: string, escaping: Escaping | undefined): Negotiated {
  if (escaping === undefined) return { format, escaping: TEXT.escaping, contentType }
  return { format, escaping, contentType: `${contentType}; escaping=${escaping}` }
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
