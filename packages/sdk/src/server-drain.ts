/**
 * The end of serving: the servers that brought requests stop accepting, and what is in flight gets time to finish.
 *
 * Invariant: it is over by its deadline, whatever clients do, and no server is kept alive by being known here.
 */
import type { Clock } from '@triscope/core'
import type { Req } from './request-end.ts'

export interface ServerDrain {
  /** Remembers the server of a request. For every request, so it costs one comparison where nothing is new. */
  saw(req: Req): void
  /** Resolves when all requests have finished, or after `delayMs + requestsMs`. */
  drain(delayMs: number, requestsMs: number): Promise<void>
}

/** Of node's servers, what is used here; those of HTTP/2 have no idle connections to close. */
interface ClosableServer {
  close(done: () => void): unknown
  closeIdleConnections?(): void
}

/** An app has one server or two. Whoever makes them without end has others to drain. */
const MAX_SERVERS = 64
/** A connection whose last request has ended is closed this soon. */
const SWEEP_MS = 50

export function createServerDrain(clock: Clock): ServerDrain {
  let last: object | undefined
  let servers: WeakRef<ClosableServer>[] = []

  function remember(server: object): void {
    last = server
    servers = servers.filter((known) => known.deref() !== undefined)
    const isKnown = servers.some((known) => known.deref() === server)
    if (!isKnown && servers.length < MAX_SERVERS && isClosable(server)) servers.push(new WeakRef(server))
  }

  return {
    saw(req) {
      // Set by `node:net` on every connection that a server accepted.
      const server = (req.socket as { server?: object } | undefined)?.server
      if (server !== undefined && server !== last) remember(server)
    },
    async drain(delayMs, requestsMs) {
      const open = servers.map((known) => known.deref()).filter((server) => server !== undefined)
      if (open.length === 0) return
      if (delayMs > 0) await new Promise<void>((resolve) => void clock.timer(delayMs, resolve))
      await Promise.all(open.map((server) => closed(server, requestsMs, clock)))
    },
  }
}

function closed(server: ClosableServer, deadlineMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const startMs = clock.monotonicMs()
    let isOver = false
    const over = (): void => {
      isOver = true
      resolve()
    }
    // A server that is closed already answers with an error, which is the same to us.
    server.close(over)
    const sweep = (): void => {
      if (isOver) return
      server.closeIdleConnections?.()
      if (clock.monotonicMs() - startMs >= deadlineMs) over()
      else clock.timer(SWEEP_MS, sweep)
    }
    sweep()
  })
}

function isClosable(server: object): server is ClosableServer {
  return typeof (server as Partial<ClosableServer>).close === 'function'
}
