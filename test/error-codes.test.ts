import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TriscopeError } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { root } from './source-bundle.ts'

const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
const sections = page.match(/^## TRI_[A-Z_]+$/gm)?.map((line) => line.slice(3)) ?? []

/** Codes in what ships: names in tests are made up. */
function codesInSources(): string[] {
  const files = readdirSync(join(root, 'packages'))
    .flatMap((room) =>
      readdirSync(join(root, 'packages', room, 'src'), { recursive: true }).map((file) =>
        join(root, 'packages', room, 'src', String(file)),
      ),
    )
    .filter((file) => file.endsWith('.ts') && !/\.(test|test-d|fixture)\.ts$/.test(file))
  const codes = files.flatMap(
    (file) => readFileSync(file, 'utf8').match(/\bTRI_(?:ERR|WARN)_[A-Z_]*[A-Z]\b/g) ?? [],
  )
  return [...new Set(codes)].sort()
}

describe('docs/errors.md', () => {
  it('has a section for every code in the sources, and for no other', () => {
    expect([...sections].sort()).toEqual(codesInSources())
  })

  it('is where an error says it is', () => {
    const { docs } = new TriscopeError('TRI_ERR_OPTION', 'wrong')
    expect(docs).toBe('docs/errors.md#tri_err_option')
    const [file = '', anchor = ''] = docs.split('#')
    expect(readFileSync(join(root, file), 'utf8')).toContain(`## ${anchor.toUpperCase()}\n`)
  })

  it('links to pages and sections that exist', () => {
    for (const name of readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'))) {
      const text = readFileSync(join(root, 'docs', name), 'utf8')
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue
        const [file, anchor] = target.split('#')
        const linked = file === '' ? text : readFileSync(join(root, 'docs', file ?? ''), 'utf8')
        if (anchor !== undefined) expect(anchorsOf(linked), `${name}: ${target}`).toContain(anchor)
      }
    }
  })
})

/** As GitHub makes them of headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
