/** Beside an agent that wraps the same frameworks: dd-trace, loaded before them and after them. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { EmptyApp } from './empty-app.ts'

const program = `
const [framework, order] = process.argv.slice(2)
// To a port where nobody listens; what it cannot send it drops.
const agent = () => require('dd-trace').init({ url: 'http://127.0.0.1:1', startupLogs: false, telemetry: { enabled: false } })
const options = { logging: false, banner: false }

async function started() {
  const make = require(framework)
  if (order === 'after') agent()
  const { triscope } = require('@triscope/' + framework)
  const app = make()
  triscope(app, options)
  app.get('/users/:id', (req, res) => void res.send(req.params.id))
  app.get('/fails', () => {
    throw new RangeError('meant')
  })
  if (framework === 'express') {
    app.use((error, req, res, next) => void res.status(500).end())
    return new Promise((resolve) => {
      const server = app.listen(0, '127.0.0.1', () => resolve(server.address().port))
    })
  }
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server.address().port
}

async function main() {
  if (order === 'before') agent()
  const url = 'http://127.0.0.1:' + (await started())
  for (const path of ['/users/1', '/users/2', '/fails', '/nowhere']) await (await fetch(url + path)).text()
  console.log(await (await fetch(url + '/metrics')).text())
  process.exit()
}
void main()
`

describe('an app with dd-trace and the packed packages', () => {
  const app = new EmptyApp(inject('packed'))
  let file = ''

  beforeAll(async () => {
    await app.install('express', 'fastify', 'dd-trace@5.132.0')
    await app.installPacked('express')
    await app.installPacked('fastify')
    file = app.write('beside.cjs', program)
  })

  afterAll(() => app.remove())

  it.each([
    ['express', 'before'],
    ['express', 'after'],
    ['fastify', 'before'],
    ['fastify', 'after'],
  ])(
    'counts each request of %s once, by its route, where the agent is loaded %s it',
    async (framework, order) => {
      const { status, text } = await app.run(process.execPath, [file, framework, order])
      const counted = [...text.matchAll(/^http_server_request_duration_seconds_count\{(.*)\} (\d+)$/gm)].map(
        ([, labels = '', count]) => [
          ...['http_route', 'http_response_status_code', 'error_type'].map(
            (name) => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1],
          ),
          count,
        ],
      )
      expect([status, counted.sort()]).toEqual([
        0,
        [
          ['(unmatched)', '404', undefined, '1'],
          ['/fails', '500', 'RangeError', '1'],
          ['/users/:id', '200', undefined, '2'],
        ],
      ])
      expect(text).toContain('http_server_active_requests{http_request_method="GET",url_scheme="http"} 0')
    },
  )
})
