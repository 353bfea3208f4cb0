/** What a Fastify instance logs by itself: whether it has a logger, and whether it writes lines about requests. */
import type { FastifyInstance } from 'fastify'

/** `false` where Fastify was made without a logger, or with `logger: false`. */
export function hasLogger({ log }: FastifyInstance): boolean {
  // Fastify puts one and the same empty function in all places then. So does pino at level `silent`, with a level.
  return log.info !== log.error || (log as { level?: unknown }).level !== undefined
}

/** Whether Fastify writes "incoming request" and "request completed" for each request. */
export function writesRequestLines(app: FastifyInstance): boolean {
  if (!hasLogger(app)) return false
  // Fastify 5.12 keeps the option in an object of the app's, which no other name leads to.
  const symbol = Object.getOwnPropertySymbols(app).find(
    ({ description }) => description === 'fastify.logController',
  )
  const controller =
    symbol === undefined
      ? undefined
      : (app as unknown as Record<symbol, { disableRequestLogging?: unknown } | undefined>)[symbol]
  // A function decides for each request by itself; then there are lines that only Fastify knows of.
  return (controller?.disableRequestLogging ?? app.initialConfig.disableRequestLogging) !== true
}
