/** What an app does on node's own server: a table of routes, its body read, its errors caught, reported and answered. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { triscope } from './index.ts'

export interface Call {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly params: Readonly<Record<string, string>>
}

export type Routes = Readonly<Record<string, (call: Call) => unknown>>

/** A listener of `request`. Keys of `routes` are `METHOD /template/:param`; what one returns is sent as JSON. */
export function routed(routes: Routes): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const table = Object.entries(routes).map(([key, handler]) => {
    const [method = '', template = ''] = key.split(' ')
    const pattern = new RegExp(`^${template.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`)
    return { method, template, pattern, handler }
  })
  return async (req, res) => {
    const path = (req.url ?? '').split('?', 1)[0] ?? ''
    const method = req.method === 'HEAD' ? 'GET' : req.method
    const found = table.find((route) => route.method === method && route.pattern.test(path))
    if (found === undefined) {
      res.writeHead(404).end()
      return
    }
    const request = triscope.requestOf(req)
    request.route(found.template)
    try {
      const params = { ...found.pattern.exec(path)?.groups }
      const answer = await found.handler({ req, res, params })
      if (answer !== undefined) json(res, 200, answer)
    } catch (error) {
      request.error(error)
      if (res.headersSent) res.destroy()
      else if (error instanceof SyntaxError) json(res, 503, { handled: true })
      else if (error instanceof TypeError) json(res, 422, {})
      else json(res, 500, { failed: true })
    }
  }
}

function json(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** The whole body, heard by events: they come in the context of the connection. */
export function bodyOf(req: IncomingMessage, heard: (text: string) => void): void {
  let text = ''
  req.setEncoding('utf8')
  req.on('data', (chunk: string) => {
    text += chunk
  })
  req.on('end', () => heard(text))
}
