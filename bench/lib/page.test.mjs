import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { between, filled } from './page.mjs'
import { headlineText, textsOf } from './texts.mjs'

describe('the page of the bench', () => {
  it('replaces what stands between the markers of a name, and nothing else', () => {
    const page = 'a\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nb\n<!-- bench:y --><!-- /bench:y -->'
    expect(between(page, 'x', 'new')).toBe(
      'a\n<!-- bench:x -->\n\nnew\n\n<!-- /bench:x -->\nb\n<!-- bench:y --><!-- /bench:y -->',
    )
    expect(between(between(page, 'x', 'new'), 'x', 'new')).toBe(between(page, 'x', 'new'))
  })

  it('says which place is missing', () => {
    expect(() => between('', 'ratios', 'text')).toThrow('no place for ratios')
  })

  it('holds exactly what the results say: no number is typed by hand', () => {
    const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
    const page = read('README.md')
    const results = JSON.parse(read('results.json'))
    expect(filled(page, textsOf(results))).toBe(page)
    const rootPage = read('../README.md')
    expect(between(rootPage, 'headline', headlineText(results))).toBe(rootPage)
  })
})
