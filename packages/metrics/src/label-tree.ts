/**
 * Finds what belongs to a label set without allocating, and without joining its values to a key.
 *
 * The way: a decision tree. A branch asks for the value of the one label in which what is below it differs, and a leaf
 * compares all values, so that a look-up asks as many questions as are needed to tell the sets apart, and not one
 * for each label. Invariant: whatever a leaf is found by, all of its values were compared.
 */

/** What can be found: by these values, in the order of the label names. */
export interface Leaf {
  readonly values: readonly unknown[]
}

/**
 * Up to here children are compared one by one: with four of them a set of three labels is found in 25 to 30 ns, where
 * a Map took 40.
 */
const LIST_AT_MOST = 8

class Branch<L extends Leaf> {
  /** Which label is asked for. */
  readonly level: number
  readonly keys: unknown[] = []
  readonly children: (L | Branch<L>)[] = []
  #map: Map<unknown, L | Branch<L>> | undefined

  constructor(level: number) {
    this.level = level
  }

  get isEmpty(): boolean {
    return this.#map === undefined ? this.keys.length === 0 : this.#map.size === 0
  }

  get(key: unknown): L | Branch<L> | undefined {
    if (this.#map !== undefined) return this.#map.get(key)
    const { keys } = this
    for (let i = 0; i < keys.length; i++) if (keys[i] === key) return this.children[i]
    return undefined
  }

  set(key: unknown, child: L | Branch<L>): void {
    if (this.#map !== undefined) {
      this.#map.set(key, child)
      return
    }
    const index = this.keys.indexOf(key)
    if (index >= 0) {
      this.children[index] = child
      return
    }
    this.keys.push(key)
    this.children.push(child)
    if (this.keys.length <= LIST_AT_MOST) return
    this.#map = new Map(this.keys.map((known, i) => [known, this.children[i] as L | Branch<L>]))
    this.keys.length = 0
    this.children.length = 0
  }

  delete(key: unknown): void {
    if (this.#map !== undefined) {
      this.#map.delete(key)
      return
    }
    const index = this.keys.indexOf(key)
    if (index < 0) return
    this.keys.splice(index, 1)
    this.children.splice(index, 1)
  }
}

/** One per table. Values are compared by `===`, so none may be NaN. */
export class LabelTree<L extends Leaf> {
  readonly #names: readonly string[]
  #root: L | Branch<L> | undefined

  /** @param names at least one */
  constructor(names: readonly string[]) {
    this.#names = names
  }

  /** The leaf of this label set; throws what a getter of `labels` throws. */
  find(labels: Readonly<Record<string, unknown>>): L | undefined {
    const names = this.#names
    if (names.length > 3) return this.#findMany(labels)
    // Each label is read once, at a place of its own: the engine remembers where it was found.
    const first = labels[names[0] as string]
    const second = names.length > 1 ? labels[names[1] as string] : undefined
    const third = names.length > 2 ? labels[names[2] as string] : undefined
    let node = this.#root
    while (node instanceof Branch) {
      const { level } = node
      node = node.get(level === 0 ? first : level === 1 ? second : third)
    }
    if (node === undefined) return undefined
    const { values } = node
    if (values[0] !== first) return undefined
    if (names.length > 1 && values[1] !== second) return undefined
    return names.length > 2 && values[2] !== third ? undefined : node
  }

  /** The leaf of exactly these values. */
  get(values: readonly unknown[]): L | undefined {
    const leaf = this.#nearest(values)
    return leaf !== undefined && differing(leaf.values, values) < 0 ? leaf : undefined
  }

  /** Adds the leaf, in place of one with the same values. */
  insert(leaf: L): void {
    const { values } = leaf
    let parent: Branch<L> | undefined
    let node = this.#root
    while (node instanceof Branch) {
      parent = node
      node = node.get(values[node.level])
    }
    let child: L | Branch<L> = leaf
    const level = node === undefined ? -1 : differing(node.values, values)
    if (node !== undefined && level >= 0) {
      child = new Branch<L>(level)
      child.set(node.values[level], node)
      child.set(values[level], leaf)
    }
    if (parent === undefined) this.#root = child
    else parent.set(values[parent.level], child)
  }

  /** Takes the leaf away, and the branches that nothing is left on. */
  delete(leaf: L): void {
    const path: Branch<L>[] = []
    let node = this.#root
    while (node instanceof Branch) {
      path.push(node)
      node = node.get(leaf.values[node.level])
    }
    if (node !== leaf) return
    for (let branch = path.pop(); branch !== undefined; branch = path.pop()) {
      branch.delete(leaf.values[branch.level])
      if (!branch.isEmpty) return
    }
    this.#root = undefined
  }

  clear(): void {
    this.#root = undefined
  }

  #findMany(labels: Readonly<Record<string, unknown>>): L | undefined {
    const names = this.#names
    let node = this.#root
    while (node instanceof Branch) node = node.get(labels[names[node.level] as string])
    if (node === undefined) return undefined
    const { values } = node
    for (let i = 0; i < values.length; i++) {
      if (values[i] !== labels[names[i] as string]) return undefined
    }
    return node
  }

  #nearest(values: readonly unknown[]): L | undefined {
    let node = this.#root
    while (node instanceof Branch) node = node.get(values[node.level])
    return node
  }
}

/** The first place at which they differ; -1 when there is none. */
function differing(a: readonly unknown[], b: readonly unknown[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i
  return -1
}
