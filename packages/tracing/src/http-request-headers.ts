/**
 * Reads and adds headers of an outgoing request of `node:http` before its first byte is written.
 *
 * Headers are rendered late as a rule, and then `setHeader` does it. Given as an array or with `Expect`, they are text
 * already when we hear of the request: then the lines are put before the empty one that ends them, RFC 9112 §2.1.
 */
import type { ClientRequest } from 'node:http'

/** What `node:http` keeps on a message, in every version from 20 to 26. */
interface Rendered {
  /** Status or request line, headers and the empty line; `null` until they are rendered. */
  _header: string | null
  /** Whether the text has left for `outputData`, or for the socket. */
  _headerSent: boolean
  /** What waits for a socket. */
  readonly outputData: { data: unknown }[]
}

/** The value of a header, in the form in which node writes it. `undefined` where there is none. */
export function headerOf(request: ClientRequest, name: string): string | undefined {
  const value = request.getHeader(name)
  if (value !== undefined) return String(value)
  const { _header: rendered } = request as unknown as Rendered
  if (rendered === null) return undefined
  const start = rendered.toLowerCase().indexOf(`\r\n${name.toLowerCase()}:`)
  if (start < 0) return undefined
  const from = start + name.length + 3
  return rendered.slice(from, rendered.indexOf('\r\n', from)).trim()
}

/** Adds it, unless the header has gone. */
export function addHeader(request: ClientRequest, name: string, value: string): void {
  const message = request as unknown as Rendered
  const rendered = message._header
  if (rendered === null) {
    request.setHeader(name, value)
    return
  }
  const longer = `${rendered.slice(0, -2)}${name}: ${value}\r\n\r\n`
  if (message._headerSent) {
    const [first] = message.outputData
    if (typeof first?.data !== 'string' || !first.data.startsWith(rendered)) return
    first.data = longer + first.data.slice(rendered.length)
  }
  message._header = longer
}
