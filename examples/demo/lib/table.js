// @ts-check
/** Plain tables: columns as wide as their longest cell, two spaces between them, no lines. */
import { fit, fitRight } from './paint.js'

/**
 * @typedef {{ title: string, right?: boolean }} Column
 * @typedef {{ text: string, brush?: import('./paint.js').Brush }} Cell
 */

/**
 * The lines of a table, its titles first.
 * @param {readonly Column[]} columns
 * @param {readonly (readonly Cell[])[]} rows as many cells as there are columns
 * @param {import('./paint.js').Paint} paint
 * @returns {string[]}
 */
export function table(columns, rows, paint) {
  const widths = columns.map(({ title }, i) =>
    Math.max([...title].length, ...rows.map((row) => [...(row[i]?.text ?? '')].length)),
  )
  /** @param {readonly Cell[]} row */
  const line = (row) =>
    row
      .map(({ text, brush }, i) => {
        const filled = (columns[i]?.right === true ? fitRight : fit)(text, widths[i] ?? 0)
        return brush === undefined ? filled : brush(filled)
      })
      .join('  ')
      .trimEnd()
  return [line(columns.map(({ title }) => ({ text: title, brush: paint.dim }))), ...rows.map(line)]
}
