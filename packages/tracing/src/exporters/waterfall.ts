/**
 * Traces as text for a terminal: one tree of spans for each, with a bar for when each ran.
 *
 * Invariant: the text is bounded, whatever the spans hold, and nothing in them can break a line or reach the terminal.
 */
import { type DecodedSpan, decodeRecord, hexOf } from '../decoded-span.ts'
import { jsonOfAttributes } from './attribute-text.ts'

const MAX_TRACES = 20
const MAX_SPANS = 100
const MAX_DEPTH = 20
const NAME_WIDTH = 44
const BAR_WIDTH = 32
const MAX_ATTRIBUTES = 200
const KINDS = ['', 'internal', 'server', 'client', 'producer', 'consumer']

/** The traces that these records belong to, in the order they began to end in. */
export function waterfallOf(records: readonly Uint8Array[]): string {
  const traces = new Map<string, DecodedSpan[]>()
  for (const record of records) {
    const span = decodeRecord(record)
    const id = hexOf(span.traceId)
    const spans = traces.get(id)
    if (spans === undefined) traces.set(id, [span])
    else spans.push(span)
  }
  const shown = [...traces].slice(0, MAX_TRACES).map(([id, spans]) => traceText(id, spans))
  if (traces.size > MAX_TRACES) shown.push(`… and ${traces.size - MAX_TRACES} more traces\n`)
  return shown.join('')
}

function traceText(id: string, spans: readonly DecodedSpan[]): string {
  let startNs = spans[0]?.startNs ?? 0n
  let endNs = startNs
  for (const span of spans) {
    if (span.startNs < startNs) startNs = span.startNs
    if (span.endNs > endNs) endNs = span.endNs
  }
  const count = spans.length === 1 ? '1 span' : `${spans.length} spans`
  const lines = [`trace ${id}  ${count}, ${milliseconds(endNs - startNs)}`]
  const rows = rowsOf(spans)
  for (const { span, depth } of rows.slice(0, MAX_SPANS)) lines.push(spanText(span, depth, startNs, endNs))
  if (rows.length > MAX_SPANS) lines.push(`  … and ${rows.length - MAX_SPANS} more spans`)
  return `${lines.join('\n')}\n`
}

interface Row {
  readonly span: DecodedSpan
  readonly depth: number
}

/** Parents before their children, brothers by their start; spans whose parent is not here begin a tree of their own. */
function rowsOf(spans: readonly DecodedSpan[]): Row[] {
  const byId = new Set(spans.map(({ spanId }) => hexOf(spanId)))
  const children = new Map<string, DecodedSpan[]>()
  for (const span of spans) {
    const parent = hexOf(span.parentSpanId)
    const key = byId.has(parent) && parent !== hexOf(span.spanId) ? parent : ''
    const brothers = children.get(key)
    if (brothers === undefined) children.set(key, [span])
    else brothers.push(span)
  }
  for (const brothers of children.values()) {
    brothers.sort((a, b) => (a.startNs < b.startNs ? -1 : a.startNs > b.startNs ? 1 : 0))
  }
  const rows: Row[] = []
  const open = (children.get('') ?? []).map((span) => ({ span, depth: 0 })).reverse()
  for (let row = open.pop(); row !== undefined; row = open.pop()) {
    rows.push(row)
    const depth = row.depth + 1
    for (const span of (children.get(hexOf(row.span.spanId)) ?? []).reverse()) open.push({ span, depth })
  }
  return rows
}

function spanText(span: DecodedSpan, depth: number, startNs: bigint, endNs: bigint): string {
  const indent = '  '.repeat(Math.min(depth, MAX_DEPTH) + 1)
  const name = cut(`${indent}${plain(span.name)}`, NAME_WIDTH).padEnd(NAME_WIDTH)
  const kind = (KINDS[span.kind] ?? '').padEnd(8)
  const duration = milliseconds(span.endNs - span.startNs).padStart(10)
  const attributes =
    span.attributes.size === 0
      ? ''
      : ` ${cut(plain(JSON.stringify(jsonOfAttributes(span.attributes))), MAX_ATTRIBUTES)}`
  const failed = span.statusCode === 2 ? ` ERROR${cut(plain(` ${span.statusMessage}`), MAX_ATTRIBUTES)}` : ''
  return `${name} ${kind} ${duration} |${bar(span, startNs, endNs)}|${failed}${attributes}`.trimEnd()
}

function bar(span: DecodedSpan, startNs: bigint, endNs: bigint): string {
  const whole = Number(endNs - startNs) || 1
  const from = Math.min(BAR_WIDTH - 1, Math.floor((Number(span.startNs - startNs) / whole) * BAR_WIDTH))
  const length = Math.round((Number(span.endNs - span.startNs) / whole) * BAR_WIDTH)
  return `${' '.repeat(from)}${'█'.repeat(Math.max(1, Math.min(BAR_WIDTH - from, length)))}`.padEnd(BAR_WIDTH)
}

function milliseconds(ns: bigint): string {
  const ms = Number(ns) / 1e6
  return ms >= 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${ms.toFixed(ms < 10 ? 2 : 1)} ms`
}

/** Control characters, and those that turn the direction of text, are shown as U+FFFD. */
function plain(text: string): string {
  return text.slice(0, 2_000).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text
}
