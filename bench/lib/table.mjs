/** Tables in Markdown, and numbers as they stand in them. */

/**
 * A table of Markdown.
 * @param columns `{ title, align }`; `align: 'right'` for numbers
 * @param rows the text of each cell
 */
export function table(columns, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  const rule = columns.map(({ align }) => (align === 'right' ? '--:' : '---'))
  return [
    line(columns.map(({ title }) => title)),
    line(rule),
    ...rows.map((row) => line(row.map(escaped))),
  ].join('\n')
}

/** `1234.5` to `digits` places after the point; a dash for what was not measured. */
export function fixed(value, digits = 1) {
  if (value === undefined || value === null || !Number.isFinite(value)) return '–'
  return value.toFixed(digits)
}

/** Nanoseconds in the unit that reads best. */
export function duration(ns) {
  if (ns === undefined || ns === null || !Number.isFinite(ns)) return '–'
  if (ns < 1_000) return `${ns.toFixed(ns < 10 ? 1 : 0)} ns`
  if (ns < 1e6) return `${(ns / 1e3).toFixed(2)} µs`
  return `${(ns / 1e6).toFixed(1)} ms`
}

/** Bytes in the unit that reads best. */
export function bytes(count) {
  if (count === undefined || count === null || !Number.isFinite(count)) return '–'
  if (Math.abs(count) < 10_000) return `${Math.round(count)} B`
  if (Math.abs(count) < 10e6) return `${(count / 1e3).toFixed(1)} kB`
  return `${(count / 1e6).toFixed(0)} MB`
}

/** A measured ratio beside what it has to be, and whether it is. */
export function verdict(ratio, target) {
  if (target === undefined) return ''
  if (ratio === undefined || !Number.isFinite(ratio)) return `≤ ${target}: not measured`
  return `≤ ${target}: ${ratio <= target ? 'yes' : '**no**'}`
}

function escaped(cell) {
  return String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')
}
