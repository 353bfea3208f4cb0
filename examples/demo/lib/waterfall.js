// @ts-check
/** One trace as a waterfall: a line for each span with its service, its place in the tree, its bar and how it ended. */
import { durationText, fit, fitRight, oneLine } from './paint.js'
import { treeRows } from './trace-tree.js'

/**
 * @typedef {import('./otlp-spans.js').ReceivedSpan} ReceivedSpan
 * @typedef {object} Canvas
 * @property {number} width columns
 * @property {import('./paint.js').Paint} paint
 * @property {{ of(service: string): import('./paint.js').Brush }} colours
 */

const DURATION_WIDTH = 8
const STATUS_WIDTH = 5
/** The tree takes what its longest name needs, and no more than this share of the line; the rest is for the bars. */
const MAX_TREE_SHARE = 0.42

/**
 * The lines of the waterfall, each at most `width` columns wide.
 * @param {readonly ReceivedSpan[]} spans of one trace, at least one
 * @param {Canvas} canvas
 * @returns {string[]}
 */
export function waterfall(spans, { width, paint, colours }) {
  const rows = treeRows(spans).map(({ span, branches }) => ({
    span,
    indent: indentOf(branches),
    name: oneLine(nameOf(span)),
  }))
  const serviceWidth = Math.max(...rows.map(({ span }) => span.service.length))
  const treeWidth = Math.min(
    Math.max(...rows.map(({ indent, name }) => indent.length + [...name].length)),
    Math.floor(width * MAX_TREE_SHARE),
  )
  const barWidth = Math.max(8, width - serviceWidth - treeWidth - DURATION_WIDTH - STATUS_WIDTH - 8)
  const startMs = Math.min(...spans.map((span) => span.startMs))
  const endMs = Math.max(...spans.map((span) => span.startMs + span.durationMs))

  const lines = []
  for (const { span, indent, name } of rows) {
    const service = colours.of(span.service)
    const bar = barOf(span, startMs, endMs, barWidth)
    lines.push(
      [
        service(fit(span.service, serviceWidth)),
        paint.dim(indent) + fit(name, Math.max(1, treeWidth - indent.length)),
        (span.failed ? paint.red : service)(bar),
        fitRight(durationText(span.durationMs), DURATION_WIDTH),
        (span.failed ? paint.red : paint.dim)(fitRight(statusOf(span), STATUS_WIDTH)),
      ].join('  '),
    )
    if (span.error !== undefined) {
      const room = width - serviceWidth - 2 - indent.length - 2
      const left = ' '.repeat(serviceWidth + 2 + indent.length)
      lines.push(`${left}${paint.red('✗')} ${paint.dim(fit(oneLine(span.error), room).trimEnd())}`)
    }
  }
  return lines
}

/** @param {readonly boolean[]} branches */
function indentOf(branches) {
  return branches
    .map((more, i) => (i === branches.length - 1 ? (more ? '├ ' : '└ ') : more ? '│ ' : '  '))
    .join('')
}

/** A client span is named for its method alone; whom it called stands in its attributes. @param {ReceivedSpan} span */
function nameOf({ name, kind, attributes }) {
  const address = attributes['server.address']
  if (kind !== 'client' || address === undefined || name.includes(address)) return name
  const port = attributes['server.port']
  return `${name} → ${address}${port === undefined ? '' : `:${port}`}`
}

/**
 * At least one cell, and never beyond the frame.
 * @param {ReceivedSpan} span @param {number} startMs @param {number} endMs @param {number} width
 */
function barOf(span, startMs, endMs, width) {
  const scale = endMs > startMs ? width / (endMs - startMs) : 0
  const from = Math.min(width - 1, Math.floor((span.startMs - startMs) * scale))
  const to = Math.min(
    width,
    Math.max(from + 1, Math.round((span.startMs + span.durationMs - startMs) * scale)),
  )
  return ' '.repeat(from) + '━'.repeat(to - from) + ' '.repeat(width - to)
}

/** @param {ReceivedSpan} span */
function statusOf({ attributes, failed }) {
  return attributes['http.response.status_code'] ?? (failed ? 'error' : 'ok')
}
