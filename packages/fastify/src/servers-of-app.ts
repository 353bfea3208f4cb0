/** The servers that a Fastify app listens with: its own, and those that it opens beside where a name has two addresses. */
import type { FastifyInstance } from 'fastify'

type Server = FastifyInstance['server']

/** Calls `equip` with the server of `app` now, and with each further one when it listens. */
export function equipServers(app: FastifyInstance, equip: (server: Server) => void): void {
  equip(app.server)
  try {
    app.addHook('onListen', (done) => {
      for (const server of secondServers(app)) equip(server)
      done()
    })
  } catch (error) {
    // The hook came with Fastify 4.23; before it, a second server is left as it is.
    if ((error as { code?: unknown }).code !== 'FST_ERR_HOOK_NOT_SUPPORTED') throw error
  }
}

function secondServers(app: FastifyInstance): readonly Server[] {
  const found = new Set<Server>()
  // `onListen` may be called on a child, which inherits the field.
  for (
    let holder: object | null = app;
    holder !== null;
    holder = Object.getPrototypeOf(holder) as object | null
  ) {
    for (const symbol of Object.getOwnPropertySymbols(holder)) {
      if (symbol.description !== 'fastify.serverBindings') continue
      const servers = (holder as Record<symbol, unknown>)[symbol]
      if (Array.isArray(servers)) for (const server of servers) found.add(server as Server)
    }
  }
  return [...found]
}
