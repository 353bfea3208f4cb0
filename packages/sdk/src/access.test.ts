/** What the access line and the span say of the caller, through real sockets. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type RecordedTelemetry, recordTelemetry } from '@triscope/testing/telemetry'
import { afterEach, describe, expect, it } from 'vitest'
import type { ServerRequest, TriscopeOptions } from './index.ts'

type Handler = (req: IncomingMessage, res: ServerResponse, request: ServerRequest) => void

const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function serve(
  handler: Handler,
  options: TriscopeOptions = {},
): Promise<{ url: string; port: number; recorded: RecordedTelemetry }> {
  const recorded = recordTelemetry(options)
  const server = createServer((req, res) => {
    const request = recorded.telemetry.beginRequest(req, res)
    if (request !== undefined) request.run(() => handler(req, res, request))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  closers.push(
    () => recorded.close(),
    () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  )
  return { url: `http://127.0.0.1:${port}`, port, recorded }
}

/** The last access line, once there are so many. */
async function accessLine({ lines }: RecordedTelemetry, count = 1): Promise<Record<string, unknown>> {
  const found = () => lines.filter((line) => line['msg'] === 'request')[count - 1]
  for (let turn = 0; turn < 2_000 && found() === undefined; turn++)
    await new Promise((resolve) => setImmediate(resolve))
  return found() ?? {}
}

const answer: Handler = (_, res) => res.end('ok')
const forged = { 'x-forwarded-for': '6.6.6.6, 198.51.100.1' }

describe('what a line says of its caller', () => {
  it('is the client that a trusted proxy names, on the span too', async () => {
    const { url, recorded } = await serve(answer, { trustProxy: ['loopback'] })
    await fetch(url, { headers: forged })
    expect(await accessLine(recorded)).toMatchObject({ client_address: '198.51.100.1' })
    expect(recorded.spans.find((span) => span.kind === 1)?.attributes['client.address']).toBe('198.51.100.1')
  })

  it('is the address of the connection unless proxies are trusted', async () => {
    const { url, recorded } = await serve(answer)
    await fetch(url, { headers: forged })
    expect(await accessLine(recorded)).toMatchObject({ client_address: '127.0.0.1' })
  })

  it('is known also of the first request of a client that went away', async () => {
    const { port, recorded } = await serve((req) => req.socket.destroy())
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))
    socket.on('error', () => {})
    expect(await accessLine(recorded)).toMatchObject({ level: 40, client_address: '127.0.0.1' })
  })

  it('has the size of the body that was said, and none where none was', async () => {
    const { url, recorded } = await serve(answer)
    await fetch(url, { method: 'POST', body: '12345' })
    expect(await accessLine(recorded)).toMatchObject({ request_bytes: 5, bytes: 2 })
    await fetch(url)
    expect(await accessLine(recorded, 2)).not.toHaveProperty('request_bytes')
  })
})

describe('the id of a request', () => {
  it('is the one the caller sent, on the line and for the app, and is not answered', async () => {
    let seen = ''
    const { url, recorded } = await serve((_, res, request) => {
      seen = request.requestId
      res.end()
    })
    const { headers } = await fetch(url, { headers: { 'x-request-id': 'abc-1' } })
    expect(await accessLine(recorded)).toMatchObject({ request_id: 'abc-1' })
    expect(seen).toBe('abc-1')
    expect(headers.has('x-request-id')).toBe(false)
  })

  it('is made where it is asked for, once, and then stands on the line', async () => {
    const seen: string[] = []
    const { url, recorded } = await serve((_, res, request) => {
      seen.push(request.requestId, request.requestId)
      res.end()
    })
    await fetch(url, { headers: { 'x-request-id': '<script>' } })
    const line = await accessLine(recorded)
    expect(seen[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(seen[1]).toBe(seen[0])
    expect(line['request_id']).toBe(seen[0])
  })

  it('is not made where nobody asks', async () => {
    const { url, recorded } = await serve(answer)
    await fetch(url)
    expect(await accessLine(recorded)).not.toHaveProperty('request_id')
  })

  it('is answered in the header it is read from, where that is wanted', async () => {
    const { url, recorded } = await serve(answer, {
      requestId: { header: 'X-Correlation-Id', response: true },
    })
    const given = await fetch(url, { headers: { 'x-correlation-id': 'c-7', 'x-request-id': 'no' } })
    expect(given.headers.get('x-correlation-id')).toBe('c-7')
    expect(await accessLine(recorded)).toMatchObject({ request_id: 'c-7' })
    const made = (await fetch(url)).headers.get('x-correlation-id')
    expect(await accessLine(recorded, 2)).toMatchObject({ request_id: made })
  })

  it('is the one that the app adds where callers are not asked', async () => {
    const { url, recorded } = await serve(
      (_, res, request) => {
        request.addFields({ request_id: 'mine' })
        res.end()
      },
      { requestId: false },
    )
    await fetch(url, { headers: { 'x-request-id': 'theirs' } })
    expect(await accessLine(recorded)).toMatchObject({ request_id: 'mine' })
  })
})
