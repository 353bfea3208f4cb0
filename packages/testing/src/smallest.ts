/** Finds the least that fails in something that does, so that a person can read it. */

/**
 * `value` with as many elements of its arrays left out, at any depth, as leave it failing. Elements of `tree.apps` and the
 * like that are named by their index are to be kept by `fails`.
 */
export async function smallest<T>(value: T, fails: (smaller: T) => Promise<boolean>): Promise<T> {
  for (const smaller of smallerOnes(value)) {
    if (await fails(smaller as T)) return smallest(smaller as T, fails)
  }
  return value
}

/** One for each element of each array, without that element; those near the root come first. */
function* smallerOnes(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const index of value.keys()) yield value.toSpliced(index, 1)
    for (const [index, element] of value.entries()) {
      for (const smaller of smallerOnes(element)) yield value.with(index, smaller)
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, field] of Object.entries(value)) {
      for (const smaller of smallerOnes(field)) yield { ...value, [name]: smaller }
    }
  }
}
