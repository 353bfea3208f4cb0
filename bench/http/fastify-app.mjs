/** The Fastify app of one row. */
import { createRequire } from 'node:module'
import { stdout } from './stdout.mjs'

const load = createRequire(import.meta.url)

/**
 * @param parts of the row, see `rows.mjs`
 * @param triscopeOptions for the rows that have it
 * @returns `{ server, flush }`: a server that listens, and what sends all that is queued
 */
export async function startFastify(parts, triscopeOptions, upstreamUrl) {
  const { fastify } = load('fastify')
  const app = fastify({ logger: parts.log === true ? { stream: stdout() } : false })
  let flush
  if (parts.triscope !== undefined) {
    const { triscope } = await import('@triscope/fastify')
    await app.register(triscope, triscopeOptions)
    flush = () => triscope.of(app).flush()
  }
  if (parts.metrics === true) {
    // Named, because it would silently take a faster fork that happens to be installed.
    await app.register(load('fastify-metrics'), { promClient: load('prom-client') })
  }
  app.get('/hello/:name', (request, reply) => {
    reply.send({ hello: request.params.name })
  })
  app.get('/work/:id', async (request) => {
    request.log.info({ id: request.params.id }, 'working')
    const answer = await fetch(upstreamUrl)
    return answer.json()
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { server: app.server, flush }
}
