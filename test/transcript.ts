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

/** Fenced blocks from the first ts block on. */
function* fencedBlocks(markdown: string): Generator<{ language: string; text: string }> {
  let begun = false
  for (const [, language = '', text = ''] of markdown.matchAll(/^```(\w*)[^\n]*\n(.*?)^```\s*$/gms)) {
    begun ||= language === 'ts'
    if (begun) yield { language, text }
  }
}
