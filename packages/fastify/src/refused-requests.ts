/**
 * Requests that Fastify answers by itself, before any hook: a path whose escapes are broken, a constraint that fails, the
 * 503 of an app that closes.
 *
 * Invariant: what a hook has begun is left alone, so nothing is counted twice.
 */
import type { BeginOptions, Req, Res, Telemetry } from '@triscope/sdk'
import type { FastifyInstance } from 'fastify'

/**
 * Tells them too, on one server of an app.
 * @param how of requests that Fastify is still busy with, by `frameworkErrors` for instance
 * @param howRefused of those that it has answered: it writes no line of them
 */
export function tellRefused(
  server: FastifyInstance['server'],
  telemetry: Telemetry,
  how: BeginOptions | undefined,
  howRefused: BeginOptions | undefined,
): void {
  server.on('request', (req: Req, res: Res): void => {
    if (telemetry.requestOf(req) !== undefined) return
    telemetry.beginRequest(req, res, res.writableEnded ? howRefused : how)
  })
}
