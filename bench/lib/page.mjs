/**
 * Writes what was measured into `bench/README.md`. The tables stand between markers, and nothing between them is
 * written by hand.
 */

/** `page` with `text` between the markers of `name`. Throws where the page does not have both, in order. */
export function between(page, name, text) {
  const open = `<!-- bench:${name} -->`
  const close = `<!-- /bench:${name} -->`
  const start = page.indexOf(open)
  const end = page.indexOf(close)
  if (start < 0 || end < start) throw new Error(`the page has no place for ${name}: ${open} … ${close}`)
  return `${page.slice(0, start + open.length)}\n\n${text}\n\n${page.slice(end)}`
}

/** `page` with every text of `texts` in its place. */
export function filled(page, texts) {
  return Object.entries(texts).reduce((done, [name, text]) => between(done, name, text), page)
}
