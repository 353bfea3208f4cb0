/** The `exception` event of something that was thrown. */
import { errorClassOf, errorMessageOf, errorStackOf } from '@triscope/core'
import { ATTRIBUTE } from './semconv.ts'

/** Its attributes: semantic conventions 1.45, "Exceptions". Empty where nothing can be read. */
export function exceptionAttributes(thrown: unknown): Record<string, string> {
  const attributes: Record<string, string> = {}
  const type = errorClassOf(thrown)
  const message = errorMessageOf(thrown)
  const stack = errorStackOf(thrown)
  if (type !== undefined) attributes[ATTRIBUTE.exceptionType] = type
  if (message !== undefined) attributes[ATTRIBUTE.exceptionMessage] = message
  if (stack !== undefined) attributes[ATTRIBUTE.exceptionStacktrace] = stack
  return attributes
}
