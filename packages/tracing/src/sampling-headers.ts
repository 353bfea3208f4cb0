/** Headers that sampling rules ask for: they travel in the context from where a message is read to where its span starts. */
import { type Context, createContextKey } from '@opentelemetry/api'
import type { PropagationFormat } from './propagation-format.ts'

const HEADERS = createContextKey('triscope.1 sampling headers')

/** A value that is longer decides nothing. */
const MAX_VALUE = 1_024

/** Reads these headers, in lower case, beside the propagators; writes none. */
export function samplingHeaders(names: readonly string[]): PropagationFormat {
  return {
    fields: [],
    leading: names,
    extract(context, headers) {
      let found: Map<string, string> | undefined
      for (const name of names) {
        const value = headers.get(name)
        const text = typeof value === 'string' ? value : value?.join(',')
        if (text === undefined || text.length > MAX_VALUE) continue
        found ??= new Map()
        found.set(name, text)
      }
      return found === undefined ? context : context.setValue(HEADERS, found)
    },
    inject() {},
  }
}

/** The value of a header that was asked for. */
export function samplingHeader(context: Context, name: string): string | undefined {
  return (context.getValue(HEADERS) as ReadonlyMap<string, string> | undefined)?.get(name)
}
