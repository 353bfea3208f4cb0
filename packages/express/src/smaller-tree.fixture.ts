/** Makes a tree that fails smaller, so that a person can read it. */
import type { Entry, Level, Tree } from './random-tree.fixture.ts'

/** The smallest tree, by single steps, that still `fails`. */
export async function smallest(tree: Tree, fails: (tree: Tree) => Promise<boolean>): Promise<Tree> {
  for (const smaller of reductions(tree)) {
    if (await fails(smaller)) return smallest(smaller, fails)
  }
  return tree
}

/** The trees that are one step smaller: without an entry, without a handler, or with one path of an array. */
function* reductions(tree: Tree): Generator<Tree> {
  for (const [index, level] of tree.apps.entries()) {
    for (const smaller of smallerLevels(level)) yield { ...tree, apps: tree.apps.with(index, smaller) }
  }
  for (const [index, level] of tree.shared.entries()) {
    for (const smaller of smallerLevels(level)) yield { ...tree, shared: tree.shared.with(index, smaller) }
  }
}

function* smallerLevels(level: Level): Generator<Level> {
  const { entries } = level
  for (const index of entries.keys()) yield { ...level, entries: entries.toSpliced(index, 1) }
  for (const [index, entry] of entries.entries()) {
    for (const smaller of smallerEntries(entry)) yield { ...level, entries: entries.with(index, smaller) }
  }
}

function* smallerEntries(entry: Entry): Generator<Entry> {
  if (entry.kind === 'mount') {
    for (const level of smallerLevels(entry.level)) yield { ...entry, level }
  }
  if (entry.kind === 'route' && entry.acts.length > 1) yield { ...entry, acts: entry.acts.slice(1) }
  if (entry.kind !== 'param' && entry.path.length > 1) {
    for (const pattern of entry.path) yield { ...entry, path: [pattern] }
  }
}
