/**
 * A span over a generator: each of its steps runs within the span, which ends with the last one.
 *
 * Invariant: the generator comes back as the same object, and yields, returns and throws what it would have; between its
 * steps the caller's own context is active.
 */
import { activeContext, installContext } from '@triscope/core'
import type { SpanEnd } from './span-end.ts'

type AnyGenerator = Generator | AsyncGenerator

/** The value where it is a generator of either kind. */
export function asGenerator(value: unknown): AnyGenerator | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  try {
    const tag = Object.prototype.toString.call(value)
    return tag === '[object Generator]' || tag === '[object AsyncGenerator]'
      ? (value as AnyGenerator)
      : undefined
  } catch {
    // A proxy that throws is nobody's generator.
    return undefined
  }
}

/**
 * To be called where the span is active. A generator whose steps are never asked for keeps its span open.
 * @returns `false` where the generator cannot be watched, being frozen
 */
export function endWithGenerator(generator: AnyGenerator, end: SpanEnd): boolean {
  if (!Object.isExtensible(generator)) return false
  const context = activeContext()
  const storage = installContext()
  for (const step of ['next', 'return', 'throw'] as const) {
    const original = generator[step] as (...args: unknown[]) => unknown
    const watched = (...args: unknown[]): unknown => {
      try {
        const result = storage.run(context, () => Reflect.apply(original, generator, args))
        return result instanceof Promise
          ? result.then((one) => told(one, end), failing(end))
          : told(result, end)
      } catch (error) {
        end.fail(error)
        throw error
      }
    }
    Object.defineProperty(generator, step, { value: watched, configurable: true, writable: true })
  }
  return true
}

function told(result: unknown, end: SpanEnd): unknown {
  if ((result as IteratorResult<unknown> | undefined)?.done === true) end.settle()
  return result
}

function failing(end: SpanEnd): (error: unknown) => never {
  return (error) => {
    end.fail(error)
    throw error
  }
}
