// @ts-check
/**
 * Text for a terminal: colours, and none for anything else (a pipe, a file, `NO_COLOR`, `TERM=dumb`); columns; durations.
 * Invariant: painting never changes the visible width, and padding is done before painting.
 */

/**
 * @typedef {(text: string) => string} Brush
 * @typedef {{ bold: Brush, dim: Brush, red: Brush, green: Brush, yellow: Brush, cyan: Brush, magenta: Brush }} Paint
 */

/**
 * Whether `stream` shows colours. `NO_COLOR` counts when it is set to anything but the empty string (no-color.org).
 * @param {{ isTTY?: boolean }} stream
 * @param {Readonly<Record<string, string | undefined>>} env
 */
export function showsColours(stream, env) {
  return stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
}

/**
 * The brushes; each returns its text unchanged where colours are off.
 * @param {boolean} on
 * @returns {Paint}
 */
export function createPaint(on) {
  /** @param {number} start @param {number} end @returns {Brush} */
  const brush = (start, end) => (on ? (text) => `\x1b[${start}m${text}\x1b[${end}m` : (text) => text)
  return {
    bold: brush(1, 22),
    dim: brush(2, 22),
    red: brush(31, 39),
    green: brush(32, 39),
    yellow: brush(33, 39),
    cyan: brush(36, 39),
    magenta: brush(35, 39),
  }
}

/** Brushes by service, in the order services are first named: one service has one colour everywhere. */
export class ServiceColours {
  /** @type {readonly Brush[]} */
  #brushes
  /** @type {Map<string, Brush>} */
  #byService = new Map()

  /** @param {Paint} paint */
  constructor(paint) {
    this.#brushes = [paint.cyan, paint.magenta, paint.green, paint.yellow]
  }

  /** @param {string} service @returns {Brush} */
  of(service) {
    const known = this.#byService.get(service)
    if (known !== undefined) return known
    const brush = this.#brushes[this.#byService.size % this.#brushes.length] ?? ((text) => text)
    this.#byService.set(service, brush)
    return brush
  }
}

/**
 * `text` in exactly `width` columns: padded on the right, or cut and ended with `…`.
 * @param {string} text @param {number} width
 */
export function fit(text, width) {
  const characters = [...text]
  if (characters.length <= width) return text + ' '.repeat(width - characters.length)
  return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`
}

/**
 * `text` at the right end of `width` columns; longer text is left whole, because it is a number.
 * @param {string} text @param {number} width
 */
export function fitRight(text, width) {
  return ' '.repeat(Math.max(0, width - [...text].length)) + text
}

/**
 * `text` without line ends, and without other control characters, which a terminal would obey.
 * @param {string} text
 */
export function oneLine(text) {
  return text.replace(/[\s\p{Cc}]+/gu, ' ')
}

/**
 * `text` in lines of at most `width` columns, broken at spaces; a word that is longer has a line for itself.
 * @param {string} text @param {number} width
 * @returns {string[]}
 */
export function brokenText(text, width) {
  const lines = ['']
  for (const word of text.split(/\s+/)) {
    const last = lines.length - 1
    const joined = lines[last] === '' ? word : `${lines[last]} ${word}`
    if (joined.length <= width || lines[last] === '') lines[last] = joined
    else lines.push(word)
  }
  return lines
}

/**
 * Milliseconds in three or four figures: `0.42 ms`, `8.4 ms`, `154 ms`, `1.24 s`.
 * @param {number} ms
 */
export function durationText(ms) {
  if (!Number.isFinite(ms)) return '–'
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`
  if (ms >= 99.5) return `${ms.toFixed(0)} ms`
  return ms >= 0.995 ? `${ms.toFixed(1)} ms` : `${ms.toFixed(2)} ms`
}
