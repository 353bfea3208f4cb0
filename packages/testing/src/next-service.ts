/** The service that an app under test calls: it remembers the headers that it was called with. */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface NextService {
  /** `host:port`. */
  readonly host: string
  /** Headers of the call that came in last. */
  readonly headers: IncomingHttpHeaders | undefined
  close(): Promise<void>
}

/** Starts it on a free port of 127.0.0.1; it answers `{}`. */
export async function startNextService(): Promise<NextService> {
  let headers: IncomingHttpHeaders | undefined
  const server = createServer((req, res) => {
    headers = req.headers
    res.setHeader('content-type', 'application/json')
    res.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get headers() {
      return headers
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
