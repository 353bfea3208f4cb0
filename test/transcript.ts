/**
 * What a README shows, held against what a program printed. `…` inside a line stands for anything within that line; a
 * line that is only `…` stands for any number of lines.
 */

/**
 * The printed lines, each replaced by the shown line it agrees with. Equal to `shown` when, and only when, they agree;
 * otherwise a diff of the two points at the first line that differs.
 */
export function agreement(shown: readonly string[], printed: readonly string[]): string[] {
  const agreed: string[] = []
  let at = 0
  for (const [index, line] of shown.entries()) {
    if (line.trim() === '…') {
      const next = shown[index + 1]
      while (at < printed.length && (next === undefined || !agrees(next, printed[at] ?? ''))) at++
      agreed.push(line)
      continue
    }
    const actual = printed[at]
    if (actual === undefined || !agrees(line, actual)) break
    agreed.push(line)
    at++
  }
  return [...agreed, ...printed.slice(at)]
}

function agrees(shown: string, printed: string): boolean {
  const pattern = shown.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${pattern.join('.*')}$`, 'u').test(printed)
}

/** Lines of a text, without the empty one after the last line feed. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** The first example of a README: a program and what it prints, or a server, a script that asks it, and the answer. */
export interface Example {
  readonly program: string
  /** Present when the program is a server; run by bash once it listens on port 3000. */
  readonly script: string | undefined
  readonly shown: readonly string[]
}

/** `undefined` when there is no ts block that is directly followed by a text block, with or without a sh block between. */
export function firstExample(markdown: string): Example | undefined {
  const [first, second, third] = [...fencedBlocks(markdown)]
  if (first?.language !== 'ts') return undefined
  if (second?.language === 'text')
    return { program: first.text, script: undefined, shown: linesOf(second.text) }
  if (second?.language !== 'sh' || third?.language !== 'text') return undefined
  return { program: first.text, script: second.text, shown: linesOf(third.text) }
}

/** The further programs of a README: ts blocks after the first that a text block follows under the same heading. */
export function laterExamples(markdown: string): Example[] {
  const [, ...later] = fencedBlocks(markdown)
  return later.flatMap((block, i) => {
    const next = later[i + 1]
    if (block.language !== 'ts' || next?.language !== 'text') return []
    if (/^#/m.test(markdown.slice(block.end, next.start))) return []
    return [{ program: block.text, script: undefined, shown: linesOf(next.text) }]
  })
}

interface Block {
  readonly language: string
  readonly text: string
  readonly start: number
  readonly end: number
}

/** Fenced blocks from the first ts block on. */
function* fencedBlocks(markdown: string): Generator<Block> {
  let begun = false
  for (const { 0: whole, 1: language = '', 2: text = '', index } of markdown.matchAll(
    /^```(\w*)[^\n]*\n(.*?)^```\s*$/gms,
  )) {
    begun ||= language === 'ts'
    if (begun) yield { language, text, start: index, end: index + whole.length }
  }
}
