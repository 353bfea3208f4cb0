/**
 * Sees the end of a request whose connection is handed over: an upgrade or a tunnel, RFC 9110 §7.8 and §9.3.6. It is a
 * request until it is answered. What follows on the connection, for hours perhaps, is no HTTP, and no request in flight.
 *
 * Invariant: every byte goes through as it would have; after the first, nothing of this is left on the socket.
 */
import type { Duplex } from 'node:stream'

type Write = Duplex['write']
type End = Duplex['end']

/** Calls `answered` with the status of the first answer that is written to `socket`; there is no response to ask. */
export function watchHandshake(socket: Duplex, answered: (status: number | undefined) => void): void {
  const own = { write: Object.hasOwn(socket, 'write'), end: Object.hasOwn(socket, 'end') }
  const { write, end } = socket
  const seen = (chunk: unknown): void => {
    for (const [name, before, now] of [
      ['write', write, onWrite],
      ['end', end, onEnd],
    ] as const) {
      // Whoever has wrapped it since calls ours; then it stays, and does nothing.
      if (socket[name] !== now) continue
      if (own[name]) Object.assign(socket, { [name]: before })
      else Reflect.deleteProperty(socket, name)
    }
    if (done) return
    done = true
    answered(statusOf(chunk))
  }
  let done = false
  function onWrite(this: Duplex, ...args: Parameters<Write>): boolean {
    seen(args[0])
    return write.apply(this, args)
  }
  function onEnd(this: Duplex, ...args: Parameters<End>): Duplex {
    if (args.length > 0 && typeof args[0] !== 'function') seen(args[0])
    return end.apply(this, args)
  }
  Object.assign(socket, { write: onWrite, end: onEnd })
}

/** RFC 9112 §4. */
function statusOf(chunk: unknown): number | undefined {
  const text =
    typeof chunk === 'string'
      ? chunk
      : chunk instanceof Uint8Array
        ? Buffer.from(chunk.buffer, chunk.byteOffset, Math.min(chunk.length, 16)).toString('latin1')
        : ''
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]
  return status === undefined ? undefined : Number(status)
}
