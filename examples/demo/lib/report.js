// @ts-check
/** What came out of the services, as a person reads it: a section for each thing Triscope gives, joined by one trace id. */
import { booksBalance } from './books.js'
import { brokenLine } from './exposition-line.js'
import { logLineText } from './log-line.js'
import { brokenText, durationText } from './paint.js'
import { table } from './table.js'
import { waterfall } from './waterfall.js'

/**
 * @typedef {import('./waterfall.js').Canvas} Canvas
 * @typedef {import('./evidence.js').Evidence} Evidence
 */

/** A heading, and what it is read from. @param {string} title @param {string} source @param {Canvas} canvas */
export function heading(title, source, { paint }) {
  return ['', `${paint.bold(title)}${paint.dim(source === '' ? '' : `   ${source}`)}`, '']
}

/**
 * The failing request: its spans, its lines, its exemplar.
 * @param {Evidence} evidence
 * @param {{ services: readonly string[], spansAt: string | undefined, urlOf(service: string): string }} world `spansAt`
 *   is where the spans went when not to the demo's own receiver
 * @param {Canvas} canvas
 */
export function requestReport({ traceId, spans, logs, exemplar }, { services, spansAt, urlOf }, canvas) {
  if (traceId === undefined) return []
  const { paint } = canvas
  const trace = paint.bold(paint.yellow(traceId))
  const serviceWidth = Math.max(...services.map((name) => name.length))
  const lines = []
  if (spansAt === undefined) {
    lines.push(...heading('One request that failed', 'from the OTLP bytes the receiver got', canvas))
    if (spans.length > 0) lines.push(...waterfall(spans, canvas), '')
    lines.push(`trace ${trace}`)
  } else {
    lines.push(...heading('One request that failed', 'from /metrics and stdout', canvas))
    lines.push(`trace ${trace}`, '', `Its spans went to ${spansAt}: look for this trace there.`)
  }
  lines.push(...heading('Its log lines', 'from stdout of both services', canvas))
  for (const line of logs) lines.push(logLineText(line, serviceWidth, canvas))
  if (exemplar !== undefined) {
    lines.push(...heading('Its exemplar', `from ${urlOf(exemplar.service)}/metrics`, canvas))
    for (const line of brokenLine(exemplar.sample.line, canvas.width))
      lines.push(line.replace(traceId, trace))
  }
  return lines
}

/**
 * Rate, errors and quantiles by route.
 * @param {readonly import('./routes.js').RouteRow[]} rows
 * @param {Canvas} canvas
 */
export function routesReport(rows, canvas) {
  const { paint, colours } = canvas
  const columns = [
    { title: 'service' },
    { title: 'route' },
    { title: 'requests', right: true },
    { title: 'rate', right: true },
    { title: 'errors', right: true },
    { title: 'p50', right: true },
    { title: 'p99', right: true },
  ]
  const cells = rows.map(({ service, route, count, perSecond, errorRatio, p50Ms, p99Ms }) => [
    { text: service, brush: colours.of(service) },
    { text: route },
    { text: String(count) },
    { text: `${perSecond.toFixed(1)}/s` },
    { text: `${(errorRatio * 100).toFixed(1)} %`, brush: errorRatio > 0 ? paint.red : paint.dim },
    { text: durationText(p50Ms) },
    { text: durationText(p99Ms) },
  ])
  return [...heading('Routes', 'from two scrapes of GET /metrics', canvas), ...table(columns, cells, paint)]
}

/**
 * Each request counted three times.
 * @param {readonly import('./books.js').Book[]} books
 * @param {Canvas} canvas
 */
export function booksReport(books, canvas) {
  const { paint, colours } = canvas
  const columns = [
    { title: 'service' },
    { title: 'on /metrics', right: true },
    { title: 'server spans', right: true },
    { title: 'access lines', right: true },
  ]
  const cells = books.map(({ service, observations, serverSpans, accessLines }) => [
    { text: service, brush: colours.of(service) },
    { text: String(observations) },
    { text: serverSpans === undefined ? 'elsewhere' : String(serverSpans) },
    { text: String(accessLines) },
  ])
  const elsewhere = books.some(({ serverSpans }) => serverSpans === undefined)
  const balanced = elsewhere ? 'metrics and lines agree' : 'nothing was lost'
  const verdict = booksBalance(books) ? paint.green(balanced) : paint.red('they should be equal')
  return [...heading('Every request, three times', '', canvas), ...table(columns, cells, paint), '', verdict]
}

/**
 * The series that the apps' own code made, told by their prefix; with a value, and without their exemplars.
 * @param {import('./evidence.js').Outputs['metrics']} metrics
 * @param {string} prefix
 * @param {Canvas} canvas
 */
export function ownMetricsReport(metrics, prefix, canvas) {
  const { paint, colours } = canvas
  const cells = [...metrics].flatMap(([service, samples]) =>
    samples
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ line, value }) => [
        { text: service, brush: colours.of(service) },
        { text: line.slice(0, line.search(/(?<=\}|^[\w:]+) /)) },
        { text: String(value) },
      ]),
  )
  if (cells.length === 0) return []
  const columns = [{ title: 'service' }, { title: 'series' }, { title: 'value', right: true }]
  return [...heading("The apps' own counters", 'from GET /metrics', canvas), ...table(columns, cells, paint)]
}

/**
 * What Triscope says of itself on the services' stdout: an endpoint that cannot be reached, a variable it cannot use.
 * @param {readonly import('./log-line.js').LogLine[]} logs
 * @param {Canvas} canvas
 */
export function noticesReport(logs, canvas) {
  const notices = logs.filter(({ fields }) => String(fields['code'] ?? '').startsWith('TRI_'))
  if (notices.length === 0) return []
  const { paint, colours, width } = canvas
  const lines = notices.flatMap(({ service, fields }) => {
    const [first = '', ...more] = brokenText(String(fields['msg']), width - service.length - 2)
    const left = ' '.repeat(service.length + 2)
    return [
      `${colours.of(service)(service)}  ${paint.yellow(first)}`,
      ...more.map((text) => left + paint.yellow(text)),
    ]
  })
  return [...heading('Triscope says of itself', 'from stdout of both services', canvas), ...lines]
}

/** What `--once` asks for: all there, or what is missing. @param {Evidence} evidence @param {Canvas} canvas */
export function verdict({ missing, spans, logs }, { paint }) {
  if (missing.length > 0) return ['', ...missing.map((what) => `${paint.red('✗ missing')} ${what}`)]
  const parts = [`${logs.length} log lines of both`, 'an exemplar']
  if (spans.length > 0) parts.unshift(`${spans.length} spans of two services`)
  return ['', `${paint.green('✓')} one trace id on ${parts.join(', ')}`]
}
