/**
 * Requests that Fastify answers by itself, before any hook: a path whose escapes are broken, a constraint that fails, the
 * 503 of an app that closes.
 *
 * Invariant: what a hook has begun is left alone, so nothing is counted twice.
 */
import type { BeginOptions, Req, Res, Telemetry } from '@triscope/sdk'
import type { FastifyInstance } from 'fastify'

/**
 * Tells them too, on the server of `app` and on those that it opens beside where a name has two addresses.
 * @param how of requests that Fastify is still busy with, by `frameworkErrors` for instance
 */
export function tellRefused(app: FastifyInstance, telemetry: Telemetry, how: BeginOptions | undefined): void {
  // Fastify writes no line of what it has refused by itself.
  const howRefused = how === undefined ? undefined : { ...how, access: true }
  const afterFastify = (req: Req, res: Res): void => {
    if (telemetry.requestOf(req) !== undefined) return
    telemetry.beginRequest(req, res, res.writableEnded ? howRefused : how)
  }
  app.server.on('request', afterFastify)
  try {
    app.addHook('onListen', (done) => {
      for (const server of secondServers(app)) server.on('request', afterFastify)
      done()
    })
  } catch (error) {
    // The hook came with Fastify 4.23; before it, a second server's refusals are not told.
    if ((error as { code?: unknown }).code !== 'FST_ERR_HOOK_NOT_SUPPORTED') throw error
  }
}

function secondServers(app: FastifyInstance): readonly FastifyInstance['server'][] {
  const found = new Set<FastifyInstance['server']>()
  // `onListen` may be called on a child, which inherits the field.
  for (
    let holder: object | null = app;
    holder !== null;
    holder = Object.getPrototypeOf(holder) as object | null
  ) {
    for (const symbol of Object.getOwnPropertySymbols(holder)) {
      if (symbol.description !== 'fastify.serverBindings') continue
      const servers = (holder as Record<symbol, unknown>)[symbol]
      if (Array.isArray(servers)) for (const server of servers) found.add(server as FastifyInstance['server'])
    }
  }
  return [...found]
}
