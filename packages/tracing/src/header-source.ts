/**
 * Headers as a format reads them: from node's own object by the short way, or through a getter of OpenTelemetry.
 *
 * Invariant: whatever stands in a header comes out as text, as a list of texts, or not at all; the work is bounded by
 * `MAX_SEARCHED_KEYS` and by the length of the headers asked for.
 */
import type { TextMapGetter } from '@opentelemetry/api'
import { type HeaderSource, MAX_SEARCHED_KEYS } from './propagation-format.ts'

/** Headers of an incoming message: node joins repeated ones with a comma, or shows them as a list. */
export type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>

/** A header that is longer is none of ours; node itself takes no more than 16 KiB of headers. */
const MAX_HEADER = 65_536

/** Node's headers: names are in lower case. */
export class NodeHeaders implements HeaderSource {
  readonly #headers: IncomingHeaders

  constructor(headers: IncomingHeaders) {
    this.#headers = headers
  }

  get(name: string): string | string[] | undefined {
    return textsOf(this.#headers[name])
  }

  keys(): Iterable<string> {
    return Object.keys(this.#headers)
  }
}

/** Whatever a getter of OpenTelemetry can read; names in any case. */
export class GetterHeaders<C> implements HeaderSource {
  readonly #carrier: C
  readonly #getter: TextMapGetter<C>

  constructor(carrier: C, getter: TextMapGetter<C>) {
    this.#carrier = carrier
    this.#getter = getter
  }

  /** HTTP's names have no case, but a message queue's carriers keep the one they were written in. */
  get(name: string): string | string[] | undefined {
    const found = textsOf(this.#getter.get(this.#carrier, name))
    if (found !== undefined) return found
    let looked = 0
    for (const key of this.keys()) {
      if (looked++ === MAX_SEARCHED_KEYS) return undefined
      if (key.length === name.length && key !== name && key.toLowerCase() === name) {
        return textsOf(this.#getter.get(this.#carrier, key))
      }
    }
    return undefined
  }

  keys(): Iterable<string> {
    return this.#getter.keys(this.#carrier)
  }
}

/** Bytes are read as text: clients of Kafka and AMQP hand headers over as buffers. */
export function textsOf(value: unknown): string | string[] | undefined {
  if (typeof value === 'string') return value.length > MAX_HEADER ? undefined : value
  if (value instanceof Uint8Array) return textOfBytes(value)
  if (!Array.isArray(value)) return undefined
  const texts: string[] = []
  let length = 0
  for (const line of value as unknown[]) {
    const text = line instanceof Uint8Array ? textOfBytes(line) : line
    if (typeof text !== 'string') return undefined
    length += text.length + 1
    if (length > MAX_HEADER) return undefined
    texts.push(text)
  }
  return texts
}

function textOfBytes(bytes: Uint8Array): string | undefined {
  if (bytes.byteLength > MAX_HEADER) return undefined
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
