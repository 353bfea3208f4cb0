// @ts-check
/**
 * Reads OpenMetrics text 1.0, as much of it as a scraper of counters, gauges and histograms needs, exemplars included.
 * Invariant: a line that is not OpenMetrics throws and is named; nothing is skipped in silence, because the demo is to
 * show what a scraper would see.
 */

/**
 * @typedef {Readonly<Record<string, string>>} Labels
 * @typedef {{ labels: Labels, value: number, timestamp: number | undefined }} Exemplar
 * @typedef {object} Sample
 * @property {string} name with its suffix, `http_requests_total`
 * @property {Labels} labels
 * @property {number} value
 * @property {Exemplar | undefined} exemplar
 * @property {string} line as it came
 */

/** What the demo asks for: exemplars exist in this format only. */
export const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0'

/**
 * The samples of an exposition, in its order. Throws where it is malformed, or does not end with `# EOF`.
 * @param {string} text
 * @returns {Sample[]}
 */
export function parseOpenMetrics(text) {
  const lines = text.split('\n')
  if (lines.pop() !== '' || lines.pop() !== '# EOF')
    throw new Error('the exposition does not end with "# EOF"')
  const samples = []
  for (const line of lines) {
    if (line.startsWith('# ')) continue
    samples.push(parseSample(line))
  }
  return samples
}

/** @param {string} line @returns {Sample} */
function parseSample(line) {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0]
  if (name === undefined) throw malformed(line, 'expected a metric name')
  const labels = parseLabels(line, name.length)
  // OpenMetrics 1.0, "ABNF": value, an optional timestamp, an optional exemplar after " # ".
  const rest = line.slice(labels.end)
  const hash = rest.indexOf(' # ')
  const { value } = parseNumbers(line, hash < 0 ? rest : rest.slice(0, hash))
  const exemplar = hash < 0 ? undefined : parseExemplar(line, labels.end + hash + 3)
  return { name, labels: labels.labels, value, exemplar, line }
}

/** @param {string} line @param {number} start @returns {Exemplar} */
function parseExemplar(line, start) {
  if (line[start] !== '{') throw malformed(line, 'expected the labels of an exemplar after " # "')
  const { labels, end } = parseLabels(line, start)
  return { labels, ...parseNumbers(line, line.slice(end)) }
}

/** @param {string} line @param {number} start @returns {{ labels: Labels, end: number }} */
function parseLabels(line, start) {
  /** @type {Record<string, string>} */
  const labels = Object.create(null)
  if (line[start] !== '{') return { labels, end: start }
  const pair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/y
  let at = start + 1
  while (line[at] !== '}') {
    pair.lastIndex = at
    const match = pair.exec(line)
    if (match === null) throw malformed(line, `expected label="value" at column ${at + 1}`)
    const [whole, name = '', value = ''] = match
    labels[name] = value.replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped))
    at += whole.length
    if (line[at] === ',') at++
    else if (line[at] !== '}') throw malformed(line, `expected "," or "}" at column ${at + 1}`)
  }
  return { labels, end: at + 1 }
}

/**
 * A value and perhaps a timestamp, each after one space.
 * @param {string} line @param {string} text
 */
function parseNumbers(line, text) {
  const [before, value, timestamp, ...more] = text.split(' ')
  if (before !== '' || value === undefined || more.length > 0) {
    throw malformed(line, 'expected a value and perhaps a timestamp')
  }
  return {
    value: numberOf(line, value),
    timestamp: timestamp === undefined ? undefined : numberOf(line, timestamp),
  }
}

/** @param {string} line @param {string} word */
function numberOf(line, word) {
  if (word === '+Inf') return Number.POSITIVE_INFINITY
  if (word === '-Inf') return Number.NEGATIVE_INFINITY
  if (word === 'NaN') return Number.NaN
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(word))
    throw malformed(line, `"${word}" is not a number`)
  return Number(word)
}

/** @param {string} line @param {string} why */
function malformed(line, why) {
  return new Error(`not OpenMetrics: ${why} in ${JSON.stringify(line.slice(0, 300))}`)
}
