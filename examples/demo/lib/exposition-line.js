// @ts-check
/** One sample of an exposition, which is far longer than a terminal is wide, broken where a reader would break it. */

/**
 * The line in pieces of at most `width` columns: after a comma between labels, before a space and before the exemplar.
 * Joined, they are the line again, except that the space before an indented piece is part of its indent.
 * @param {string} line
 * @param {number} width
 * @returns {string[]}
 */
export function brokenLine(line, width) {
  const indent = '    '
  const pieces = line.split(/(?<=[,{](?=[a-z_]+="))|(?= # )|(?<=\}) /).map((piece) => piece.trimStart())
  const lines = []
  let current = ''
  for (const piece of pieces) {
    const glued = current + (/[,{]$/.test(current) || current === '' ? '' : ' ') + piece
    const fits = glued.length <= width && !(piece.startsWith('#') && current !== '')
    if (fits) {
      current = glued
    } else {
      lines.push(current)
      current = indent + piece
    }
  }
  lines.push(current)
  return lines
}
