/** The `exception` event of something that was thrown. */
import { errorClassOf, errorMessageOf, errorStackOf } from '@triscope/core'
import { ATTRIBUTE } from './semconv.ts'

/** Causes that are told; a longer chain is one that goes round, or nobody reads it. */
const MAX_CAUSES = 5

/** Its attributes: semantic conventions 1.45, "Exceptions". Empty where nothing can be read. */
export function exceptionAttributes(thrown: unknown): Record<string, string> {
  const attributes: Record<string, string> = {}
  const type = errorClassOf(thrown)
  const message = errorMessageOf(thrown)
  const stack = errorStackOf(thrown)
  if (type !== undefined) attributes[ATTRIBUTE.exceptionType] = type
  if (message !== undefined) attributes[ATTRIBUTE.exceptionMessage] = message
  if (stack !== undefined) attributes[ATTRIBUTE.exceptionStacktrace] = stack + causesOf(thrown)
  return attributes
}

/** As a stack trace is printed elsewhere, with the stack of each cause behind it. */
function causesOf(thrown: unknown): string {
  let text = ''
  let cause = causeOf(thrown)
  for (let count = 0; cause !== undefined && count < MAX_CAUSES; count++) {
    text += `\nCaused by: ${errorStackOf(cause) ?? errorMessageOf(cause) ?? errorClassOf(cause) ?? 'unknown'}`
    cause = causeOf(cause)
  }
  return text
}

function causeOf(thrown: unknown): unknown {
  if (typeof thrown !== 'object' || thrown === null) return undefined
  try {
    return (thrown as { cause?: unknown }).cause ?? undefined
  } catch {
    // The app's getter threw: the chain ends here.
    return undefined
  }
}
