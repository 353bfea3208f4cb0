/**
 * The addresses that proxies wrote into a request, the nearest hop first: X-Forwarded-For, and Forwarded (RFC 7239 §4).
 *
 * Invariant: a header is read from its end, because only the end was written by somebody who is trusted. What stands
 * before it is a client's own text and may be broken; it changes nothing of what was read already.
 */
import { isIP, isIPv4 } from 'node:net'

/** More proxies than a request passes; what is further away is not read. */
const MAX_HOPS = 32
/** A header is read so far from its end: 32 elements as long as the longest that a proxy writes. */
const MAX_LENGTH = 8_192

/** `undefined` stands where a proxy wrote no address: `unknown`, or a name it made up. */
export type Hops = readonly (string | undefined)[]

/** Of `X-Forwarded-For: client, proxy`. */
export function xForwardedForHops(header: string): Hops {
  return elementsFromEnd(header, ',').map(addressOf)
}

/** Of `Forwarded: for=client;proto=https, for="[2001:db8::1]:4711"`. */
export function forwardedHops(header: string): Hops {
  return elementsFromEnd(header, ',').map((element) => {
    for (const pair of elementsFromEnd(element, ';')) {
      const equals = pair.indexOf('=')
      if (equals > 0 && pair.slice(0, equals).trim().toLowerCase() === 'for')
        return addressOf(unquoted(pair.slice(equals + 1).trim()))
    }
    return undefined
  })
}

/** An address without its port and its brackets; one of IPv4 that is written as IPv6 is one of IPv4. */
export function addressOf(node: string): string | undefined {
  const text = node.trim()
  if (text.startsWith('[')) {
    const end = text.indexOf(']')
    return end < 0 ? undefined : validAddress(text.slice(1, end))
  }
  const colon = text.indexOf(':')
  const head = text.slice(0, colon)
  // One colon alone ends an address of IPv4; those of IPv6 have more.
  return validAddress(colon > 0 && isIPv4(head) ? head : text)
}

function validAddress(text: string): string | undefined {
  if (isIP(text) === 0) return undefined
  const mapped = text.slice(MAPPED.length)
  return text.slice(0, MAPPED.length).toLowerCase() === MAPPED && isIPv4(mapped) ? mapped : text
}

/** RFC 4291 §2.5.5.2. */
const MAPPED = '::ffff:'

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}

/** The parts between separators that stand in no quotes, the last one first. */
function elementsFromEnd(text: string, separator: ',' | ';'): string[] {
  const elements: string[] = []
  const first = Math.max(0, text.length - MAX_LENGTH)
  let end = text.length
  let isQuoted = false
  for (let at = text.length - 1; at >= first && elements.length < MAX_HOPS; at--) {
    const char = text[at]
    if (char === '"' && text[at - 1] !== '\\') isQuoted = !isQuoted
    else if (char === separator && !isQuoted) {
      elements.push(text.slice(at + 1, end))
      end = at
    }
  }
  // What the limit cut in two is no element.
  if (elements.length < MAX_HOPS && first === 0) elements.push(text.slice(0, end))
  return elements
}
