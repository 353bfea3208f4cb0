/**
 * logfmt: `time=… level=info msg="…" key=value`, nested names dotted.
 *
 * Invariant: no name stands twice, and no text forges a pair or a line: names keep to a few characters, and a value that
 * is more than one word is quoted and escaped as in JSON.
 */
import { flatFields, visible } from './flat-fields.ts'
import type { LineFormat } from './line-format.ts'

const BARE = /^[\w.:/@+,-]+$/
const UNSAFE_IN_NAME = /[^\w.@/-]+/g

export function createLogfmtFormat(): LineFormat {
  return (line) => {
    const pairs = new Map([
      ['time', line.time],
      ['level', line.label],
      ['msg', line.message],
    ])
    if (line.trace !== undefined) {
      pairs.set('trace_id', line.trace.traceId)
      pairs.set('span_id', line.trace.spanId)
      pairs.set('trace_flags', line.trace.flags.toString(16).padStart(2, '0'))
    }
    for (const [name, value] of flatFields(line.fields)) {
      const safe = name.replace(UNSAFE_IN_NAME, '_') || '_'
      pairs.set(freeName(safe, pairs), value)
    }
    return Array.from(pairs, ([name, value]) => `${name}=${shown(value)}`).join(' ')
  }
}

function freeName(name: string, pairs: ReadonlyMap<string, string>): string {
  let free = name
  while (pairs.has(free)) free += '_'
  return free
}

function shown(value: string): string {
  return BARE.test(value) ? value : `"${visible(value.replace(/["\\]/g, '\\$&'))}"`
}
